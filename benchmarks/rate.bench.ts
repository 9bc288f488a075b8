import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {compileBurst, spawnPaced} from './burst-program.ts'
import {startDetector} from './detector-run.ts'
import {machine} from './harness.ts'

/** What {@link run} yields: how many captured events a second a detector takes without losing one. Needs root. */
export interface RateResult {
  readonly name: 'rate'
  readonly machine: ReturnType<typeof machine>
  readonly secondsEach: number
  readonly cases: readonly RateCase[]
}

/** One rate that was tried. */
export interface RateCase {
  /** `captured`: records that rules look at and that match nothing; `matching`: each raises an alert. */
  readonly kind: 'captured' | 'matching'
  readonly wantedPerSecond: number
  /** Records that were read, by the second. */
  readonly reachedPerSecond: number
  readonly lost: number
  readonly alerts: number
  /** Processor time of the detector, of one core, in percent. */
  readonly cpuPercent: number
}

const SECONDS = Number(process.env['RATE_SECONDS'] ?? 30)
const RATES: readonly number[] = [50_000, 100_000, 150_000, 200_000]

/** Raises the rate of opens step by step until events are lost. */
export async function run(): Promise<RateResult> {
  const program = compileBurst()
  const folder = mkdtempSync(join(tmpdir(), 'detector-rate-'))
  try {
    const cases: RateCase[] = []
    for (const kind of ['captured', 'matching'] as const) {
      for (const rate of RATES) {
        const one = await tryRate(kind, rate, program, folder)
        cases.push(one)
        if (one.lost > 0) break
      }
    }
    return {name: 'rate', machine: machine(), secondsEach: SECONDS, cases}
  } finally {
    rmSync(folder, {recursive: true})
  }
}

async function tryRate(
  kind: RateCase['kind'],
  wantedPerSecond: number,
  program: string,
  folder: string,
): Promise<RateCase> {
  const rules = join(folder, 'rules.yaml')
  const summary = join(folder, 'summary.json')
  const path = kind === 'matching' ? program : '/nowhere'
  const condition = `evt.type in (open, openat) and fd.name = ${path}`
  const rule = {rule: 'r', desc: 'd', condition, output: 'x %fd.name', priority: 'NOTICE'}
  writeFileSync(rules, JSON.stringify([rule]))
  const detector = await startDetector(['-r', rules, '--summary', summary])
  const before = detector.cpuMs()
  const started = performance.now()
  await spawnPaced(program, wantedPerSecond, SECONDS)
  const tookMs = performance.now() - started
  const cpuMs = detector.cpuMs() - before
  await detector.stop()
  const {by_kind, drops, alerts} = JSON.parse(readFileSync(summary, 'utf8')) as {
    by_kind: Record<string, {passed: number}>
    drops: {total: number}
    alerts: number
  }
  const passed = Object.values(by_kind).reduce((sum, one) => sum + one.passed, 0)
  return {
    kind,
    wantedPerSecond,
    reachedPerSecond: Math.round(passed / (tookMs / 1000)),
    lost: drops.total,
    alerts,
    cpuPercent: Math.round((cpuMs / tookMs) * 100),
  }
}
