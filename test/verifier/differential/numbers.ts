/** A source of numbers from 0 up to a bound. */
export type Numbers = (below: number) => number

/** The same seed gives the same numbers, on any machine. */
export function numbersFrom(seed: number): Numbers {
  let state = (seed ^ 0x9e37_79b9) >>> 0
  return below => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** One of these. */
export function pick<T>(next: Numbers, choices: readonly T[]): T {
  return choices[next(choices.length)]!
}

/** Whether something with this chance in a hundred happens. */
export function happens(next: Numbers, percent: number): boolean {
  return next(100) < percent
}
