import {execFileSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {arch, cpus, release, totalmem} from 'node:os'
import {packageRoot} from '../src/paths.ts'

/** Time of one unit of work over several repetitions, nanoseconds. */
export interface Measurement {
  readonly medianNs: number
  readonly minNs: number
  readonly maxNs: number
  /** Half the distance from the first to the third quartile, in percent of the median. */
  readonly spreadPercent: number
  readonly repeats: number
}

/** Settings of {@link measure}. */
export interface MeasureOptions {
  /** Units of work that one call of the function does. Default: 1. */
  readonly units?: number
  /** Timed repetitions; default 9. */
  readonly repeats?: number
  /** Calls within one repetition; default: as many as take about 50 ms. */
  readonly calls?: number
  /** Shortest time to warm up, milliseconds; default 100. */
  readonly warmUpMs?: number
}

/** Warms a function up, then times it repeatedly. It must do the same work at each call. */
export function measure(run: () => void, options: MeasureOptions = {}): Measurement {
  const {units = 1, repeats = 9, warmUpMs = 100} = options
  let warm = 0
  const start = performance.now()
  do {
    run()
    warm++
  } while (performance.now() - start < warmUpMs)
  const eachMs = (performance.now() - start) / warm
  const calls = options.calls ?? Math.max(1, Math.round(50 / eachMs))
  const times = Array.from({length: repeats}, () => {
    const from = performance.now()
    for (let i = 0; i < calls; i++) run()
    return ((performance.now() - from) * 1e6) / (calls * units)
  }).sort((a, b) => a - b)
  const at = (part: number): number => times[Math.round(part * (times.length - 1))]!
  const spread = ((at(0.75) - at(0.25)) / 2 / at(0.5)) * 100
  return {
    medianNs: rounded(at(0.5)),
    minNs: rounded(times[0]!),
    maxNs: rounded(times.at(-1)!),
    spreadPercent: rounded(spread),
    repeats,
  }
}

/** The middle one of some values. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

/** Where a result was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryMb: number
  readonly kernel: string
  readonly arch: string
  readonly node: string
  readonly commit: string
  readonly loadAverage: string
}

/** Describes this machine and the state of the checkout; `unknown` where that cannot be told. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    arch: arch(),
    node: process.version,
    commit: commit(),
    loadAverage: attempt(() => readFileSync('/proc/loadavg', 'utf8').split(' ')[0]!),
  }
}

function commit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  return attempt(
    () =>
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--', '.', ':!benchmarks/results') === '' ? '' : '+changes'),
  )
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    // A benchmark also runs without git or /proc.
    return 'unknown'
  }
}
