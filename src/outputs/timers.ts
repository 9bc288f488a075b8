/** Time as a collaborator, so that tests can turn the clock. */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs once after `ms` milliseconds (0 to 2^31 - 1) unless the returned function is called first. */
  after(ms: number, run: () => void): () => void
}

/** The machine's clock. */
export const systemTimers: Timers = {
  now: Date.now,
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
