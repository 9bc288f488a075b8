/** Lets so many through a second; what was not used can be made up for within one second. */
export interface RateLimit {
  /** How many may pass now, at most `wanted`; they count as passed. */
  take(wanted: number): number
  /** Gives back what was taken and not used. */
  giveBack(count: number): void
  /** Milliseconds until one may pass. */
  waitMs(): number
}

/** A limit by a clock that gives milliseconds; undefined: everything passes. */
export function createRateLimit(perSecond: number | undefined, now: () => number): RateLimit {
  if (perSecond === undefined) return {take: wanted => wanted, giveBack: () => {}, waitMs: () => 0}
  const most = Math.max(1, perSecond)
  let tokens = most
  let atMs = now()
  const fill = (): void => {
    const nowMs = now()
    // A clock that was set back gives nothing.
    tokens = Math.min(most, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1000)
    atMs = nowMs
  }
  return {
    take(wanted) {
      fill()
      const count = Math.min(wanted, Math.floor(tokens))
      tokens -= count
      return count
    },
    giveBack(count) {
      tokens = Math.min(most, tokens + count)
    },
    waitMs() {
      fill()
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1000) / perSecond)
    },
  }
}
