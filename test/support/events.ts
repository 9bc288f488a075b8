import type {ByteString} from '../../src/schema/bytes.ts'
import type {Event} from '../../src/schema/event.ts'
import {currentEvent} from '../../src/schema/event-table.ts'
import type {Int} from '../../src/schema/value.ts'

/** Parts of a made-up live event; whatever is left out has a plain default. */
export interface EventParts {
  readonly kind: string
  /** Name of the event; default: the kind. */
  readonly name?: string
  readonly num?: number
  readonly tid?: number
  readonly pid?: number
  readonly uid?: number
  readonly timeNs?: bigint
  readonly startedNs?: number
  readonly values?: Readonly<Record<string, Int | ByteString>>
}

/** A live event for tests of the state and the engine. */
export function mkEvent(parts: EventParts): Event {
  const {
    kind,
    name = kind,
    num = 1,
    pid = 100,
    tid = pid,
    uid = 0,
    timeNs = 2_000_000_000n,
    startedNs = 1_000_000_000,
  } = parts
  const def = currentEvent(name)
  if (def === undefined) throw new Error(`no event ${name}`)
  return {
    num,
    def,
    tid,
    cpu: 0,
    paramCount: def.params.length,
    live: {kind, pid, uid, gid: 0, startedNs, copied: undefined, isCut: () => false},
    timeNs: () => timeNs,
    get: key => parts.values?.[key],
  }
}

/** The new thread's side of a clone, as the sensor tells it. */
export function mkFork(
  pid: number,
  from: number,
  values: EventParts['values'] = {},
  parts: Partial<EventParts> = {},
): EventParts {
  return {
    kind: 'new_task',
    name: 'clone',
    pid,
    timeNs: 1_000_000_000n,
    ...parts,
    values: {
      res: 0,
      tid: parts.tid ?? pid,
      pid,
      ptid: from,
      vtid: parts.tid ?? pid,
      vpid: pid,
      flags: 0,
      comm: 'sh',
      uid: 0,
      gid: 0,
      $maker: from,
      ...values,
    },
  }
}
