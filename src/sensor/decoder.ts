import type {ByteString} from '../schema/bytes.ts'
import type {Derived, Source} from '../schema/capture.ts'
import type {Event} from '../schema/event.ts'
import type {EventDef} from '../schema/event-pair.ts'
import {currentEvent} from '../schema/event-table.ts'
import {type FlagTable, fromNative} from '../schema/flag-table.ts'
import {
  HEADER,
  RECORD_LAYOUTS,
  type RecordLayout,
  SLOT_FLAG,
  type Slot,
} from '../schema/record-layout.ts'
import {FLAG_TABLES} from '../schema/tables/flags.ts'
import type {Int} from '../schema/value.ts'

type Value = Int | ByteString | undefined
type Reader = (event: RecordEvent) => Value

/** What the decoder knows of one kind of record. */
interface KindReaders {
  readonly layout: RecordLayout
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
export class RecordEvent implements Event {
  num = 0
  def!: EventDef
  kind = ''
  tid = 0
  pid = 0
  uid = 0
  gid = 0
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

  timeNs(): bigint {
    return this.#clock.bootNs + this.bytes.readBigUInt64LE(this.start + HEADER.timestamp)
  }

  processStartNs(): bigint {
    return this.#clock.bootNs + this.bytes.readBigUInt64LE(this.start + HEADER.start)
  }

  get(name: string): Value {
    return this.#readers.readers.get(name)?.(this)
  }

  isCut(name: string): boolean {
    const slot = this.#readers.layout.slots.find(candidate => candidate.name === name)
    if (slot === undefined || slot.maxBytes === 0) return false
    return (this.bytes.readUInt16LE(this.start + slot.offset + 6) & SLOT_FLAG.cut) !== 0
  }
}

const KINDS: readonly KindReaders[] = RECORD_LAYOUTS.map(kindReaders)

function kindReaders(layout: RecordLayout): KindReaders {
  const {event} = layout.capture
  const readers = new Map<string, Reader>()
  const params = eventDef(typeof event === 'string' ? event : Object.values(event)[0]!).params
  const opens = params.some(({type}) => type === 'fspath' || type === 'fsrelpath')
  for (const slot of layout.slots) {
    const table = params.find(param => param.name === slot.name)?.table
    readers.set(
      slot.name,
      slotReader(slot, table === undefined ? undefined : tableNamed(table), opens),
    )
  }
  for (const {name, rule} of layout.derived) readers.set(name, derivedReader(rule, readers))
  if (typeof event === 'string') {
    const def = eventDef(event)
    return {layout, readers, eventOf: () => def}
  }
  const defs = new Map(Object.entries(event).map(([nr, name]) => [Number(nr), eventDef(name)]))
  const [first] = defs.values()
  const syscall = readers.get('$syscall')!
  return {layout, readers, eventOf: record => defs.get(Number(syscall(record))) ?? first!}
}

function eventDef(name: string): EventDef {
  const def = currentEvent(name)
  if (def === undefined) throw new Error(`there is no event ${name}`)
  return def
}

function tableNamed(name: string): FlagTable {
  return (FLAG_TABLES as Readonly<Record<string, FlagTable>>)[name]!
}

function slotReader(slot: Slot, table: FlagTable | undefined, opens: boolean): Reader {
  const {offset, source} = slot
  if (slot.maxBytes > 0) return variableReader(slot)
  if (table !== undefined)
    return event => fromNative(table, event.bytes.readUInt32LE(event.start + offset), opens)
  if (source.from === 'tty')
    return event => encodedDevice(event.bytes.readUInt32LE(event.start + offset))
  if (isSigned(source)) return event => signedAt(event.bytes, event.start + offset)
  return event => unsignedAt(event.bytes, event.start + offset)
}

function isSigned(source: Source): boolean {
  return source.from === 'ret' || (source.from === 'arg' && source.as === 's32')
}

/** A signed 64-bit number in canonical form. */
function signedAt(bytes: Buffer, at: number): Int {
  const high = bytes.readInt32LE(at + 4)
  if (high >= -0x20_0000 && high < 0x20_0000) return high * 0x1_0000_0000 + bytes.readUInt32LE(at)
  return bytes.readBigInt64LE(at)
}

/** An unsigned 64-bit number in canonical form. */
function unsignedAt(bytes: Buffer, at: number): Int {
  const high = bytes.readUInt32LE(at + 4)
  if (high < 0x20_0000) return high * 0x1_0000_0000 + bytes.readUInt32LE(at)
  return bytes.readBigUInt64LE(at)
}

function variableReader({offset, source}: Slot): Reader {
  const isPath = source.from === 'path' || source.from === 'dirPath'
  return event => {
    const {bytes, start} = event
    const at = start + offset
    const flags = bytes.readUInt16LE(at + 6)
    if ((flags & SLOT_FLAG.fault) !== 0) return undefined
    const from = start + bytes.readUInt32LE(at)
    const text = bytes.toString('latin1', from, from + bytes.readUInt16LE(at + 4))
    return isPath ? pathFromNames(text, flags, source.from === 'dirPath') : text
  }
}

/** Turns the names of a walk (last one first, each closed by a NUL) into a path. A walk that was cut is unknown. */
export function pathFromNames(
  names: ByteString,
  flags: number,
  emptyMeansNone: boolean,
): ByteString | undefined {
  if ((flags & SLOT_FLAG.cut) !== 0) return undefined
  if (names === '') return emptyMeansNone ? undefined : '/'
  const parts = names.split('\0')
  parts.pop()
  const path = parts.reverse().join('/')
  return (flags & SLOT_FLAG.detached) !== 0 ? path : `/${path}`
}

/** The kernel's device number as user space sees it (new_encode_dev in linux include/linux/kdev_t.h). */
export function encodedDevice(device: number): number {
  const major = device >>> 20
  const minor = device & 0xfffff
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
}

function derivedReader(rule: Derived, readers: ReadonlyMap<string, Reader>): Reader {
  switch (rule.derive) {
    case 'constant':
      return () => rule.value
    case 'header':
      return event => event[rule.field]
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
