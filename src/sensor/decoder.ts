import type {ByteString} from '../schema/bytes.ts'
import type {Derived, Source} from '../schema/capture.ts'
import type {Event, LiveFacts} from '../schema/event.ts'
import type {EventDef, ParamDef} from '../schema/event-pair.ts'
import {currentEvent} from '../schema/event-table.ts'
import {type FlagTable, fromNative} from '../schema/flag-table.ts'
import {
  ABSENT_NUMBER,
  HEADER,
  HEADER_FLAG,
  RECORD_LAYOUTS,
  type RecordLayout,
  SLOT_FLAG,
  type Slot,
} from '../schema/record-layout.ts'
import {FLAG_TABLES} from '../schema/tables/flags.ts'
import type {Int} from '../schema/value.ts'
import {capturedAddress, capturedTuple, transportOf} from './decode/decode-socket.ts'
import {VALUE_FUNCTIONS} from './decode/derived-values.ts'
import {cgroupTexts, pathFromNames} from './walked-names.ts'

type Value = Int | ByteString | undefined
type Reader = (event: RecordEvent) => Value

/** Upper half of `ABSENT_NUMBER`. */
const ABSENT_HIGH = Number(ABSENT_NUMBER >> 32n)

/** Types of parameters whose numbers have a sign. */
const SIGNED_TYPES: ReadonlySet<string> = new Set(['errno', 'fd', 'pid', 'int64', 'int32', 'int16'])

/** What the decoder knows of one kind of record. */
interface KindReaders {
  readonly layout: RecordLayout
  /** The first path or address that the call was given. */
  readonly copiedSlot: Slot | undefined
  readonly readers: ReadonlyMap<string, Reader>
  /** The event by system call number, or the one event there is. */
  readonly eventOf: (event: RecordEvent) => EventDef
}

/** Turns times since boot into times since the epoch. */
export interface BootClock {
  /** Nanoseconds from the epoch to boot. */
  readonly bootNs: bigint
}

/**
 * One captured record as an {@link Event}. The same object is moved from record to record; values are read from the
 * ring buffer when asked for.
 */
export class RecordEvent implements Event, LiveFacts {
  num = 0
  def!: EventDef
  kind = ''
  tid = 0
  pid = 0
  uid = 0
  gid = 0
  /** Processor that it happened on. */
  cpu = 0
  /** Generation of the rules that the record was captured and filtered for, modulo `GENERATIONS`. */
  generation = 0
  readonly live: LiveFacts = this
  /** @internal */ bytes: Buffer = Buffer.alloc(0)
  /** @internal */ start = 0
  readonly #clock: BootClock
  #readers!: KindReaders

  constructor(clock: BootClock) {
    this.#clock = clock
  }

  /** Moves to a record. @throws Error when the bytes are no record of ours. */
  moveTo(bytes: Buffer, start: number, length: number): void {
    const kind = KINDS[bytes.readUInt16LE(start + HEADER.kind)]
    if (kind === undefined || length < kind.layout.fixedSize)
      throw new Error(`a record of ${length} bytes is malformed`)
    this.bytes = bytes
    this.start = start
    this.num++
    this.#readers = kind
    this.kind = kind.layout.capture.kind
    this.cpu = bytes.readUInt16LE(start + HEADER.cpu)
    this.generation = bytes.readUInt16LE(start + HEADER.generation)
    this.tid = bytes.readUInt32LE(start + HEADER.tid)
    this.pid = bytes.readUInt32LE(start + HEADER.pid)
    this.uid = bytes.readUInt32LE(start + HEADER.uid)
    this.gid = bytes.readUInt32LE(start + HEADER.gid)
    this.def = kind.eventOf(this)
  }

  /** Number of the kind of record: its index in `CAPTURES`. */
  get kindIndex(): number {
    return this.#readers.layout.index
  }

  /** Whether the kernel counted the epoch of processes up for it. */
  get countsEpoch(): boolean {
    return (this.bytes.readUInt16LE(this.start + HEADER.flags) & HEADER_FLAG.epoch) !== 0
  }

  get paramCount(): number {
    return this.def.params.length
  }

  timeNs(): bigint {
    return this.#clock.bootNs + this.bytes.readBigUInt64LE(this.start + HEADER.timestamp)
  }

  /** When the process started, as the kernel has it: nanoseconds since boot. */
  get processStart(): bigint {
    return this.bytes.readBigUInt64LE(this.start + HEADER.start)
  }

