/** What one kind of record came to at the end of a detection, as kernel and reader counted it apart. */
export interface BalancedCounts {
  readonly seen: number
  /** Put into a ring buffer by the kernel. */
  readonly passed: number
  /** Taken out of it. */
  readonly read: number
  readonly dropped: number
  readonly filtered: number
}

/** Two counts that should be equal and are not. */
export interface Imbalance {
  /** The kind of record, or the part of the way that alerts take. */
  readonly where: string
  readonly what: string
  readonly expected: number
  readonly found: number
}

/**
 * Holds the counts of each kind against one another once nothing runs any more: every call that was seen has passed, was filtered
 * or was dropped, and everything that passed was read. Empty when all is accounted for.
 */
export function imbalancesOf(byKind: Readonly<Record<string, BalancedCounts>>): Imbalance[] {
  return Object.entries(byKind).flatMap(([where, {seen, passed, read, dropped, filtered}]) => [
    ...unequal(where, 'passed + filtered + dropped, of seen', seen, passed + filtered + dropped),
    ...unequal(where, 'read, of passed', passed, read),
  ])
}

/** The one imbalance, or none. */
export function unequal(where: string, what: string, expected: number, found: number): Imbalance[] {
  return expected === found ? [] : [{where, what, expected, found}]
}

/** For people: `openat: read, of passed: 3 instead of 4`. */
export function imbalanceText({where, what, expected, found}: Imbalance): string {
  return `${where}: ${what}: ${found} instead of ${expected}`
}
