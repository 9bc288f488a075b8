/**
 * Partly known 64-bit numbers: each bit is 0, 1 or unknown (linux v6.18 kernel/bpf/tnum.c). Numbers are unsigned BigInts below
 * 2^64.
 */

/** `mask` holds the unknown bits; `value` the known ones, zero where unknown. */
export interface Tnum {
  readonly value: bigint
  readonly mask: bigint
}

/** 2^64 - 1. */
export const U64_MAX = 0xffff_ffff_ffff_ffffn
const U32_MAX = 0xffff_ffffn

/** Nothing is known. */
export const TNUM_UNKNOWN: Tnum = {value: 0n, mask: U64_MAX}

/** Exactly this number. */
export function tnumConst(value: bigint): Tnum {
  return {value: BigInt.asUintN(64, value), mask: 0n}
}

/** The bits that all numbers from `min` to `max` (unsigned) share in front. */
export function tnumRange(min: bigint, max: bigint): Tnum {
  if (min > max) return TNUM_UNKNOWN
  const mask = (1n << BigInt(bitLength(min ^ max))) - 1n
  return {value: min & ~mask & U64_MAX, mask}
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

/** Sum. */
export function tnumAdd(a: Tnum, b: Tnum): Tnum {
  const sm = a.mask + b.mask
  const sv = a.value + b.value
  const mu = ((sm + sv) ^ sv) | a.mask | b.mask
  const mask = mu & U64_MAX
  return {value: sv & ~mask & U64_MAX, mask}
}

/** Difference. */
export function tnumSub(a: Tnum, b: Tnum): Tnum {
  const dv = BigInt.asUintN(64, a.value - b.value)
  const alpha = BigInt.asUintN(64, dv + a.mask)
  const beta = BigInt.asUintN(64, dv - b.mask)
  const mask = (alpha ^ beta) | a.mask | b.mask
  return {value: dv & ~mask & U64_MAX, mask}
}

/** Bitwise and. */
export function tnumAnd(a: Tnum, b: Tnum): Tnum {
  const alpha = a.value | a.mask
  const beta = b.value | b.mask
  const value = a.value & b.value
  return {value, mask: alpha & beta & ~value & U64_MAX}
}

/** Bitwise or. */
export function tnumOr(a: Tnum, b: Tnum): Tnum {
  const value = a.value | b.value
  return {value, mask: (a.mask | b.mask) & ~value & U64_MAX}
}

/** Bitwise exclusive or. */
export function tnumXor(a: Tnum, b: Tnum): Tnum {
  const mask = a.mask | b.mask
  return {value: (a.value ^ b.value) & ~mask & U64_MAX, mask}
}

/**
 * Product. Exact for constants and for powers of two; else only the zero bits at the low end survive, which holds for the product
 * of every kernel version, whose precise algorithms differ.
 */
export function tnumMul(a: Tnum, b: Tnum): Tnum {
  if (a.mask === 0n && b.mask === 0n) return tnumConst(a.value * b.value)
  const shift = a.mask === 0n ? powerOfTwo(a.value) : powerOfTwo(b.mask === 0n ? b.value : 0n)
  if (shift !== undefined) return tnumShl(a.mask === 0n ? b : a, shift)
  if ((a.value | a.mask) === 0n || (b.value | b.mask) === 0n) return tnumConst(0n)
  const zeros = BigInt(trailingZeros(a.value | a.mask) + trailingZeros(b.value | b.mask))
  return {value: 0n, mask: zeros > 63n ? 0n : (U64_MAX << zeros) & U64_MAX}
}

function powerOfTwo(value: bigint): number | undefined {
  return value !== 0n && (value & (value - 1n)) === 0n ? bitLength(value) - 1 : undefined
}

function trailingZeros(value: bigint): number {
  return bitLength(value & -value) - 1
}

/** Shifted left by 0 to 63 bits. */
export function tnumShl(a: Tnum, shift: number): Tnum {
  const by = BigInt(shift)
  return {value: (a.value << by) & U64_MAX, mask: (a.mask << by) & U64_MAX}
}

/** Shifted right by 0 to 63 bits, zeros coming in. */
export function tnumShr(a: Tnum, shift: number): Tnum {
  const by = BigInt(shift)
  return {value: a.value >> by, mask: a.mask >> by}
}

/** Shifted right with copies of the sign bit; `bits` is the width, 32 or 64, of the number. */
export function tnumSar(a: Tnum, shift: number, bits: 32 | 64): Tnum {
  const by = BigInt(shift)
  return {
    value: BigInt.asUintN(bits, BigInt.asIntN(bits, a.value) >> by),
    mask: BigInt.asUintN(bits, BigInt.asIntN(bits, a.mask) >> by),
  }
}

/** What both say together; where they contradict each other a one wins. */
export function tnumIntersect(a: Tnum, b: Tnum): Tnum {
  const mask = a.mask & b.mask
  return {value: (a.value | b.value) & ~mask & U64_MAX, mask}
}

/** Whether every number of `b` is one of `a`. */
export function tnumContains(a: Tnum, b: Tnum): boolean {
  return (b.mask & ~a.mask) === 0n && a.value === (b.value & ~a.mask)
}

/** The low 32 bits, the others zero. */
export function tnumLow(a: Tnum): Tnum {
  return {value: a.value & U32_MAX, mask: a.mask & U32_MAX}
}

/** The upper half of `a` with the low half of `low`. */
export function tnumWithLow(a: Tnum, low: Tnum): Tnum {
  const upper = U64_MAX ^ U32_MAX
  return {
    value: (a.value & upper) | (low.value & U32_MAX),
    mask: (a.mask & upper) | (low.mask & U32_MAX),
  }
}

/** Whether every number is a multiple of `size`, a power of two. */
export function tnumIsAligned(a: Tnum, size: number): boolean {
  return ((a.value | a.mask) & BigInt(size - 1)) === 0n
}
