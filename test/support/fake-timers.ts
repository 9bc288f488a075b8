import type {Timers} from '../../src/outputs/timers.ts'

/** A clock that stands still until it is turned. */
export interface FakeTimers extends Timers {
  /** Turns the clock and runs what falls due, in order of time. */
  advance(ms: number): void
  /** Delays of the timers that are set, soonest first. */
  waiting(): number[]
}

/** A clock at 1,000,000 ms. */
export function fakeTimers(): FakeTimers {
  let now = 1_000_000
  const set = new Set<{readonly at: number; readonly run: () => void}>()
  const soonest = () => [...set].sort((a, b) => a.at - b.at)
  return {
    now: () => now,
    after(ms, run) {
      const timer = {at: now + ms, run}
      set.add(timer)
      return () => set.delete(timer)
    },
    advance(ms) {
      const end = now + ms
      for (let next = soonest()[0]; next !== undefined && next.at <= end; next = soonest()[0]) {
        set.delete(next)
        now = next.at
        next.run()
      }
      now = end
    },
    waiting: () => soonest().map(timer => timer.at - now),
  }
}
