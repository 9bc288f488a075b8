/** Shows how far a long piece of work is, in one line that it writes again and again. */
export interface ProgressBar {
  /** @param done - of the total */
  update(done: number): void
  /** Takes the line away: call it ahead of other output and at the end. */
  hide(): void
}

/** What a progress bar needs. */
export interface ProgressBarOptions {
  /** The whole, in any unit. */
  readonly total: number
  /** Writes to the terminal. */
  readonly write: (text: string) => void
  /** Milliseconds by any clock. */
  readonly now: () => number
}

/** Characters of the bar itself. */
const WIDTH = 30
/** Shortest time between two drawings. */
const INTERVAL_MS = 100
/** Goes to the start of the line and erases it. */
const ERASE = '\r\u001b[K'

/** Makes a progress bar. It writes nothing before the first interval is over, so that short work shows none. */
export function createProgressBar({total, write, now}: ProgressBarOptions): ProgressBar {
  let drawnAt = now()
  let isShown = false
  return {
    update(done) {
      const time = now()
      if (time - drawnAt < INTERVAL_MS) return
      drawnAt = time
      isShown = true
      const share = total > 0 ? Math.min(1, done / total) : 1
      const full = Math.floor(share * WIDTH)
      const percent = String(Math.floor(share * 100)).padStart(3)
      write(`${ERASE}[${'#'.repeat(full)}${' '.repeat(WIDTH - full)}] ${percent} %`)
    },
    hide() {
      if (isShown) write(ERASE)
      isShown = false
    },
  }
}
