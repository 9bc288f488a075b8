/**
 * Records a second that stay in the kernel, told to the other thread through one 32-bit word: it tells what would come out if
 * filters were missing for a moment.
 */
export class FilterRate {
  readonly #word: Int32Array
  #total = 0
  #lastMs: number | undefined

  constructor(word: SharedArrayBuffer) {
    this.#word = new Int32Array(word)
  }

  /** Takes the records that were filtered since the start. */
  look(total: number, nowMs: number): void {
    const passedMs = nowMs - (this.#lastMs ?? nowMs)
    if (passedMs > 0) {
      const rate = Math.round(((total - this.#total) * 1000) / passedMs)
      Atomics.store(this.#word, 0, Math.min(rate, 0x7fff_ffff))
    }
    this.#lastMs = nowMs
    this.#total = total
  }
}

/** The last rate that was told. */
export function filterRateOf(word: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(word), 0)
}
