/**
 * What user space found out about a thread, in the map `MAP_NAME.processes` by the thread's number. It holds only while all that
 * it was found out for is still so: the filter compares, and takes an entry that does not fit for none.
 *
 *     | start | exec id | set | version | epoch | bits: 4 words | seal |   u64 each
 *
 * The kernel gives the memory of an entry that was replaced to the next one, while a program on another processor may still read
 * it (linux v6.8 kernel/bpf/hashtab.c, free_htab_elem). The seal is worked out of the thread's number and all words before
 * it, so that words of two entries are not taken for one.
 */
import {PREDICATES_MAX} from './predicate-set.ts'

const BIT_WORDS = PREDICATES_MAX / 64

/** Offsets in an entry. */
export const PROCESS_ENTRY = {
  /** When the thread was made, nanoseconds since boot, as the kernel has it. */
  start: 0,
  /** Number of the program that the process runs: each exec takes the next one. */
  execId: 8,
  /** Which conditions the bits stand for: the id of the set. */
  set: 16,
  /** {@link PROCESS_WORD} `version` when it was written. */
  version: 24,
  /** {@link PROCESS_WORD} `epoch` that it was written for; {@link NO_EPOCH}: what hangs on other processes is not known. */
  epoch: 32,
  bits: 40,
  seal: 40 + 8 * BIT_WORDS,
  size: 48 + 8 * BIT_WORDS,
} as const

/** The epoch that never comes. */
export const NO_EPOCH = 0xffff_ffff_ffff_ffffn

/**
 * Indexes of the words in the map `MAP_NAME.processWords`, u64 each. The kernel counts `epoch` up before it takes the time of a record
 * that may change what other processes' conditions look at, and `lost` when such a record could not be handed over. User space sets
 * the others: `version` changes with its state where no record tells, `sets` says which conditions the programs
 * of even and odd generations ask for.
 */
export const PROCESS_WORD = {epoch: 0, lost: 1, version: 2, sets: 3, count: 5} as const

/** Entries at most, of {@link PROCESS_ENTRY} `size` each; threads beyond have none, so that their records pass. */
export const MAX_PROCESS_ENTRIES = 65_536

/** Factor of the seal: odd, with bits all over. */
export const SEAL_FACTOR = 0x9e37_79b9_7f4a_7c15n

/** All that an entry says. */
export interface ProcessEntry {
  readonly start: bigint
  readonly execId: bigint
  readonly set: bigint
  readonly version: bigint
  readonly epoch: bigint
  /** Which conditions hold, `PREDICATES_MAX` bits. */
  readonly bits: bigint
}

/** The bytes of an entry for the thread with this number. */
export function encodeProcessEntry(tid: number, entry: ProcessEntry): Buffer {
  const bytes = Buffer.alloc(PROCESS_ENTRY.size)
  const put = (offset: number, word: bigint): void => {
    bytes.writeBigUInt64LE(BigInt.asUintN(64, word), offset)
  }
  put(PROCESS_ENTRY.start, entry.start)
  put(PROCESS_ENTRY.execId, entry.execId)
  put(PROCESS_ENTRY.set, entry.set)
  put(PROCESS_ENTRY.version, entry.version)
  put(PROCESS_ENTRY.epoch, entry.epoch)
  for (let word = 0; word < BIT_WORDS; word++)
    put(PROCESS_ENTRY.bits + 8 * word, entry.bits >> BigInt(64 * word))
  put(PROCESS_ENTRY.seal, processSeal(tid, bytes))
  return bytes
}

/** The seal that belongs to the words of an entry. Each step can be undone, so entries that differ in one word have different seals. */
export function processSeal(tid: number, entry: Buffer): bigint {
  let seal = BigInt(tid)
  for (let at = 0; at < PROCESS_ENTRY.seal; at += 8) {
    seal = BigInt.asUintN(64, (seal ^ entry.readBigUInt64LE(at)) * SEAL_FACTOR)
    seal ^= seal >> 32n
  }
  return seal
}
