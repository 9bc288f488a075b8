import {GENERATIONS} from '../../../schema/record-layout.ts'

/** A rule set that was put in force. */
export interface Generation {
  readonly generation: number
}

interface Living<G, M> {
  readonly set: G
  /** End of the records that can be of this generation; undefined while it is in force. */
  end: M | undefined
}

/**
 * The rule sets whose records may still come, oldest first: the one in force, and older ones until their last record was
 * handled. `M` is a mark in the records.
 */
export class Generations<G extends Generation, M> {
  #living: Living<G, M>[]
  #newest: G

  constructor(first: G) {
    this.#newest = first
    this.#living = [{set: first, end: undefined}]
  }

  /** The one in force. */
  get newest(): G {
    return this.#newest
  }

  /** Oldest first. */
  get living(): readonly G[] {
    return this.#living.map(({set}) => set)
  }

  /** Whether records of older ones may come. */
  get hasOld(): boolean {
    return this.#living.length > 1
  }

  /** The set that a record is of, by what its header says. @throws Error when no record of that generation can come any more. */
  of(stamp: number): G {
    const newest = this.#newest
    if (newest.generation % GENERATIONS === stamp) return newest
    for (const {set} of this.#living) if (set.generation % GENERATIONS === stamp) return set
    throw new Error(`a record of generation ${stamp} (modulo ${GENERATIONS}), which is over`)
  }

  /** Puts the next set in force. Records of the one before end at the mark. */
  add(next: G, endOfBefore: M): void {
    this.#living.at(-1)!.end = endOfBefore
    this.#living.push({set: next, end: undefined})
    this.#newest = next
  }

  /** Gives up the old sets all of whose records were handled, and gives them. */
  retire(hasPassed: (end: M) => boolean): G[] {
    const isOver = ({end}: Living<G, M>): boolean => end !== undefined && hasPassed(end)
    const firstLiving = this.#living.findIndex(one => !isOver(one))
    return this.#living.splice(0, firstLiving).map(({set}) => set)
  }
}
