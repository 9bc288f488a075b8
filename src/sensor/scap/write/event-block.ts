import {untilNul} from '../../../schema/bytes.ts'
import type {Event} from '../../../schema/event.ts'
import type {EventDef} from '../../../schema/event-pair.ts'
import {SC_NAMES, SYSCALLS_X86_64} from '../../../schema/tables/syscalls.ts'
import {type EventForm, eventForm, type ParamForm} from '../event-form.ts'
import {MADE_ENTER, STATE_ONLY} from '../raw-event.ts'
import type {BlockBuffer} from './block-buffer.ts'
import {type WrittenForm, writtenForms} from './written-forms.ts'

const [BLOCK, FLAGGED_BLOCK, LARGE_BLOCK, LARGE_FLAGGED_BLOCK] = [0x216, 0x217, 0x221, 0x222]
/** Longest event with what stands around it in its block: the peers read no longer one (libs: READER_BUF_SIZE), and give up the file. */
const MAX_EVENT_BYTES = 0xffff - 16
/** Longest event among those whose lengths have 32 bits. */
const MAX_LARGE_EVENT_BYTES = 16 * 1024 * 1024
/** Bytes of the event ahead of the lengths of its parameters. */
const HEADER_BYTES = 26

const ids: ReadonlyMap<string, number> = new Map(
  SC_NAMES.flatMap((name, id) => (name === '' ? [] : [[name, id] as const])),
)
const natives: ReadonlyMap<string, number> = new Map(
  SYSCALLS_X86_64.map(([number, name]) => [name, number]),
)

type Value = ReturnType<Event['get']>

/** Writes an event, ahead of it what readers look for that know calls only as pairs of events. */
export function writeEvent(out: BlockBuffer, event: Event, stateOnly: boolean): void {
  const {def} = event
  const form = eventForm(def.code)
  if (form === undefined) return
  if (form.def.name !== def.name) {
    writeGeneric(out, event, form, stateOnly)
    return
  }
  const isHidden = stateOnly && !(form.isEnter && form.isConverted)
  for (const written of writtenForms(form)) {
    const {sources, isMade} = written
    if (isMade && (isHidden || !isComplete(event, form.def, written))) continue
    const flags = (isMade ? MADE_ENTER : 0) + (isHidden ? STATE_ONLY : 0)
    const count =
      written.form === form && !form.isConverted
        ? Math.min(event.paramCount, sources.length)
        : sources.length
    const value = (i: number): Value => sourceValue(event, form.def, sources[i]!)
    writeBlock(out, event, {form: written.form, flags, count, value})
  }
}

function sourceValue(event: Event, {params}: EventDef, source: number): Value {
  return source < 0 ? undefined : event.get(params[source]!.name)
}

/** Whether the inputs are there: sysdig 0.29.3 takes what follows in memory for an integer or a list that is missing. */
function isComplete(event: Event, def: EventDef, {form, sources}: WrittenForm): boolean {
  return sources.every(
    (source, i) =>
      (form.params[i]!.size === 0 && form.def.params[i]!.type !== 'fdlist') ||
      sourceValue(event, def, source) !== undefined,
  )
}

/** A call that has no event in the tables: its number stands for it, and its parameters are left out. */
function writeGeneric(out: BlockBuffer, event: Event, form: EventForm, stateOnly: boolean): void {
  const {name} = event.def
  const value = (i: number): Value => (i === 0 ? ids : natives).get(name) ?? 0
  const flags = stateOnly ? STATE_ONLY : 0
  writeBlock(out, event, {form, flags, count: form.params.length, value})
}

interface BlockEvent {
  readonly form: EventForm
  readonly flags: number
  readonly count: number
  /** The parameter at this place. */
  readonly value: (index: number) => Value
}

function writeBlock(out: BlockBuffer, event: Event, {form, flags, count, value}: BlockEvent): void {
  const {large} = form
  const flagged = flags !== 0
  out.begin(large ? (flagged ? LARGE_FLAGGED_BLOCK : LARGE_BLOCK) : flagged ? FLAGGED_BLOCK : BLOCK)
  out.u16(event.cpu)
  if (flagged) out.u32(flags)
  out.u64(event.timeNs())
  out.u64(event.tid)
  const length = out.skip(4)
  out.u16(form.def.code)
  out.u32(count)
  const width = large ? 4 : 2
  const lengths = out.skip(count * width)
  let total = HEADER_BYTES + count * width
  let room = (large ? MAX_LARGE_EVENT_BYTES : MAX_EVENT_BYTES) - total - form.fixedBytes
  for (let i = 0; i < count; i++) {
    const param = form.params[i]!
    const size = writeParam(out, param, value(i), room)
    out.setLength(lengths + i * width, size, width)
    total += size
    if (param.size === 0) room -= size
  }
  out.setLength(length, total, 4)
  out.end()
}

/** Writes at most `room` bytes of a text. Gives the number of bytes; none for a value that is missing or of another kind. */
function writeParam(out: BlockBuffer, {kind, size}: ParamForm, value: Value, room: number): number {
  if (value === undefined || (size === 0) !== (typeof value === 'string')) return 0
  if (typeof value !== 'string') {
    writeInteger(out, size, value)
    return size
  }
  if (kind !== 'text') {
    const kept = value.length > room ? value.slice(0, room) : value
    out.text(kept)
    return kept.length
  }
  if (room === 0) return 0
  const text = untilNul(value)
  const kept = text.length >= room ? text.slice(0, room - 1) : text
  out.text(kept)
  out.u8(0)
  return kept.length + 1
}

function writeInteger(out: BlockBuffer, size: number, value: number | bigint): void {
  if (size === 8) {
    out.u64(value)
    return
  }
  const low = typeof value === 'number' ? value : Number(BigInt.asIntN(32, value))
  if (size === 4) out.u32(low)
  else if (size === 2) out.u16(low)
  else out.u8(low)
}
