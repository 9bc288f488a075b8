import type {LetterHead} from './keeper.ts'

/** Dead letters that are kept; beyond that the oldest goes. */
const MAX_LETTERS = 10_000

/** The dead letters of a queue, oldest first. */
export interface LetterBox {
  add(head: LetterHead): void
  /** Takes in what an earlier run left. */
  restore(heads: readonly LetterHead[]): void
  remove(number: number): void
  all(): Iterable<LetterHead>
}

/** An empty box. `onDropped`: a letter had to go for another. */
export function createLetterBox(events: {readonly onDropped: (number: number) => void}): LetterBox {
  // In order of insertion.
  let letters = new Map<number, LetterHead>()
  const trim = (): void => {
    for (const number of letters.keys()) {
      if (letters.size <= MAX_LETTERS) return
      letters.delete(number)
      events.onDropped(number)
    }
  }
  return {
    add(head) {
      letters.set(head.number, head)
      trim()
    },
    restore(heads) {
      letters = new Map([...heads.map(head => [head.number, head] as const), ...letters])
      trim()
    },
    remove: number => void letters.delete(number),
    all: () => letters.values(),
  }
}
