import type {Alert} from '../schema/alert.ts'

/**
 * What stands between the engine and the sinks.
 *
 * Contract, for every implementation:
 * - `push` never waits and never throws. False means that at least one sink's lane refused the alert; the refusal is
 *   counted in the statistics of that lane, and the other lanes have the alert all the same.
 * - Each lane hands its alerts to its sink in the order of `push`, one delivery at a time, until the sink has taken
 *   them. A failure that may pass is retried with growing pauses, never sooner than the sink asked for. A permanent
 *   failure moves one alert into the dead letters and the lane goes on.
 * - Lanes do not wait for one another.
 * - For every lane, at any time: accepted = delivered + deadLettered + abandoned + pending.
 * - A sink sees an alert at least once. Repeats keep their id.
 */
export interface AlertQueue {
  /** Takes an alert for every sink; false when a lane refused it (full, or the queue is closed). */
  push(alert: Alert): boolean
  stats(): QueueStats
  /**
   * Waits until no lane holds an alert; alerts pushed meanwhile count. Pauses between retries are cut short once,
   * those the receiver asked for excepted.
   *
   * @param withinMs how long to wait at most, from now
   * @returns false when the time was up first. The queue goes on either way.
   */
  drain(withinMs: number): Promise<boolean>
  /** Asks every sink to open its files again, each between two deliveries. */
  reopen(): Promise<void>
  /** Stops deliveries, counts what is left as abandoned and closes the sinks. Idempotent. */
  close(): Promise<void>
}

/** Counts since the start; sums over all lanes, and each lane. */
export interface QueueStats extends LaneCounts {
  readonly lanes: readonly LaneStats[]
}

/** The fate of alerts. */
export interface LaneCounts {
  readonly accepted: number
  /** Not accepted, because the lane was full or closed. */
  readonly refused: number
  readonly delivered: number
  readonly deadLettered: number
  /** Accepted, but left over when the queue was closed. */
  readonly abandoned: number
  readonly pending: number
}

/** One sink's lane. */
export interface LaneStats extends LaneCounts {
  readonly sink: string
  /** Deliveries that failed, permanently or not. */
  readonly failures: number
  readonly lastError: string | undefined
  /** The newest dead letters, oldest first; `deadLettered` counts those that fell out of the bounded list as well. */
  readonly deadLetters: readonly DeadLetter[]
}

/** An alert that its sink will never take, kept for a person to look at. */
export interface DeadLetter {
  readonly alert: Alert
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly atMs: number
}
