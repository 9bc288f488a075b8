/**
 * What is known of a 64-bit number: its bits, and its range as unsigned and signed, whole and low half. The five descriptions
 * sharpen each other as in the kernel (linux v6.18 kernel/bpf/verifier.c, reg_bounds_sync), never more than there: a tighter
 * value could make us accept what the kernel refuses.
 */
import {
  TNUM_UNKNOWN,
  type Tnum,
  tnumContains,
  tnumIntersect,
  tnumLow,
  tnumRange,
  tnumWithLow,
  U64_MAX,
} from './tnum.ts'

/** The least and greatest number, unsigned and signed, all inclusive. */
export interface Bounds {
  readonly umin: bigint
  readonly umax: bigint
  readonly smin: bigint
  readonly smax: bigint
}

/** A set of 64-bit numbers. */
export interface Value {
  readonly tnum: Tnum
  /** Of the whole number. */
  readonly wide: Bounds
  /** Of its low 32 bits. */
  readonly low: Bounds
}

/** Greatest and least signed 64-bit numbers. */
export const S64_MAX = (1n << 63n) - 1n
export const S64_MIN = -(1n << 63n)

/** No bounds, for 64 and for 32 bits. */
export const WIDE_UNBOUNDED: Bounds = {umin: 0n, umax: U64_MAX, smin: S64_MIN, smax: S64_MAX}
export const LOW_UNBOUNDED: Bounds = {
  umin: 0n,
  umax: 0xffff_ffffn,
  smin: -0x8000_0000n,
  smax: 0x7fff_ffffn,
}

/** Any number. */
export const UNKNOWN: Value = {tnum: TNUM_UNKNOWN, wide: WIDE_UNBOUNDED, low: LOW_UNBOUNDED}

/** Exactly this number, signed or unsigned. */
export function constValue(value: bigint): Value {
  const unsigned = BigInt.asUintN(64, value)
  const signed = BigInt.asIntN(64, value)
  const ulow = BigInt.asUintN(32, value)
  const slow = BigInt.asIntN(32, value)
  return {
    tnum: {value: unsigned, mask: 0n},
    wide: {umin: unsigned, umax: unsigned, smin: signed, smax: signed},
    low: {umin: ulow, umax: ulow, smin: slow, smax: slow},
  }
}

/** Zero. */
export const ZERO = constValue(0n)

/** Whether the number is known. */
export function isConst(value: Value): boolean {
  return value.tnum.mask === 0n
}

/** The number as a constant, signed; undefined when it is not known. */
export function constOf(value: Value): bigint | undefined {
  return value.tnum.mask === 0n ? BigInt.asIntN(64, value.tnum.value) : undefined
}

/** Any number of `bits` unsigned bits. */
export function unsignedValue(bits: 8 | 16 | 32): Value {
  const umax = (1n << BigInt(bits)) - 1n
  return synced({value: 0n, mask: umax}, {...WIDE_UNBOUNDED, umax}, LOW_UNBOUNDED)
}

/** Any number from `smin` to `smax`, signed. */
export function signedValue(smin: bigint, smax: bigint): Value {
  return synced(TNUM_UNKNOWN, {...WIDE_UNBOUNDED, smin, smax}, LOW_UNBOUNDED)
}

/** Whether every number of `inner` is one of `outer`. */
export function contains(outer: Value, inner: Value): boolean {
  if (outer === inner) return true
  return (
    within(outer.wide, inner.wide) &&
    within(outer.low, inner.low) &&
    tnumContains(outer.tnum, inner.tnum)
  )
}

/** Whether the two descriptions are the same. */
export function sameValue(a: Value, b: Value): boolean {
  return a === b || (contains(a, b) && contains(b, a))
}

function within(outer: Bounds, inner: Bounds): boolean {
  return (
    outer.umin <= inner.umin &&
    outer.umax >= inner.umax &&
    outer.smin <= inner.smin &&
    outer.smax >= inner.smax
  )
}

/** The low half, zero-extended: what every 32-bit operation leaves. */
export function zeroExtended(value: Value): Value {
  const {umin, umax} = value.low
  return synced(tnumLow(value.tnum), {umin, umax, smin: umin, smax: umax}, value.low)
}

/** Combines bits and bounds, each sharpened by the others. A contradiction, which the kernel forgets too, gives any number. */
export function synced(tnum: Tnum, wide: Bounds, low: Bounds): Value {
  const draft: Draft = {tnum, wide: {...wide}, low: {...low}}
  boundsFromBits(draft)
  for (let round = 0; round < 2; round++) {
    deduceLow(draft)
    combineSigns(draft.wide, 64)
    deduceWide(draft)
  }
  bitsFromBounds(draft)
  boundsFromBits(draft)
  if (isEmpty(draft.wide) || isEmpty(draft.low)) return UNKNOWN
  return isConst(draft) ? constValue(draft.tnum.value) : draft
}

