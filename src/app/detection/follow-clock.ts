import type {BootClock} from '../../sensor/decoder.ts'

/** A wall clock that moved by more than this was set, or has drifted enough to be followed. */
const CLOCK_STEP_NS = 1_000_000n

/**
 * Takes over where the wall clock puts the moment of boot now. Differences of up to 1 ms, which reading two clocks one after the
 * other makes as well, change nothing: times of neighbouring events stay in order.
 */
export function followClock(clock: {bootNs: bigint}, now: BootClock): void {
  const moved = now.bootNs - clock.bootNs
  if (moved > CLOCK_STEP_NS || moved < -CLOCK_STEP_NS) clock.bootNs = now.bootNs
}
