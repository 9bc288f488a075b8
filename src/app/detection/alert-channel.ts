import type {Alert} from '../../schema/alert.ts'
import {priorityRank} from '../../schema/priority.ts'

/** Alerts that may be on their way to the other thread at once. */
export const CREDIT_LIMIT = 8192
/** Alerts that wait here for credit; past it the least severe ones go, and are counted. */
export const BACKLOG_LIMIT = 200_000

/**
 * The worker's end of the way that alerts take to the main thread. Bounded by credit: what the other side has not
 * taken yet is never more than {@link CREDIT_LIMIT}. Sending never waits; when the backlog is full, alerts of the lowest
 * priority give way and are counted.
 */
export class AlertChannel {
  readonly #credit: Int32Array
  readonly #send: (alerts: Alert[]) => void
  readonly #backlogLimit: number
  #backlog: Alert[] = []
  /** Alerts that gave way. */
  refused = 0

  constructor(
    credit: SharedArrayBuffer,
    send: (alerts: Alert[]) => void,
    backlogLimit: number = BACKLOG_LIMIT,
  ) {
    this.#credit = new Int32Array(credit)
    this.#send = send
    this.#backlogLimit = backlogLimit
  }

  get backlog(): number {
    return this.#backlog.length
  }

  push(alert: Alert): void {
    this.#backlog.push(alert)
    if (this.#backlog.length > this.#backlogLimit) this.#giveWay()
  }

  /** Sends as much as there is credit for. */
  flush(): void {
    if (this.#backlog.length === 0) return
    const room = CREDIT_LIMIT - Atomics.load(this.#credit, 0)
    if (room <= 0) return
    const batch = this.#backlog.length <= room ? this.#backlog : this.#backlog.slice(0, room)
    this.#backlog = this.#backlog.length <= room ? [] : this.#backlog.slice(room)
    Atomics.add(this.#credit, 0, batch.length)
    this.#send(batch)
  }

  /** Drops the oldest tenth of the least severe alerts at once, so that the search is rare. */
  #giveWay(): void {
    const lowest = Math.max(...this.#backlog.map(({priority}) => priorityRank(priority)))
    let left = Math.ceil(this.#backlogLimit / 10)
    const kept = this.#backlog.filter(
      ({priority}) => priorityRank(priority) !== lowest || left-- <= 0,
    )
    this.refused += this.#backlog.length - kept.length
    this.#backlog = kept
  }
}

/** The main thread's side: gives credit back for alerts that it took. */
export function returnCredit(credit: SharedArrayBuffer, alerts: number): void {
  Atomics.sub(new Int32Array(credit), 0, alerts)
}
