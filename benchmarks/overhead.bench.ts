import {spawn} from 'node:child_process'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {packageRoot} from '../src/paths.ts'
import {compileBurst, runBurst} from './burst-program.ts'
import {machine} from './harness.ts'

/** What {@link run} yields: what a running detector adds to a call, beside the same call without it. Needs root. */
export interface OverheadResult {
  readonly name: 'overhead'
  readonly machine: ReturnType<typeof machine>
  readonly rules: string
  readonly rounds: number
  readonly cases: readonly {
    readonly call: 'getppid' | 'openat + close'
    /** Medians over the rounds, nanoseconds a call. */
    readonly withoutNs: number
    readonly withNs: number
    readonly addedNs: number
    /** Lowest and highest difference of one round. */
    readonly addedRangeNs: readonly [number, number]
  }[]
}

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const ROUNDS = 7
const CASES = [
  {call: 'getppid', action: 'getppid', count: 1_000_000},
  {call: 'openat + close', action: 'openclose', count: 200_000},
] as const

/** Alternates between no detector and a running one with the shipped rules, so that both see the same machine. */
export async function run(): Promise<OverheadResult> {
  const program = compileBurst()
  const rules = join(packageRoot, 'rules')
  const times = CASES.map(() => ({without: [] as number[], with: [] as number[]}))
  const once = (side: 'without' | 'with'): void => {
    for (const [index, {action, count}] of CASES.entries()) {
      times[index]![side].push(runBurst(program, action, count, program).eachNs)
    }
  }
  for (const {action, count} of CASES) runBurst(program, action, count, program)
  for (let round = 0; round < ROUNDS; round++) {
    once('without')
    const stop = await startDetector(rules)
    once('with')
    await stop()
  }
  return {
    name: 'overhead',
    machine: machine(),
    rules: 'shipped',
    rounds: ROUNDS,
    cases: CASES.map(({call}, index) => {
      const {without, with: withIt} = times[index]!
      const added = withIt.map((time, round) => time - without[round]!)
      return {
        call,
        withoutNs: Math.round(median(without)),
        withNs: Math.round(median(withIt)),
        addedNs: Math.round(median(added)),
        addedRangeNs: [Math.round(Math.min(...added)), Math.round(Math.max(...added))],
      }
    }),
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** Starts a detector in a process of its own and waits until it is armed; gives the way to stop it. */
async function startDetector(rules: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [MAIN, '-r', rules], {stdio: ['ignore', 'ignore', 'pipe']})
  const exited = new Promise<void>(resolve => child.on('close', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('armed:')) resolve()
    })
    child.on('close', () => reject(new Error(`the detector ended: ${said}`)))
  })
  return async () => {
    child.kill('SIGINT')
    await exited
  }
}
