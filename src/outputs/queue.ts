import type {Alert} from '../schema/alert.ts'

/**
 * What stands between the engine and the sinks.
 *
 * Contract, for every implementation:
 * - `push` never waits and never throws. False means that at least one sink's lane refused the alert; the refusal is
 *   counted in the statistics of that lane, and the other lanes have the alert all the same.
 * - Each lane hands its alerts to its sink until the sink has taken them: higher priorities first, within a priority in
 *   the order of `push`. A failure that may pass is retried with growing pauses, never sooner than the sink asked for. A
 *   permanent failure moves one alert into the dead letters and the lane goes on.
 * - Lanes do not wait for one another.
 * - A full queue gives up the oldest alert of the lowest priority that it holds, and counts it as dropped in every lane
 *   that still had to deliver it.
 * - For every lane, at any time: recovered + accepted = delivered + deadLettered + dropped + abandoned + kept + pending.
 * - A sink sees an alert at least once. Repeats keep their id.
 */
export interface AlertQueue extends QueueControl {
  /**
   * Takes an alert; false when a lane refused it (the queue is closed).
   *
   * @param to names of the sinks that it is for. Default: every sink
   */
  push(alert: Alert, to?: readonly string[]): boolean
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
  /**
   * Stops deliveries and closes the sinks. What is left is kept by a queue that is durable and abandoned by one that is
   * not. Idempotent.
   */
  close(): Promise<void>
}

/** What a person can do with the alerts that a queue holds. */
export interface QueueControl {
  /** Counts what waits, and shows the newest dead letters, as far as the selection takes them in. */
  look(selection: QueueSelection): Promise<QueueView>
  /** Puts dead letters back in line, as the newest of their priority, and cuts pauses short. Gives how many. */
  retry(selection: QueueSelection): Promise<number>
  /** Forgets dead letters, and with `dead` false or left out what waits as well. Gives how many of each. */
  purge(selection: QueueSelection): Promise<{readonly waiting: number; readonly dead: number}>
}

/** Some of the alerts of a queue; what is left out takes in everything. */
export interface QueueSelection {
  /** The name of the sink that they are for. */
  readonly sink?: string
  /** The name of their rule; `*` stands for any text. */
  readonly rule?: string
  /** True: dead letters only. */
  readonly dead?: boolean
  /** Raised (dead letters: given up) at least this long ago, in milliseconds. */
  readonly olderMs?: number
}

/** What a queue holds. */
export interface QueueView {
  readonly storage: StorageStats
  readonly sinks: readonly {
    readonly sink: string
    /** False: alerts wait for a sink that is not there now. */
    readonly configured: boolean
    readonly waiting: number
    readonly dead: number
    /** Waiting alerts by priority; priorities without any are left out. */
    readonly byPriority: Readonly<Record<string, number>>
    /** When the oldest alert that waits was raised, milliseconds since the epoch. */
    readonly oldestMs: number | undefined
  }[]
  /** The newest that the selection takes in, at most 100, oldest first. */
  readonly deadLetters: readonly {
    readonly sink: string
    readonly id: string
    readonly rule: string
    readonly reason: string
    readonly atMs: number
  }[]
}

/** Counts since the start; sums over all lanes, and each lane. */
export interface QueueStats extends LaneCounts {
  readonly lanes: readonly LaneStats[]
  readonly storage: StorageStats
}

/** Where the alerts are. */
export interface StorageStats {
  /** `disk-failing`: a durable queue that has to keep new alerts in memory for now. */
  readonly engine: 'memory' | 'disk' | 'disk-failing'
  /** Folder of a durable queue. */
  readonly path: string | undefined
  /** Alerts held, each counted once however many sinks it is for. */
  readonly alerts: number
  readonly bytes: number
  readonly maxBytes: number
  /** Alerts that were on disk for good before any sink saw them. */
  readonly saved: number
  /** Alerts that were in memory only while the disk failed; those were lost if the process was killed. */
  readonly atRisk: number
  /** Alerts that were given up, by cause. */
  readonly dropped: {
    /** For lack of room. */
    readonly noRoom: number
    /** Unreadable, or known to have been stored and not there. */
    readonly damaged: number
    /** By a person. */
    readonly purged: number
    /** Dead letters beyond those that are kept. */
    readonly oldDeadLetters: number
  }
}

/** The fate of alerts. */
export interface LaneCounts {
  /** Found on disk at the start, from an earlier run, or put back in line from the dead letters. */
  readonly recovered: number
  readonly accepted: number
  /** Not accepted, because the queue was closed. */
  readonly refused: number
  readonly delivered: number
  readonly deadLettered: number
  /** Given up by the queue: no room, damaged on disk, or purged. */
  readonly dropped: number
  /** Accepted, but left over in memory when the queue was closed. */
  readonly abandoned: number
  /** On disk when the queue was closed, for the next start. */
  readonly kept: number
  readonly pending: number
}

/** One sink's lane. */
export interface LaneStats extends LaneCounts {
  readonly sink: string
  /** Deliveries that failed, permanently or not. */
  readonly failures: number
  readonly lastError: string | undefined
  /** Whether only single alerts are tried, because deliveries kept failing. */
  readonly circuit: 'closed' | 'open'
  /** When the last delivery succeeded, milliseconds since the epoch. */
  readonly lastDeliveryMs: number | undefined
  /** The newest dead letters of this run, oldest first; `deadLettered` counts those that fell out of the list as well. */
  readonly deadLetters: readonly DeadLetter[]
}

/** An alert that its sink will never take, kept for a person to look at. */
export interface DeadLetter {
  readonly alert: Alert
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly atMs: number
}
