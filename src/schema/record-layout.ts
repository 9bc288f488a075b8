/**
 * Bytes of a captured record, as the kernel programs write and the decoder reads them. Little-endian.
 *
 *     | header: 40 bytes | slots: 8 bytes each | data of the variable slots, in any order |
 *
 *     number slot:    | value: s64/u64                                   |
 *     variable slot:  | offset from the record's start: u32 | length: u16 | flags: u16 |
 */
import type {CaptureDef, Derived, Source} from './capture.ts'
import {CAPTURES} from './capture-table.ts'
import {TEXT_MAX} from './captures/rows.ts'

/** Offsets in the header. */
export const HEADER = {
  /** u64, nanoseconds since boot, sleep included. */
  timestamp: 0,
  /** u16, index into `CAPTURES`. */
  kind: 8,
  /** u32, thread and process as the kernel's first pid namespace numbers them. */
  tid: 12,
  pid: 16,
  /** u32, effective ids of the thread. */
  uid: 20,
  gid: 24,
  /** u64, when the process (its first thread) started, nanoseconds since boot: with `pid` its identity. */
  start: 32,
  size: 40,
} as const

/** Flags of a variable slot. */
export const SLOT_FLAG = {
  /** The value is longer than what was kept. */
  cut: 1,
  /** The memory could not be read: the value is unknown. */
  fault: 2,
  /** A path that does not end at a file system root (a deleted tree, a memory file). */
  detached: 4,
} as const

/** Longest path that a walk keeps, in bytes; one name more (255 bytes and a NUL) may follow the check. */
export const PATH_WALK_MAX = 4096
/** Longest name of a directory entry with its closing NUL. */
export const NAME_MAX = 256
/** Most directory entries that a walk follows. */
export const PATH_WALK_DEPTH = 48
/** sizeof(struct sockaddr_storage). */
export const SOCKADDR_MAX = 128

/** Layout of a captured socket: parts of struct sock in the kernel's own order. */
export const SOCKET_BLOCK = {
  /** Remote, then local IPv4 address, network order. */
  remote4: 0,
  local4: 4,
  /** Remote port in network order, then local port in host order. */
  remotePort: 12,
  localPort: 14,
  family: 16,
  type: 18,
  protocol: 20,
  remote6: 24,
  local6: 40,
  size: 56,
} as const

/** One stored value of a record. */
export interface Slot {
  readonly name: string
  readonly source: Source
  /** Offset of the slot from the record's start. */
  readonly offset: number
  /** Most bytes of its data; 0 for a number. */
  readonly maxBytes: number
}

/** The layout of one kind of record. */
export interface RecordLayout {
  readonly capture: CaptureDef
  /** Number of the kind: its index in `CAPTURES`. */
  readonly index: number
  readonly slots: readonly Slot[]
  readonly derived: readonly {readonly name: string; readonly rule: Derived}[]
  /** Header and slots: where the data begins, and the size of the smallest record. */
  readonly fixedSize: number
  /** Size of the largest record. */
  readonly maxSize: number
}

function maxBytesOf(source: Source): number {
  switch (source.from) {
    case 'text':
    case 'kernelText':
      return TEXT_MAX
    case 'buffer':
    case 'range':
      return source.max
    case 'sockaddr':
      return SOCKADDR_MAX
    case 'socket':
      return SOCKET_BLOCK.size
    case 'path':
    case 'dirPath':
      return PATH_WALK_MAX + NAME_MAX
    case 'kernelArray':
      return source.size
    default:
      return 0
  }
}

function layoutOf(capture: CaptureDef, index: number): RecordLayout {
  const slots: Slot[] = []
  const derived: {name: string; rule: Derived}[] = []
  let offset: number = HEADER.size
  for (const [name, value] of Object.entries(capture.values)) {
    if ('derive' in value) {
      derived.push({name, rule: value})
      continue
    }
    slots.push({name, source: value, offset, maxBytes: maxBytesOf(value)})
    offset += 8
  }
  const maxSize = offset + slots.reduce((sum, slot) => sum + slot.maxBytes, 0)
  return {capture, index, slots, derived, fixedSize: offset, maxSize}
}

/** The layout of every kind of record, by its number. */
export const RECORD_LAYOUTS: readonly RecordLayout[] = CAPTURES.map(layoutOf)

/** Size of the largest record of any kind: what the kernel programs' scratch memory must hold. */
export const LARGEST_RECORD: number = Math.max(...RECORD_LAYOUTS.map(layout => layout.maxSize))
