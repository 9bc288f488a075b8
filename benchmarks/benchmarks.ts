import type {Machine} from './harness.ts'

/** What a benchmark yields; each adds cases of its own form. */
export interface BenchmarkResult {
  readonly name: string
  readonly machine: Machine
  readonly cases: readonly object[]
}

/** Loads one benchmark module and yields its `run`. */
export type BenchmarkModule = () => Promise<() => Promise<BenchmarkResult>>

/** Every benchmark by the name it goes by on the command line, in the order in which they run. */
export const BENCHMARKS: ReadonlyMap<string, BenchmarkModule> = new Map<string, BenchmarkModule>([
  ['compile', async () => (await import('./compile.bench.ts')).run],
  ['verifier', async () => (await import('./verifier.bench.ts')).run],
  ['match', async () => (await import('./match.bench.ts')).run],
  ['filter', async () => (await import('./filter.bench.ts')).run],
  ['decode', async () => (await import('./decode.bench.ts')).run],
  ['replay', async () => (await import('./replay.bench.ts')).run],
  ['rate', async () => (await import('./rate.bench.ts')).run],
  ['kernel-filter', async () => (await import('./kernel-filter.bench.ts')).run],
  ['reload', async () => (await import('./reload.bench.ts')).run],
  ['queue', async () => (await import('./queue.bench.ts')).run],
  ['overhead', async () => (await import('./overhead.bench.ts')).run],
])