type Mutable<T> = {-readonly [K in keyof T]: T[K]}
interface Draft {
  tnum: Tnum
  wide: Mutable<Bounds>
  low: Mutable<Bounds>
}

function isEmpty({umin, umax, smin, smax}: Bounds): boolean {
  return umin > umax || smin > smax
}

function boundsFromBits(draft: Draft): void {
  boundsFromTnum(draft.wide, draft.tnum, 64)
  boundsFromTnum(draft.low, tnumLow(draft.tnum), 32)
}

function boundsFromTnum(bounds: Mutable<Bounds>, {value, mask}: Tnum, bits: 32 | 64): void {
  const sign = 1n << BigInt(bits - 1)
  raise(bounds, 'u', value)
  lower(bounds, 'u', value | mask)
  raise(bounds, 's', BigInt.asIntN(bits, value | (mask & sign)))
  lower(bounds, 's', BigInt.asIntN(bits, value | (mask & ~sign)))
}

function raise(bounds: Mutable<Bounds>, sign: 'u' | 's', min: bigint): void {
  if (sign === 'u') {
    if (min > bounds.umin) bounds.umin = min
  } else if (min > bounds.smin) bounds.smin = min
}

function lower(bounds: Mutable<Bounds>, sign: 'u' | 's', max: bigint): void {
  if (sign === 'u') {
    if (max < bounds.umax) bounds.umax = max
  } else if (max < bounds.smax) bounds.smax = max
}

/** Bounds of the low half, where the whole number's range leaves the upper half fixed. */
function deduceLow({wide, low}: Draft): void {
  if (wide.umin >> 32n === wide.umax >> 32n) fitLow(low, wide.umin, wide.umax)
  if (wide.smin >> 32n === wide.smax >> 32n) fitLow(low, wide.smin, wide.smax)
  combineSigns(low, 32)
}

function fitLow(low: Mutable<Bounds>, min: bigint, max: bigint): void {
  const umin = BigInt.asUintN(32, min)
  const umax = BigInt.asUintN(32, max)
  if (umin <= umax) {
    raise(low, 'u', umin)
    lower(low, 'u', umax)
  }
  const smin = BigInt.asIntN(32, min)
  const smax = BigInt.asIntN(32, max)
  if (smin <= smax) {
    raise(low, 's', smin)
    lower(low, 's', smax)
  }
}

/** Signed and unsigned ranges are the same where neither crosses its boundary. */
function combineSigns(bounds: Mutable<Bounds>, bits: 32 | 64): void {
  const fromMin = BigInt.asIntN(bits, bounds.umin)
  const fromMax = BigInt.asIntN(bits, bounds.umax)
  if (fromMin <= fromMax) {
    raise(bounds, 's', fromMin)
    lower(bounds, 's', fromMax)
  }
  const toMin = BigInt.asUintN(bits, bounds.smin)
  const toMax = BigInt.asUintN(bits, bounds.smax)
  if (toMin <= toMax) {
    raise(bounds, 'u', toMin)
    lower(bounds, 'u', toMax)
  }
}

/** The whole number's range, sharpened at both ends by what the low half can be there. */
function deduceWide({wide, low}: Draft): void {
  raise(wide, 'u', ((wide.umin >> 32n) << 32n) | low.umin)
  lower(wide, 'u', ((wide.umax >> 32n) << 32n) | low.umax)
  raise(wide, 's', ((wide.smin >> 32n) << 32n) | low.umin)
  lower(wide, 's', ((wide.smax >> 32n) << 32n) | low.umax)
  // A sign-extended number whose low half is not negative is that half. The kernel takes over its bounds as they are, even where
  // it knew closer ones, and so must we.
  if (low.smin >= 0n && wide.smin >= LOW_UNBOUNDED.smin && wide.smax <= LOW_UNBOUNDED.smax)
    Object.assign(wide, {smin: low.smin, smax: low.smax, umin: low.smin, umax: low.smax})
}

function bitsFromBounds(draft: Draft): void {
  const {wide, low} = draft
  const whole = tnumIntersect(draft.tnum, tnumRange(wide.umin, wide.umax))
  const half = tnumIntersect(tnumLow(whole), tnumRange(low.umin, low.umax))
  draft.tnum = tnumWithLow(whole, half)
}
