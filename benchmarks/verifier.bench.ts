import {CapturePreparation} from '../src/app/detection/rules/capture-preparation.ts'
import {generatedInput} from '../src/app/program-check/check-program.ts'
import {compileRuleSet, engineRules} from '../src/app/rules/rule-set.ts'
import type {ProgramImage} from '../src/bpf/program-image.ts'
import {captureMaps} from '../src/compiler/bpf/capture-maps.ts'
import {readKernelBtf} from '../src/sensor/kernel-btf.ts'
import {BpfMap} from '../src/sensor/map.ts'
import {BpfProgram} from '../src/sensor/program.ts'
import {verify} from '../src/verifier/verify.ts'
import {type Machine, type Measurement, machine, measure} from './harness.ts'
import {publicRuleFiles} from './rule-sets.ts'

/** What {@link run} yields: verdicts on the programs of the public rules, ours and the kernel's. */
export interface VerifierBenchResult {
  readonly name: 'verifier'
  readonly machine: Machine
  readonly cases: readonly {
    readonly case: string
    readonly programs: number
    /** Instructions of all of them. */
    readonly instructions: number
    /** Instructions walked over all paths; ours only. */
    readonly visits?: number
    readonly time: Measurement
  }[]
}

const RINGS = {stateBytes: 4 << 20, bulkBytes: 16 << 20}
const OPTIONS = {repeats: 5, calls: 1, warmUpMs: 1}

/** Times of the verdicts on all distinct programs that the public rules become, and on the one that takes ours longest. */
export async function run(): Promise<VerifierBenchResult> {
  const files = publicRuleFiles()
  if (files === undefined) return {name: 'verifier', machine: machine(), cases: []}
  const images = imagesOf(files)
  const maps = captureMaps(RINGS)
  const btf = readKernelBtf()
  const judge = (image: ProgramImage) => {
    const result = verify(generatedInput(image, maps, btf))
    if (!result.ok) throw new Error(`${image.name}: ${result.problem?.message}`)
    return result
  }
  const judged = images.map(image => ({image, visits: judge(image).stats.visits}))
  const largest = judged.reduce((most, one) => (one.visits > most.visits ? one : most))
  const visits = judged.reduce((sum, one) => sum + one.visits, 0)
  const instructions = (some: readonly ProgramImage[]): number =>
    some.reduce((sum, {code}) => sum + code.length / 8, 0)
  const kernelMaps = new Map(maps.map(spec => [spec.name, BpfMap.create(spec)]))
  const load = (image: ProgramImage): void => BpfProgram.load(image, kernelMaps, btf).close()
  try {
    const all = {programs: images.length, instructions: instructions(images)}
    const one = {programs: 1, instructions: instructions([largest.image])}
    const name = largest.image.name
    return {
      name: 'verifier',
      machine: machine(),
      cases: [
        {case: 'verify all', ...all, visits, time: measure(() => images.forEach(judge), OPTIONS)},
        {
          case: 'load all into the kernel',
          ...all,
          time: measure(() => images.forEach(load), OPTIONS),
        },
        {
          ...{case: `verify the longest (${name})`, ...one, visits: largest.visits},
          time: measure(() => judge(largest.image), OPTIONS),
        },
        {
          ...{case: `load the longest (${name}) into the kernel`, ...one},
          time: measure(() => load(largest.image), OPTIONS),
        },
      ],
    }
  } finally {
    for (const map of kernelMaps.values()) map.close()
  }
}

/** The programs of all public rules with their filters, each content once. */
function imagesOf(files: NonNullable<ReturnType<typeof publicRuleFiles>>): ProgramImage[] {
  const set = compileRuleSet(files, {
    appendOutput: [],
    selection: [{op: 'enable', match: 'wildcard', pattern: '*'}],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  const preparation = new CapturePreparation({
    hooks: 'auto',
    rings: RINGS,
    entryCopies: false,
    kernelFilter: true,
    recorded: false,
  })
  const {programs} = preparation.prepare(engineRules(set))
  return [...new Map(programs.map(image => [image.hash, image])).values()]
}
