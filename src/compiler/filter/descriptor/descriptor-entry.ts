/**
 * What user space found out about an open descriptor, in the map `MAP_NAME.descriptors` by process and number:
 *
 *     key    | process id: u32 | descriptor: s32 |
 *     entry  | start | file | node | set | bits | seal |   u64 each
 *
 * It holds only for the very file that it was found out for: the filter compares the process's start, the address of the kernel's open
 * file and the number of its node, and takes an entry that does not fit for none. The seal is as that of `process-entry.ts`.
 */
import {SEAL_FACTOR} from '../process/process-entry.ts'

/** Offsets in an entry. */
export const DESCRIPTOR_ENTRY = {
  /** When the process (its first thread) started, nanoseconds since boot. */
  start: 0,
  /** Address of the kernel's open file, and number of its node. */
  file: 8,
  node: 16,
  /** Which tests the bits stand for: the id of the set. */
  set: 24,
  bits: 32,
  seal: 40,
  size: 48,
} as const

/** Size of a key. */
export const DESCRIPTOR_KEY_SIZE = 8

/** Entries at most; descriptors beyond have none, so that their records pass. */
export const MAX_DESCRIPTOR_ENTRIES = 65_536

/** All that an entry says. */
export interface DescriptorEntry {
  readonly start: bigint
  readonly file: bigint
  readonly node: bigint
  readonly set: bigint
  /** Which tests hold, `DESCRIPTOR_TESTS_MAX` bits. */
  readonly bits: bigint
}

/** The key of a descriptor. */
export function descriptorKey(pid: number, fd: number): Buffer {
  const key = Buffer.alloc(DESCRIPTOR_KEY_SIZE)
  key.writeUInt32LE(pid, 0)
  key.writeInt32LE(fd, 4)
  return key
}

/** The bytes of the entry of that key. */
export function encodeDescriptorEntry(key: Buffer, entry: DescriptorEntry): Buffer {
  const bytes = Buffer.alloc(DESCRIPTOR_ENTRY.size)
  const put = (offset: number, word: bigint): void => {
    bytes.writeBigUInt64LE(BigInt.asUintN(64, word), offset)
  }
  put(DESCRIPTOR_ENTRY.start, entry.start)
  put(DESCRIPTOR_ENTRY.file, entry.file)
  put(DESCRIPTOR_ENTRY.node, entry.node)
  put(DESCRIPTOR_ENTRY.set, entry.set)
  put(DESCRIPTOR_ENTRY.bits, entry.bits)
  put(DESCRIPTOR_ENTRY.seal, descriptorSeal(key, bytes))
  return bytes
}

/** The seal that belongs to the words of an entry. */
export function descriptorSeal(key: Buffer, entry: Buffer): bigint {
  let seal = key.readBigUInt64LE(0)
  for (let at = 0; at < DESCRIPTOR_ENTRY.seal; at += 8) {
    seal = BigInt.asUintN(64, (seal ^ entry.readBigUInt64LE(at)) * SEAL_FACTOR)
    seal ^= seal >> 32n
  }
  return seal
}
