import {CutShort} from './byte-reader.ts'
import {type EventForm, eventForm} from './event-form.ts'
import {signedAt, u16At, u32At} from './int-at.ts'

/** Most parameters that an event has (PPM_MAX_EVENT_PARAMS of the event tables). */
export const MAX_PARAMS = 32

/**
 * An event as a capture holds it, moved from event to event: parameter `i` is the bytes from `starts[i]` up to `starts[i + 1]`,
 * and missing when there are none. Good only while the bytes that it lies in are.
 */
export interface RawEvent {
  form: EventForm
  tid: number
  cpu: number
  /** It is there only to keep the state in step; no rule sees it. */
  stateOnly: boolean
  /** Where the event's header lies, for its time. */
  header: Buffer
  headerAt: number
  /** Number of parameters. */
  count: number
  bytes: Buffer
  readonly starts: Int32Array
}

const EMPTY = Buffer.alloc(0)
/** Puts the halves of a 64-bit integer together; several times as fast as Buffer's own way. */
const whole = new BigUint64Array(1)
const halves = new Uint32Array(whole.buffer)

/** A place for events of a capture. */
export function newRawEvent(): RawEvent {
  return {
    form: eventForm(0)!,
    tid: 0,
    cpu: 0,
    stateOnly: false,
    header: EMPTY,
    headerAt: 0,
    count: 0,
    bytes: EMPTY,
    starts: new Int32Array(MAX_PARAMS + 1),
  }
}

/** Nanoseconds since the epoch. */
export function rawTimeNs({header, headerAt}: RawEvent): bigint {
  halves[0] = u32At(header, headerAt)
  halves[1] = u32At(header, headerAt + 4)
  return whole[0]!
}

/** Whether blocks of this type hold an event. */
export function isEventBlock(type: number): boolean {
  switch (type) {
    case 0x216:
    case 0x217:
    case 0x221:
    case 0x222:
    case 0x204:
    case 0x8010abcd:
    case 0x208:
      return true
    default:
      return false
  }
}

/**
 * An enter event that was made out of the exit event behind it, for readers that know calls only as pairs. A bit of the flags of
 * event blocks; readers other than ours pay it no heed.
 */
export const MADE_ENTER = 0x8000_0000
/** The event is there only to keep the state in step (SCAP_DF_STATE_ONLY). */
export const STATE_ONLY = 1

/** Codes whose length is 3 too big in blocks of version 1. */
const OVERSTATED: ReadonlySet<number> = new Set([280, 286])
/** `| time: u64 | tid: i64 | length: u32 | code: u16 |`, and `| params: u32 |` from version 2 on. */
const HEADER_BYTES = 22
const COUNT_BYTES = 4

/** What {@link readEvent} found. */
export type EventFound = 'event' | 'unknown' | 'made'

/**
 * Moves `raw` to the event of a block body. `unknown`: no table knows its code; `made`: it says nothing that the event behind it
 * does not say. `raw` is of no use then.
 *
 * @throws CutShort when the event does not fit its block
 */
export function readEvent(
  raw: RawEvent,
  bytes: Buffer,
  start: number,
  end: number,
  type: number,
): EventFound {
  const flagged = type === 0x217 || type === 0x208 || type === 0x222
  const first = type === 0x204 || type === 0x8010abcd || type === 0x208
  const at = start + (flagged ? 6 : 2)
  if (at + HEADER_BYTES > end) throw new CutShort()
  const flags = flagged ? u32At(bytes, start + 2) : 0
  if ((flags & MADE_ENTER) !== 0) return 'made'
  const length = u32At(bytes, at + 16)
  const code = u16At(bytes, at + 20)
  const form = eventForm(code)
  if (form === undefined) return 'unknown'
  const payload = at + HEADER_BYTES + (first ? 0 : COUNT_BYTES)
  const payloadEnd = at + length - (first && OVERSTATED.has(code) ? 3 : 0)
  if (payloadEnd > end || payload > payloadEnd) throw new CutShort()
  const tid = signedAt(bytes, at + 8)
  raw.form = form
  // What no kernel gives out is nobody's.
  raw.tid = typeof tid === 'number' ? tid : -1
  raw.cpu = u16At(bytes, start)
  raw.stateOnly = (flags & STATE_ONLY) !== 0
  raw.header = bytes
  raw.headerAt = at
  raw.bytes = bytes
  const width = form.large || type === 0x221 || type === 0x222 ? 4 : 2
  if (first) guessParams(raw, payload, payloadEnd, width)
  else {
    const count = u32At(bytes, at + HEADER_BYTES)
    if (!takeParams(raw, count, payload, payloadEnd, width)) throw new CutShort()
  }
  return 'event'
}

/** Blocks of version 1 do not say how many parameters there are: the largest number that fills the event is it. */
function guessParams(raw: RawEvent, payload: number, end: number, width: number): void {
  for (let count = raw.form.params.length; count >= 0; count--)
    if (takeParams(raw, count, payload, end, width)) return
  throw new CutShort()
}

/** Notes where so many parameters lie. False when they do not fill the payload exactly. */
function takeParams(
  raw: RawEvent,
  count: number,
  payload: number,
  end: number,
  width: number,
): boolean {
  if (count * width > end - payload) return false
  const {bytes, starts} = raw
  const kept = Math.min(count, raw.form.params.length)
  let at = payload + count * width
  for (let i = 0; i < count; i++) {
    if (i < kept) starts[i] = at
    else if (i === kept) starts[kept] = at
    const place = payload + i * width
    at += width === 2 ? u16At(bytes, place) : u32At(bytes, place)
    if (at > end) return false
  }
  if (at !== end) return false
  if (kept === count) starts[kept] = at
  raw.count = kept
  return true
}
