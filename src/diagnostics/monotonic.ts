/** Milliseconds of the clock that never jumps and that all threads and processes of the host share (CLOCK_MONOTONIC). */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
