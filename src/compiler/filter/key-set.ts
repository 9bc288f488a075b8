import type {Assembler, Label, Reg} from '../../bpf/assembler.ts'
import {emitJumpIfEqual} from './emit-equal.ts'
import type {FilterData} from './filter-data.ts'

/**
 * A set of 64-bit keys as constant data of a program: looked up without a call, in one cache line.
 *
 *     | bucket: 64 bytes | … |     bucket: | key: u64 | … |, eight of them; 0: free, and so are all behind it
 *
 * A key's bucket is told by the highest bits of the key times an odd number, so keys may be plain numbers.
 */
export interface KeySet {
  readonly bytes: Buffer
  /** There are 2 to this power buckets; at least 1. */
  readonly bucketBits: number
  readonly multiplier: bigint
  /** Whether 0 is a key: it has no place in the table. */
  readonly hasZero: boolean
}

const BUCKET_KEYS = 8
const BUCKET_BYTES = 8 * BUCKET_KEYS
/** Keys for each bucket that the table is first tried with: with this many chosen at random few buckets overflow. */
const FIRST_LOAD = 2
/** How many times a table is doubled at most: by then not even one key for sixteen buckets fits. */
const MOST_DOUBLINGS = 5
/** Odd numbers with bits all over, tried one after the other. */
const MULTIPLIERS = [
  0x9e37_79b9_7f4a_7c15n,
  0xc2b2_ae3d_27d4_eb4fn,
  0xd6e8_feb8_6659_fd93n,
  0xa076_1d64_78bd_642fn,
] as const

const unsigned = (key: bigint): bigint => BigInt.asUintN(64, key)

/**
 * A table of the keys. Buckets that overflow make it try another multiplier, then twice the size.
 * @returns undefined when no such table holds them: keys that were chosen for that
 */
export function keySetOf(keys: Iterable<bigint>): KeySet | undefined {
  const all = new Set([...keys].map(unsigned))
  const hasZero = all.delete(0n)
  const firstBits = Math.max(1, Math.ceil(Math.log2(all.size / FIRST_LOAD)))
  for (let doublings = 0; doublings <= MOST_DOUBLINGS; doublings++) {
    for (const multiplier of MULTIPLIERS) {
      const bytes = tableOf(all, firstBits + doublings, multiplier)
      if (bytes !== undefined)
        return {bytes, bucketBits: firstBits + doublings, multiplier, hasZero}
    }
  }
  return undefined
}

function tableOf(keys: ReadonlySet<bigint>, bits: number, multiplier: bigint): Buffer | undefined {
  const bytes = Buffer.alloc(BUCKET_BYTES * 2 ** bits)
  const filled = new Uint8Array(2 ** bits)
  for (const key of keys) {
    const bucket = bucketOf(key, bits, multiplier)
    const place = filled[bucket]!
    if (place === BUCKET_KEYS) return undefined
    bytes.writeBigUInt64LE(key, bucket * BUCKET_BYTES + place * 8)
    filled[bucket] = place + 1
  }
  return bytes
}

function bucketOf(key: bigint, bits: number, multiplier: bigint): number {
  return Number(unsigned(key * multiplier) >> BigInt(64 - bits))
}

/** Whether the key is in the set: what the program answers that {@link emitKeySetLookup} makes. */
export function hasKey({bytes, bucketBits, multiplier, hasZero}: KeySet, key: bigint): boolean {
  const wanted = unsigned(key)
  if (wanted === 0n) return hasZero
  const from = bucketOf(wanted, bucketBits, multiplier) * BUCKET_BYTES
  for (let at = from; at < from + BUCKET_BYTES; at += 8) {
    const found = bytes.readBigUInt64LE(at)
    if (found === wanted) return true
    if (found === 0n) return false
  }
  return false
}

/** A key set that stands in the constant data of a program. */
export interface PlacedKeySet extends KeySet {
  /** Name of the data and offset in it. */
  readonly map: string
  readonly offset: number
}

/** Puts a set into the constant data of a program. */
export function placeKeySet(set: KeySet, data: FilterData): PlacedKeySet {
  return {...set, map: data.name, offset: data.add(set.bytes)}
}

/**
 * Jumps to `hit` when the key is in the set, and goes on otherwise. Keeps the key and loses the two other registers and, for a
 * set with the key 0, nothing more.
 */
export function emitKeySetLookup(
  asm: Assembler,
  {bucketBits, multiplier, hasZero, map, offset}: PlacedKeySet,
  {key, lose: [bucket, value]}: {readonly key: Reg; readonly lose: readonly [Reg, Reg]},
  hit: Label,
): void {
  const miss = asm.label('miss')
  if (hasZero) emitJumpIfEqual(asm, key, 0n, hit)
  asm.movImm(bucket, multiplier).alu('mul', bucket, key)
  asm.aluImm('rsh', bucket, 64 - bucketBits).aluImm('lsh', bucket, Math.log2(BUCKET_BYTES))
  asm.loadMapValue(value, map, offset).alu('add', bucket, value)
  for (let at = 0; at < BUCKET_BYTES; at += 8) {
    asm.load(8, value, bucket, at)
    asm.jumpIfImm('jeq', value, 0, miss).jumpIf('jeq', value, key, hit)
  }
  asm.place(miss)
}