  get startedNs(): number {
    const at = this.start + HEADER.start
    return this.bytes.readUInt32LE(at + 4) * 0x1_0000_0000 + this.bytes.readUInt32LE(at)
  }

  get(name: string): Value {
    return this.#readers.readers.get(name)?.(this)
  }

  get copied(): LiveFacts['copied'] {
    const slot = this.#readers.copiedSlot
    if (slot === undefined) return undefined
    const flags = this.bytes.readUInt16LE(this.start + slot.offset + 6)
    if ((flags & SLOT_FLAG.entry) === 0) return 'exit'
    return (flags & SLOT_FLAG.changed) === 0 ? 'entry' : 'changed'
  }

  isCut(name: string): boolean {
    const {slots, derived} = this.#readers.layout
    const rule = derived.find(one => one.name === name)?.rule
    // Of a block of texts the end is missing: the first of them is whole.
    const stored = rule?.derive === 'otherTexts' ? rule.of : name
    const slot = slots.find(candidate => candidate.name === stored)
    if (slot === undefined || slot.maxBytes === 0) return false
    return (this.bytes.readUInt16LE(this.start + slot.offset + 6) & SLOT_FLAG.cut) !== 0
  }
}

/** What is made of the bytes of a variable slot, by source; the others are kept as they are. */
const FORMS: Partial<
  Record<Source['from'], (text: ByteString, flags: number) => ByteString | undefined>
> = {
  path: pathFromNames,
  dirPath: pathFromNames,
  filePath: pathFromNames,
  cgroups: cgroupTexts,
  sockaddr: capturedAddress,
  peerAddress: capturedAddress,
  // Captures have no empty data: it is missing.
  buffer: presentBytes,
  bytes: presentBytes,
  vector: presentBytes,
}

const KINDS: readonly KindReaders[] = RECORD_LAYOUTS.map(kindReaders)

function kindReaders(layout: RecordLayout): KindReaders {
  const {event} = layout.capture
  const readers = new Map<string, Reader>()
  const params = eventDef(typeof event === 'string' ? event : Object.values(event)[0]!).params
  const opens = params.some(({type}) => type === 'fspath' || type === 'fsrelpath')
  for (const slot of layout.slots) {
    const param = params.find(({name}) => name === slot.name)
    readers.set(slot.name, slotReader(slot, param, opens, readers))
  }
  for (const {name, rule} of layout.derived) {
    const reader =
      rule.derive === 'transport'
        ? transportReader(layout.slots.find(slot => slot.name === rule.of)!)
        : derivedReader(rule, readers)
    readers.set(name, reader)
  }
  const copiedSlot = layout.slots.find(({source: {from}}) => from === 'text' || from === 'sockaddr')
  if (typeof event === 'string') {
    const def = eventDef(event)
    return {layout, copiedSlot, readers, eventOf: () => def}
  }
  const defs = new Map(Object.entries(event).map(([nr, name]) => [Number(nr), eventDef(name)]))
  const [first] = defs.values()
  const syscall = readers.get('$syscall')!
  return {
    layout,
    copiedSlot,
    readers,
    eventOf: record => defs.get(Number(syscall(record))) ?? first!,
  }
}

function eventDef(name: string): EventDef {
  const def = currentEvent(name)
  if (def === undefined) throw new Error(`there is no event ${name}`)
  return def
}

function tableNamed(name: string): FlagTable {
  return (FLAG_TABLES as Readonly<Record<string, FlagTable>>)[name]!
}

function slotReader(
  stored: Slot,
  param: ParamDef | undefined,
  opens: boolean,
  readers: ReadonlyMap<string, Reader>,
): Reader {
  const slot = {...stored, source: plainSource(stored.source)}
  const {offset, source} = slot
  if (source.from === 'socket') return tupleReader(slot, source, readers)
  if (slot.maxBytes > 0) return variableReader(slot)
  if (param?.table !== undefined) return flagReader(slot, tableNamed(param.table), opens)
  if (source.from === 'tty' || (source.from === 'fileNumber' && source.form === 'device')) {
    return event => {
      const device = unsignedAt(event.bytes, event.start + offset)
      return device === undefined ? undefined : encodedDevice(Number(device))
    }
  }
  if (isSigned(source, param)) return event => signedAt(event.bytes, event.start + offset)
  return event => unsignedAt(event.bytes, event.start + offset)
}

/** The source of a value, whatever outcome of the call it depends on. */
function plainSource(source: Source): Source {
  return source.from === 'after' ? plainSource(source.then) : source
}

