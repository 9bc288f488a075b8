import type {ByteString} from './bytes.ts'
import type {EventDef} from './event-pair.ts'
import type {Int} from './value.ts'

/** What every event has, live or from a capture. */
export interface EventRecord {
  /** Running number, from 1. */
  readonly num: number
  readonly def: EventDef
  readonly tid: number
  /** Nanoseconds since the epoch. */
  timeNs(): bigint
  /** A parameter of the event, or a value that only the state uses (`$name`); undefined when absent or unreadable. */
  get(name: string): Int | ByteString | undefined
}

/**
 * One event of the live sensor. The source may reuse the object for the next event: read what you need while it
 * is handed over, keep nothing of it.
 */
export interface Event extends EventRecord {
  /** Kind of record (`CaptureDef.kind`), which is finer than the event: the two sides of clone differ here. */
  readonly kind: string
  readonly pid: number
  /** Effective ids of the thread when the event happened. */
  readonly uid: number
  readonly gid: number
  /** When the process started, nanoseconds since the epoch. */
  processStartNs(): bigint
  /** Whether the value was longer than what was kept. */
  isCut(name: string): boolean
}

/** One event of a capture, already in today's form. */
export interface CapturedRecord extends EventRecord {
  /** Processor that it happened on. */
  readonly cpu: number
  /** Number of parameters that it holds, missing ones included. */
  readonly paramCount: number
}
