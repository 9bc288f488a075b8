/**
 * What user space found out about all threads in the same control groups, in the map `MAP_NAME.cgroups` by what stands for the
 * groups (`$cgroup`), for conditions that hang on these alone: on the container. A process that was just made has no entry of its own
 * yet (`process-entry.ts`), but its container is known.
 *
 *     map `born`:     | thread: u32 |  →  | start | control groups |              u64 each
 *     map `cgroups`:  | control groups: u64 |  →  | set | version | bits: 4 words | seal |   u64 each
 *
 * The kernel notes in `born` in which control groups a thread was made, and was when it last executed a program: these are the moments
 * at which user space learns of its container. A thread that was moved since is still taken to be where it was, here as there.
 */
import {PREDICATES_MAX} from './predicate-set.ts'
import {SEAL_FACTOR} from './process-entry.ts'

const BIT_WORDS = PREDICATES_MAX / 64

/** Offsets in an entry of `born`. */
export const BORN_ENTRY = {
  /** When the thread was made, nanoseconds since boot. */
  start: 0,
  cgroup: 8,
  size: 16,
} as const

/** Offsets in an entry of `cgroups`; words as in `PROCESS_ENTRY`. */
export const CGROUP_ENTRY = {
  set: 0,
  version: 8,
  bits: 16,
  seal: 16 + 8 * BIT_WORDS,
  size: 24 + 8 * BIT_WORDS,
} as const

/** Threads and sets of control groups that are kept at most: what is beyond is unknown, so that its records pass. */
export const MAX_BORN = 65_536
export const MAX_CGROUPS = 8192

/** All that an entry says of control groups. */
export interface CgroupEntry {
  readonly set: bigint
  readonly version: bigint
  readonly bits: bigint
}

/** The key of control groups. */
export function cgroupKey(cgroup: bigint): Buffer {
  const key = Buffer.alloc(8)
  key.writeBigUInt64LE(BigInt.asUintN(64, cgroup))
  return key
}

/** The bytes of the entry of that key. */
export function encodeCgroupEntry(key: Buffer, {set, version, bits}: CgroupEntry): Buffer {
  const bytes = Buffer.alloc(CGROUP_ENTRY.size)
  bytes.writeBigUInt64LE(set, CGROUP_ENTRY.set)
  bytes.writeBigUInt64LE(version, CGROUP_ENTRY.version)
  for (let word = 0; word < BIT_WORDS; word++)
    bytes.writeBigUInt64LE(
      BigInt.asUintN(64, bits >> BigInt(64 * word)),
      CGROUP_ENTRY.bits + 8 * word,
    )
  bytes.writeBigUInt64LE(cgroupSeal(key, bytes), CGROUP_ENTRY.seal)
  return bytes
}

/** The seal that belongs to the words of an entry. */
export function cgroupSeal(key: Buffer, entry: Buffer): bigint {
  let seal = key.readBigUInt64LE(0)
  for (let at = 0; at < CGROUP_ENTRY.seal; at += 8) {
    seal = BigInt.asUintN(64, (seal ^ entry.readBigUInt64LE(at)) * SEAL_FACTOR)
    seal ^= seal >> 32n
  }
  return seal
}
