import type {ByteString} from './bytes.ts'
import type {EventDef} from './event-pair.ts'
import type {Int} from './value.ts'

/**
 * One event, live or from a capture, with the parameters of `def` in the form in which captures carry them. The source may
 * reuse the object for the next event: read what you need while it is handed over, keep nothing of it.
 */
export interface Event {
  /** Running number, from 1. */
  readonly num: number
  readonly def: EventDef
  readonly tid: number
  /** Processor that it happened on. */
  readonly cpu: number
  /** Number of parameters that it holds, missing ones included. */
  readonly paramCount: number
  /** What only the live sensor knows of it; undefined for an event of a capture. */
  readonly live: LiveFacts | undefined
  /** Nanoseconds since the epoch. */
  timeNs(): bigint
  /** A parameter, or a value that only the state uses (`$name`); undefined when absent or unreadable. */
  get(name: string): Int | ByteString | undefined
}

/** What the live sensor knows of an event beyond its parameters. */
export interface LiveFacts {
  /** Kind of record (`CaptureDef.kind`), which is finer than the event: the two sides of clone differ here. */
  readonly kind: string
  readonly pid: number
  /** Effective ids of the thread when the event happened. */
  readonly uid: number
  readonly gid: number
  /** From boot to the start of the process, in nanoseconds (exact to some of them): with `pid` its identity. */
  readonly startedNs: number
  /** When the path or address was copied; `changed`: both copies exist and differ. */
  readonly copied: 'entry' | 'exit' | 'changed' | undefined
  /** Whether the value was longer than what was kept. */
  isCut(name: string): boolean
}
