import {join} from 'node:path'
import {packageRoot} from '../src/paths.ts'
import {compileBurst, runBurst} from './burst-program.ts'
import {startDetector} from './detector-run.ts'
import {machine, median} from './harness.ts'
import {publicRuleArgs} from './rule-sets.ts'

/** What {@link run} yields: what a running detector adds to a call, beside the same call without it. Needs root. */
export interface OverheadResult {
  readonly name: 'overhead'
  readonly machine: ReturnType<typeof machine>
  readonly rounds: number
  readonly cases: readonly OverheadCase[]
}

/** One call under one rule set. */
export interface OverheadCase {
  /** `public`: all rules of the public files; `shipped`: those of the package. */
  readonly rules: 'public' | 'shipped'
  readonly call: string
  /** Medians over the rounds, nanoseconds a call. */
  readonly withoutNs: number
  readonly withNs: number
  readonly addedNs: number
  /** Lowest and highest difference of one round. */
  readonly addedRangeNs: readonly [number, number]
  /** Processor time of the detector for a million calls, milliseconds; and what it held in memory at the end, MiB. */
  readonly detectorCpuMsPerMillion: number
  readonly detectorMib: number
}

const ROUNDS = 5
const CASES = [
  {call: 'getppid', action: 'getppid', count: 1_000_000, argument: '-'},
  {call: 'openat + close', action: 'openclose', count: 200_000, argument: undefined},
  {call: 'write to /dev/null', action: 'write', count: 500_000, argument: '/dev/null'},
  {call: 'fork + exec + exit', action: 'exec', count: 500, argument: '/bin/true'},
] as const

interface Times {
  readonly without: number[]
  readonly with: number[]
  cpuMs: number
  mib: number
}

/** Alternates between no detector and a running one, so that both see the same machine. */
export async function run(): Promise<OverheadResult> {
  const program = compileBurst()
  const publicRules = publicRuleArgs()
  const cases: OverheadCase[] = []
  if (publicRules.length > 0) cases.push(...(await compare(program, 'public', publicRules)))
  cases.push(...(await compare(program, 'shipped', ['-r', join(packageRoot, 'rules')])))
  return {name: 'overhead', machine: machine(), rounds: ROUNDS, cases}
}

async function compare(
  program: string,
  rules: OverheadCase['rules'],
  args: readonly string[],
): Promise<OverheadCase[]> {
  const all: Times[] = CASES.map(() => ({without: [], with: [], cpuMs: 0, mib: 0}))
  const once = (index: number): number => {
    const {action, count, argument = program} = CASES[index]!
    return runBurst(program, action, count, argument).eachNs
  }
  for (const index of CASES.keys()) once(index)
  for (let round = 0; round < ROUNDS; round++) {
    for (const index of CASES.keys()) all[index]!.without.push(once(index))
    const detector = await startDetector(args)
    await detector.idle()
    for (const index of CASES.keys()) {
      const before = detector.cpuMs()
      all[index]!.with.push(once(index))
      all[index]!.cpuMs += detector.cpuMs() - before
      all[index]!.mib = detector.residentMib()
    }
    await detector.stop()
  }
  return CASES.map(({call, count}, index) => {
    const {without, with: withIt, cpuMs, mib} = all[index]!
    const added = withIt.map((time, round) => time - without[round]!)
    return {
      rules,
      call,
      withoutNs: Math.round(median(without)),
      withNs: Math.round(median(withIt)),
      addedNs: Math.round(median(added)),
      addedRangeNs: [Math.round(Math.min(...added)), Math.round(Math.max(...added))],
      detectorCpuMsPerMillion: Math.round((cpuMs / (ROUNDS * count)) * 1e6),
      detectorMib: mib,
    }
  })
}
