/** Something that happened at a time. */
interface Timed {
  /** Nanoseconds since boot. */
  readonly bootNs: bigint
}

/** Things that wait for their time, in its order; of the same time, in the order in which they came. */
export class ProbeQueue<T extends Timed> {
  #waiting: T[] = []
  #next = 0

  /** How many wait. */
  get size(): number {
    return this.#waiting.length - this.#next
  }

  add(more: readonly T[]): void {
    if (more.length === 0) return
    // What was taken is gone: something older may still come.
    this.#waiting = [...this.#waiting.slice(this.#next), ...more].sort(byTime)
    this.#next = 0
  }

  /** Hands over what happened up to a time, all by default. */
  take(handler: (one: T) => void, upToNs?: bigint): void {
    while (this.#next < this.#waiting.length) {
      const one = this.#waiting[this.#next]!
      if (upToNs !== undefined && one.bootNs > upToNs) return
      this.#next++
      handler(one)
    }
    this.#waiting = []
    this.#next = 0
  }
}

function byTime(one: Timed, other: Timed): number {
  return one.bootNs < other.bootNs ? -1 : one.bootNs > other.bootNs ? 1 : 0
}