/** Reads a socket as a tuple; the peer that the call named is another value of the record. */
function tupleReader(
  slot: Slot,
  {way, peer}: Extract<Source, {from: 'socket'}>,
  readers: ReadonlyMap<string, Reader>,
): Reader {
  const read = variableReader(slot)
  return event => {
    const block = read(event)
    if (typeof block !== 'string') return undefined
    const named = peer === undefined ? undefined : readers.get(peer)?.(event)
    return capturedTuple(block, way, typeof named === 'string' ? named : undefined)
  }
}

/** Reads the transport protocol of a socket, of which the tuple says nothing. */
function transportReader(slot: Slot): Reader {
  const read = variableReader(slot)
  return event => {
    const block = read(event)
    return typeof block === 'string' ? transportOf(block) : undefined
  }
}

function flagReader({offset, source}: Slot, table: FlagTable, opens: boolean): Reader {
  // Above the kernel's own flags stand bits in the event's form.
  const hasBitsAbove = source.from === 'fileState' || source.from === 'cloneFlags'
  return ({bytes, start}) => {
    const flags = fromNative(table, bytes.readUInt32LE(start + offset), opens)
    return hasBitsAbove ? (flags | bytes.readUInt32LE(start + offset + 4)) >>> 0 : flags
  }
}

function isSigned(source: Source, param: ParamDef | undefined): boolean {
  if (source.from === 'ret' || source.from === 'prctlNumber') return true
  if (source.from === 'request') return source.as === 's32'
  if (source.from === 'arg') return source.as === 's32' || source.as === 's64'
  if (source.from === 'member' && (source.as === 's32' || source.as === 's16')) return true
  return param !== undefined && SIGNED_TYPES.has(param.type)
}

/** A signed 64-bit number in canonical form; undefined where there is none. */
function signedAt(bytes: Buffer, at: number): Int | undefined {
  const high = bytes.readInt32LE(at + 4)
  const low = bytes.readUInt32LE(at)
  if (high >= -0x20_0000 && high < 0x20_0000) return high * 0x1_0000_0000 + low
  return high === ABSENT_HIGH && low === 0 ? undefined : bytes.readBigInt64LE(at)
}

/** An unsigned 64-bit number in canonical form; undefined where there is none. */
function unsignedAt(bytes: Buffer, at: number): Int | undefined {
  const high = bytes.readUInt32LE(at + 4)
  const low = bytes.readUInt32LE(at)
  if (high < 0x20_0000) return high * 0x1_0000_0000 + low
  return high === ABSENT_HIGH >>> 0 && low === 0 ? undefined : bytes.readBigUInt64LE(at)
}

function variableReader({offset, source}: Slot): Reader {
  const inForm = FORMS[source.from] ?? (text => text)
  return event => {
    const {bytes, start} = event
    const at = start + offset
    const flags = bytes.readUInt16LE(at + 6)
    if ((flags & (SLOT_FLAG.fault | SLOT_FLAG.none)) !== 0) return undefined
    const from = start + bytes.readUInt32LE(at)
    return inForm(bytes.toString('latin1', from, from + bytes.readUInt16LE(at + 4)), flags)
  }
}

function presentBytes(bytes: ByteString): ByteString | undefined {
  return bytes === '' ? undefined : bytes
}

/** The kernel's device number as user space sees it (new_encode_dev in linux include/linux/kdev_t.h). */
export function encodedDevice(device: number): number {
  const major = device >>> 20
  const minor = device & 0xfffff
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
}

function derivedReader(
  rule: Exclude<Derived, {derive: 'transport'}>,
  readers: ReadonlyMap<string, Reader>,
): Reader {
  switch (rule.derive) {
    case 'constant':
      return () => rule.value
    case 'header':
      return event => event[rule.field]
    case 'function': {
      const make = VALUE_FUNCTIONS[rule.name]
      const {of, part = ''} = rule
      return event =>
        make(
          of.map(name => readers.get(name)?.(event)),
          part,
        )
    }
    case 'bits':
      return event => (Number(readers.get(rule.of)!(event) ?? 0) >>> rule.shift) & rule.mask
    case 'firstText':
      return event => {
        const block = readers.get(rule.of)!(event) as ByteString | undefined
        return block?.split('\0', 1)[0]
      }
    case 'otherTexts':
      return event => {
        const block = readers.get(rule.of)!(event) as ByteString | undefined
        if (block === undefined) return undefined
        const end = block.indexOf('\0')
        return end < 0 ? '' : block.slice(end + 1)
      }
  }
}
