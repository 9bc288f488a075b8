/**
 * What arithmetic makes of values (linux v6.18 kernel/bpf/verifier.c, adjust_scalar_min_max_vals). Division, remainder,
 * negation and byte swaps give any number, as there.
 */
import {
  TNUM_UNKNOWN,
  type Tnum,
  tnumAdd,
  tnumAnd,
  tnumLow,
  tnumMul,
  tnumOr,
  tnumSar,
  tnumShl,
  tnumShr,
  tnumSub,
  tnumXor,
} from './tnum.ts'
import {
  type Bounds,
  constOf,
  constValue,
  isConst,
  LOW_UNBOUNDED,
  S64_MAX,
  S64_MIN,
  synced,
  UNKNOWN,
  type Value,
  WIDE_UNBOUNDED,
  zeroExtended,
} from './value.ts'

/** Operations that keep something of their operands' ranges. */
export type TrackedOp = 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor' | 'lsh' | 'rsh' | 'arsh'

type Width = 32 | 64

const UNBOUNDED: Readonly<Record<Width, Bounds>> = {64: WIDE_UNBOUNDED, 32: LOW_UNBOUNDED}

/** `a op b` in 64 bits; shifts by an unknown amount give any number. */
export function compute64(op: TrackedOp, a: Value, b: Value): Value {
  if (op === 'lsh' || op === 'rsh' || op === 'arsh') return shift64(op, a, b)
  const tnum = BITS[op](a.tnum, b.tnum)
  const wide = BOUNDS[op](a.wide, b.wide, tnum, 64)
  const low = BOUNDS[op](a.low, b.low, tnumLow(tnum), 32)
  return synced(tnum, wide, low)
}

/** `a + distance`, its bits and ranges not sharpened by each other: so the kernel moves numbers that are linked (linux v6.18 verifier.c, sync_linked_regs). */
export function shifted(a: Value, distance: bigint): Value {
  const b = constValue(distance)
  const tnum = tnumAdd(a.tnum, b.tnum)
  return {
    tnum,
    wide: BOUNDS.add(a.wide, b.wide, tnum, 64),
    low: BOUNDS.add(a.low, b.low, tnumLow(tnum), 32),
  }
}

/** `a op b` in 32 bits, zero-extended. */
export function compute32(op: TrackedOp, a: Value, b: Value): Value {
  if (op === 'lsh' || op === 'rsh' || op === 'arsh') return shift32(op, a, b)
  const tnum = tnumLow(BITS[op](tnumLow(a.tnum), tnumLow(b.tnum)))
  const low = BOUNDS[op](a.low, b.low, tnum, 32)
  return zeroExtended({tnum, wide: WIDE_UNBOUNDED, low})
}

const BITS = {
  add: tnumAdd,
  sub: tnumSub,
  mul: tnumMul,
  and: tnumAnd,
  or: tnumOr,
  xor: tnumXor,
} as const

type BoundsOf = (a: Bounds, b: Bounds, tnum: Tnum, bits: Width) => Bounds

const BOUNDS: Readonly<Record<keyof typeof BITS, BoundsOf>> = {
  add: (a, b, _tnum, bits) => ({
    ...unsignedOr(a.umin + b.umin, a.umax + b.umax, bits),
    ...signedOr(a.smin + b.smin, a.smax + b.smax, bits),
  }),
  sub: (a, b, _tnum, bits) => ({
    ...unsignedOr(a.umin - b.umax, a.umax - b.umin, bits),
    ...signedOr(a.smin - b.smax, a.smax - b.smin, bits),
  }),
  mul: (a, b, _tnum, bits) => {
    const limit = bits === 64 ? LOW_UNBOUNDED.umax : 0xffffn
    if (a.smin < 0n || b.smin < 0n || a.umax > limit || b.umax > limit) return UNBOUNDED[bits]
    return withSigns(a.umin * b.umin, a.umax * b.umax, bits)
  },
  and: (a, b, tnum, bits) => withSigns(tnum.value, lesser(a.umax, b.umax), bits),
  or: (a, b, tnum, bits) => withSigns(-lesser(-a.umin, -b.umin), tnum.value | tnum.mask, bits),
  xor: (_a, _b, tnum, bits) => withSigns(tnum.value, tnum.value | tnum.mask, bits),
}

function lesser(a: bigint, b: bigint): bigint {
  return a <= b ? a : b
}

function unsignedOr(umin: bigint, umax: bigint, bits: Width): Pick<Bounds, 'umin' | 'umax'> {
  const {umax: most} = UNBOUNDED[bits]
  return umin >= 0n && umax <= most ? {umin, umax} : {umin: 0n, umax: most}
}

function signedOr(smin: bigint, smax: bigint, bits: Width): Pick<Bounds, 'smin' | 'smax'> {
  const limits = UNBOUNDED[bits]
  return smin >= limits.smin && smax <= limits.smax
    ? {smin, smax}
    : {smin: limits.smin, smax: limits.smax}
}

