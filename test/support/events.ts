import type {ByteString} from '../../src/schema/bytes.ts'
import type {Event} from '../../src/schema/event.ts'
import {currentEvent} from '../../src/schema/event-table.ts'
import type {Int} from '../../src/schema/value.ts'

/** Parts of a made-up event; whatever is left out has a plain default. */
export interface EventParts {
  readonly kind: string
  /** Name of the event; default: the kind. */
  readonly name?: string
  readonly num?: number
  readonly tid?: number
  readonly pid?: number
  readonly uid?: number
  readonly timeNs?: bigint
  readonly startNs?: bigint
  readonly values?: Readonly<Record<string, Int | ByteString>>
}

/** An event for tests of the state and the engine. */
export function mkEvent(parts: EventParts): Event {
  const {
    kind,
    name = kind,
    num = 1,
    pid = 100,
    tid = pid,
    uid = 0,
    timeNs = 2_000_000_000n,
    startNs = 1_000_000_000n,
  } = parts
  const def = currentEvent(name)
  if (def === undefined) throw new Error(`no event ${name}`)
  return {
    num,
    def,
    kind,
    tid,
    pid,
    uid,
    gid: 0,
    timeNs: () => timeNs,
    processStartNs: () => startNs,
    get: key => parts.values?.[key],
    isCut: () => false,
  }
}
