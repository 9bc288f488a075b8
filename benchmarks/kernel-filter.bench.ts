import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {compileBurst, runBurst, spawnPaced} from './burst-program.ts'
import {startDetector} from './detector-run.ts'
import {attachEmpty} from './empty-program.ts'
import {machine, median} from './harness.ts'
import {generatedFile, publicRuleArgs} from './rule-sets.ts'

/** What {@link run} yields: what filters in the kernel save, with the public rules. Needs root. */
export interface KernelFilterResult {
  readonly name: 'kernel-filter'
  readonly machine: ReturnType<typeof machine>
  readonly cases: readonly (OverheadCase | LoadCase | RulesCase)[]
}

/** What an openat and close that match no rule cost: medians of alternated rounds. */
export interface OverheadCase {
  readonly case: 'openat + close'
  /** Programs that do nothing where the detector's are; the detector without and with filters. */
  readonly beside: 'nothing' | 'empty programs' | 'unfiltered' | 'filtered'
  /** Nanoseconds of one openat and close, and how many of them were added to those beside nothing. */
  readonly ns: number
  readonly addedNs: number
  /** Processor time of the detector for a million of them, milliseconds. */
  readonly detectorCpuMsPerMillion: number | undefined
}

/** What many rules cost an openat and close that matches none of them, beside the same pair under nothing. */
export interface RulesCase {
  readonly case: 'rules'
  readonly rules: number
  readonly ns: number
  readonly addedNs: number
  /** Most rounds an openat left the kernel: programs that just began are not known yet. */
  readonly left: number
}

/** Whether the filtered detector keeps up with a load. */
export interface LoadCase {
  readonly case: 'rate' | 'burst'
  readonly wantedPerSecond: number | undefined
  readonly calls: number
  readonly seconds: number
  readonly left: number
  readonly lost: number
}

const ROUNDS = 3
const PAIRS = {
  nothing: 1_000_000,
  'empty programs': 1_000_000,
  unfiltered: 200_000,
  filtered: 1_000_000,
}
type Beside = keyof typeof PAIRS
const RULES = [100, 1_000, 10_000]
const RATE = 300_000
const RATE_SECONDS = Number(process.env['RATE_SECONDS'] ?? 30)
const BURST = 2_000_000

/** Alternates between nothing, empty programs and detectors, so that all see the same machine; then loads the filtered one. */
export async function run(): Promise<KernelFilterResult> {
  const program = compileBurst()
  const folder = mkdtempSync(join(tmpdir(), 'detector-filter-'))
  const args = (filter: boolean): string[] => {
    const config = join(folder, `${filter}.yaml`)
    writeFileSync(config, `kernel_filter: ${filter}\n`)
    return ['-c', config, '--summary', join(folder, 'summary.json'), ...publicRuleArgs()]
  }
  try {
    const cases = [...(await overhead(program, args))]
    const paced = () => spawnPaced(program, RATE, RATE_SECONDS)
    const loads = [
      await load('rate', RATE * RATE_SECONDS, args(true), folder, paced),
      await load('burst', BURST, args(true), folder, async () => {
        runBurst(program, 'openclose', BURST, program)
      }),
    ]
    const many = await manyRules(program, folder)
    return {name: 'kernel-filter', machine: machine(), cases: [...cases, ...loads, ...many]}
  } finally {
    rmSync(folder, {recursive: true})
  }
}

async function overhead(
  program: string,
  args: (filter: boolean) => string[],
): Promise<OverheadCase[]> {
  const times: Record<Beside, number[]> = {
    nothing: [],
    'empty programs': [],
    unfiltered: [],
    filtered: [],
  }
  const cpuMs: Record<Beside, number> = {
    nothing: 0,
    'empty programs': 0,
    unfiltered: 0,
    filtered: 0,
  }
  const measure = (beside: Beside): void => {
    times[beside].push(runBurst(program, 'openclose', PAIRS[beside], program).eachNs)
  }
  runBurst(program, 'openclose', PAIRS.nothing, program)
  for (let round = 0; round < ROUNDS; round++) {
    measure('nothing')
    const detach = attachEmpty()
    measure('empty programs')
    detach()
    for (const beside of ['unfiltered', 'filtered'] as const) {
      const detector = await startDetector(args(beside === 'filtered'))
      await detector.idle()
      const before = detector.cpuMs()
      measure(beside)
      await new Promise(resolve => setTimeout(resolve, 100))
      cpuMs[beside] += detector.cpuMs() - before
      await detector.stop()
    }
  }
  const base = median(times.nothing)
  return (Object.keys(PAIRS) as Beside[]).map(beside => {
    const ns = median(times[beside])
    const hasDetector = beside === 'unfiltered' || beside === 'filtered'
    return {
      case: 'openat + close',
      beside,
      ns: Math.round(ns),
      addedNs: Math.round(ns - base),
      detectorCpuMsPerMillion: hasDetector
        ? Math.round((cpuMs[beside] / (ROUNDS * PAIRS[beside])) * 1e6)
        : undefined,
    }
  })
}

/** Rules with distinct paths, names and ports, of the forms that people write. */
async function manyRules(program: string, folder: string): Promise<RulesCase[]> {
  const cases: RulesCase[] = []
  for (const rules of RULES) {
    const file = join(folder, `rules-${rules}.yaml`)
    writeFileSync(file, generatedFile(rules))
    const summary = join(folder, 'summary.json')
    const [base, times]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      base.push(runBurst(program, 'openclose', PAIRS.filtered, program).eachNs)
      const detector = await startDetector(['-r', file, '--summary', summary])
      await detector.idle()
      times.push(runBurst(program, 'openclose', PAIRS.filtered, program).eachNs)
      await detector.stop()
    }
    const {by_kind} = JSON.parse(readFileSync(summary, 'utf8')) as {
      by_kind: Record<string, {passed: number}>
    }
    const [ns, without] = [median(times), median(base)]
    cases.push({
      case: 'rules',
      rules,
      ns: Math.round(ns),
      addedNs: Math.round(ns - without),
      left: by_kind['openat']?.passed ?? 0,
    })
  }
  return cases
}

async function load(
  name: LoadCase['case'],
  calls: number,
  args: readonly string[],
  folder: string,
  work: () => Promise<void>,
): Promise<LoadCase> {
  const detector = await startDetector(args)
  await detector.idle()
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  await detector.stop()
  const {by_kind, drops} = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as {
    by_kind: Record<string, {passed: number}>
    drops: {total: number}
  }
  return {
    case: name,
    wantedPerSecond: name === 'rate' ? RATE : undefined,
    calls,
    seconds: Math.round(seconds * 100) / 100,
    left: by_kind['openat']?.passed ?? 0,
    lost: drops.total,
  }
}