/** An unsigned range, and the same signed where it does not cross the sign. */
function withSigns(umin: bigint, umax: bigint, bits: Width): Bounds {
  const smin = BigInt.asIntN(bits, umin)
  const smax = BigInt.asIntN(bits, umax)
  return smin <= smax ? {umin, umax, smin, smax} : {...UNBOUNDED[bits], umin, umax}
}

function shift64(op: 'lsh' | 'rsh' | 'arsh', a: Value, b: Value): Value {
  const amount = constOf(b)
  if (amount === undefined || amount < 0n || amount > 63n) return UNKNOWN
  const shift = Number(amount)
  const {umin, umax, smin, smax} = a.wide
  switch (op) {
    case 'lsh': {
      const fits = umax <= WIDE_UNBOUNDED.umax >> amount
      const signExtending = shift === 32
      return synced(
        tnumShl(a.tnum, shift),
        {
          umin: fits ? umin << amount : 0n,
          umax: fits ? umax << amount : WIDE_UNBOUNDED.umax,
          smin: signExtending && a.low.smin >= 0n ? a.low.smin << 32n : S64_MIN,
          smax: signExtending && a.low.smax >= 0n ? a.low.smax << 32n : S64_MAX,
        },
        LOW_UNBOUNDED,
      )
    }
    case 'rsh':
      return synced(
        tnumShr(a.tnum, shift),
        {...WIDE_UNBOUNDED, umin: umin >> amount, umax: umax >> amount},
        LOW_UNBOUNDED,
      )
    case 'arsh':
      return synced(
        tnumSar(a.tnum, shift, 64),
        {...WIDE_UNBOUNDED, smin: smin >> amount, smax: smax >> amount},
        LOW_UNBOUNDED,
      )
  }
}

function shift32(op: 'lsh' | 'rsh' | 'arsh', a: Value, b: Value): Value {
  const amount = constOf(b)
  if (amount === undefined || amount < 0n || amount > 31n) return UNKNOWN
  const shift = Number(amount)
  const tnum = tnumLow(a.tnum)
  const {umin, umax, smin, smax} = a.low
  switch (op) {
    case 'lsh': {
      const fits = umax <= LOW_UNBOUNDED.umax >> amount
      const low = fits ? {umin: umin << amount, umax: umax << amount} : {}
      return lowOnly(tnumLow(tnumShl(tnum, shift)), {...LOW_UNBOUNDED, ...low})
    }
    case 'rsh':
      return lowOnly(tnumShr(tnum, shift), {
        ...LOW_UNBOUNDED,
        umin: umin >> amount,
        umax: umax >> amount,
      })
    case 'arsh':
      return lowOnly(tnumSar(tnum, shift, 32), {
        ...LOW_UNBOUNDED,
        smin: smin >> amount,
        smax: smax >> amount,
      })
  }
}

function lowOnly(tnum: Tnum, low: Bounds): Value {
  return zeroExtended(synced(tnum, {...WIDE_UNBOUNDED, umax: LOW_UNBOUNDED.umax}, low))
}

/** The low `bytes` bytes, zero-extended: a narrow load of the value. */
export function truncated(value: Value, bytes: number): Value {
  if (bytes === 8) return value
  const bits = BigInt(bytes * 8)
  const mask = (1n << bits) - 1n
  const tnum = {value: value.tnum.value & mask, mask: value.tnum.mask & mask}
  const {umin, umax} = value.wide
  // The range survives only when the part that is cut off is the same at both ends.
  const kept =
    umin >> bits === umax >> bits ? {umin: umin & mask, umax: umax & mask} : {umin: 0n, umax: mask}
  return synced(tnum, {...WIDE_UNBOUNDED, ...kept}, bytes === 4 ? value.low : LOW_UNBOUNDED)
}

/**
 * The low `bits` bits, sign-extended to 64 or to 32 bits (linux v6.18 verifier.c, coerce_reg_to_size_sx). A range survives only
 * when what is cut off and the sign are the same at both ends.
 */
export function signExtended(value: Value, bits: 8 | 16 | 32, width: Width = 64): Value {
  const constant = constOf(value)
  if (constant !== undefined) {
    const extended = BigInt.asIntN(bits, constant)
    return constValue(width === 64 ? extended : BigInt.asUintN(32, extended))
  }
  const {smin, smax} = width === 64 ? value.wide : value.low
  const limit = 1n << BigInt(bits - 1)
  const ends = [BigInt.asIntN(bits, smin), BigInt.asIntN(bits, smax)] as const
  const least = lesser(...ends)
  const most = -lesser(-ends[0], -ends[1])
  const survives = smin >> BigInt(bits) === smax >> BigInt(bits) && least >= 0n === most >= 0n
  const range = survives ? {smin: least, smax: most} : {smin: -limit, smax: limit - 1n}
  if (width === 64) return synced(TNUM_UNKNOWN, {...WIDE_UNBOUNDED, ...range}, LOW_UNBOUNDED)
  return lowOnly(tnumLow(TNUM_UNKNOWN), {...LOW_UNBOUNDED, ...range})
}

/** Whether a value surely needs no more than this many bits, unsigned. */
export function fitsBits(value: Value, bits: number): boolean {
  return value.wide.umax < 1n << BigInt(bits) || (isConst(value) && value.tnum.value === 0n)
}
