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
  /** u16, processor that it happened on. */
  cpu: 10,
  /** u32, thread and process as the kernel's first pid namespace numbers them. */
  tid: 12,
  pid: 16,
  /** u32, effective ids of the thread. */
  uid: 20,
  gid: 24,
  /** u16, generation of the rules that the record was captured and filtered for, modulo {@link GENERATIONS}. */
  generation: 28,
  /** u16, {@link HEADER_FLAG}. */
  flags: 30,
  /** u64, when the process (its first thread) started, nanoseconds since boot: with `pid` its identity. */
  start: 32,
  size: 40,
} as const

/** Flags of a record as a whole. */
export const HEADER_FLAG = {
  /** The epoch of processes was counted up for it, before its time was taken. */
  epoch: 1,
} as const

/** Generations that the header of a record tells apart. */
export const GENERATIONS = 0x1_0000

/** Flags of a variable slot. */
export const SLOT_FLAG = {
  /** The value is longer than what was kept. */
  cut: 1,
  /** The memory could not be read: the value is unknown. */
  fault: 2,
  /** A path that does not end at a file system root (a deleted tree, a memory file). */
  detached: 4,
  /** A path that was followed to the root of the file systems. A path slot with neither this nor `detached` holds none. */
  whole: 8,
  /** There is no value. */
  none: 16,
  /** The value was copied when the call began, before the kernel read it. */
  entry: 256,
  /** The memory could not be read when the call began: the value is from its end. */
  entryFault: 512,
  /** The memory held something else when the call ended: another thread wrote to it meanwhile. */
  changed: 1024,
} as const

/** What a number slot holds when there is no value. */
export const ABSENT_NUMBER = -(2n ** 63n)

/** Longest path that a walk keeps, in bytes; one name more (255 bytes and a NUL) may follow the check. */
export const PATH_WALK_MAX = 4096
/** Longest name of a directory entry with its closing NUL. */
export const NAME_MAX = 256
/** Most directory entries that a walk follows. */
export const PATH_WALK_DEPTH = 48
/** Most bytes of all control group paths together; one name more may follow the check. */
export const CGROUPS_MAX = 4096
/**
 * Subsystems whose control groups are captured (linux v6.8 include/linux/cgroup_subsys.h).
 *
 *     cgroups slot: path of the default hierarchy, then one of each subsystem in this order
 *     path:         names from the group up to the root, NUL-terminated, and an empty one
 *                   or `/` NUL: the subsystem is on the default hierarchy, or this kernel has none
 */
export const CGROUP_SUBSYSTEMS = ['cpuset', 'cpu', 'cpuacct', 'io', 'memory'] as const
/** sizeof(struct sockaddr_storage). */
export const SOCKADDR_MAX = 128

/**
 * Layout of a captured socket (parts of struct sock and its kin), by family:
 *
 *     all       | family: u16 | type: u16 | protocol: u16 | local port: u16, network order | remote port: u16, likewise | 0: u16 |
 *     AF_INET   | local address: 4 | remote address: 4 |
 *     AF_INET6  | local address: 16 | remote address: 16 |
 *     AF_UNIX   | 0: u32 | own socket: u64 | peer: u64 | struct sockaddr_un of the receiver, as long as it is |
 */
export const SOCKET_BLOCK = {
  family: 0,
  type: 2,
  protocol: 4,
  localPort: 6,
  remotePort: 8,
  addresses: 12,
  own: 16,
  peer: 24,
  unixAddress: 32,
  /** sizeof(struct sockaddr_un). */
  unixAddressMax: 110,
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
      return source.max ?? TEXT_MAX
    case 'kernelText':
      return TEXT_MAX
    case 'buffer':
    case 'range':
    case 'texts':
    case 'bytes':
    case 'vector':
      return source.max
    case 'cgroups':
      return CGROUPS_MAX + NAME_MAX
    case 'sockaddr':
    case 'peerAddress':
      return SOCKADDR_MAX
    case 'socket':
      return SOCKET_BLOCK.unixAddress + SOCKET_BLOCK.unixAddressMax
    case 'after':
      return maxBytesOf(source.then)
    case 'path':
    case 'dirPath':
    case 'filePath':
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
