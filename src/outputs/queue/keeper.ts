import type {Alert} from '../../schema/alert.ts'
import type {Backlog, Entry} from './backlog.ts'

/** A dead letter as the queue remembers it; the alert itself is with the keeper. */
export interface LetterHead {
  readonly number: number
  readonly sink: string
  readonly id: string
  readonly rule: string
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

/** What an earlier run left. */
export interface Leftover {
  readonly backlog: Backlog
  readonly letters: readonly LetterHead[]
  /** Alerts that are known to have been stored and are not there, or cannot be read. */
  readonly damaged: number
}

/** What a keeper tells the queue. */
export interface KeeperEvents {
  /** The bit of a sink by its name; undefined when there are too many names. */
  readonly bitOf: (sink: string) => number | undefined
  /** Alerts may now be delivered that could not be before. */
  readonly onReleased: () => void
  /** What an earlier run left has been read. */
  readonly onLeftover: (leftover: Leftover) => void
}

/** Where the alerts of a queue are: in memory, or on disk as well. No call but the asynchronous ones waits. */
export interface Keeper {
  /** Alerts up to this number may be delivered. */
  released(): number
  /** A number greater than all before. */
  nextNumber(): number
  /** Takes an alert. Gives its size in bytes. */
  keep(rank: number, number: number, sinks: readonly string[], alert: Alert): number
  /** No sink needs the alert any more. */
  forget(rank: number, number: number): void
  /** A sink has come this far in a priority. */
  advance(sink: string, cursors: readonly number[]): void
  /** Undefined for what is damaged; the promise is of undefined when nothing can be read for now. */
  read(entries: readonly Entry[]): Promise<readonly (Alert | undefined)[] | undefined>
  bury(head: LetterHead, alert: Alert): void
  unbury(number: number): void
  readLetter(number: number): Promise<Alert | undefined>
  /** Alerts with numbers up to this one take no memory, so that giving them up frees none. */
  inMemoryAbove(): number
  /** Whether more is held in memory than may be. */
  isOverfull(): boolean
  state(): KeeperState
  /** Resolves once what was left has been read, if that is possible. */
  ready(): Promise<void>
  /** Saves what can be saved. Gives the number up to which alerts are kept for the next start. */
  close(): Promise<number>
}

/** How a keeper is doing. */
export interface KeeperState {
  readonly engine: 'memory' | 'disk' | 'disk-failing'
  readonly path: string | undefined
  readonly saved: number
  readonly atRisk: number
}
