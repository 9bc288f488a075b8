/**
 * What a conditional jump says of the values that it compares (linux v6.18 kernel/bpf/verifier.c, is_scalar_branch_taken and
 * regs_refine_cond_op).
 */
import type {JmpOp} from '../../bpf/opcodes.ts'
import {type Tnum, tnumAnd, tnumConst, tnumIntersect, tnumLow, tnumOr, tnumWithLow} from './tnum.ts'
import {type Bounds, LOW_UNBOUNDED, synced, UNKNOWN, type Value, WIDE_UNBOUNDED} from './value.ts'

/** `jnset`: no tested bit is set; the opposite of `jset`, which no instruction encodes. */
export type Comparison = JmpOp | 'jnset'

const OPPOSITE: Readonly<Record<Comparison, Comparison>> = {
  jeq: 'jne',
  jne: 'jeq',
  jgt: 'jle',
  jle: 'jgt',
  jge: 'jlt',
  jlt: 'jge',
  jsgt: 'jsle',
  jsle: 'jsgt',
  jsge: 'jslt',
  jslt: 'jsge',
  jset: 'jnset',
  jnset: 'jset',
}

/** The comparison that holds where this one does not. */
export function opposite(op: Comparison): Comparison {
  return OPPOSITE[op]
}

/** Whether the jump is surely taken (true), surely not (false), or neither is sure (undefined). */
export function decided(op: JmpOp, a: Value, b: Value, bits: 32 | 64): boolean | undefined {
  const x = bits === 64 ? a.wide : a.low
  const y = bits === 64 ? b.wide : b.low
  switch (op) {
    case 'jeq':
      return isEqual(a, b, bits)
    case 'jne': {
      const equal = isEqual(a, b, bits)
      return equal === undefined ? undefined : !equal
    }
    case 'jset':
      return hasBits(a, b, bits)
    case 'jgt':
      return above(x.umin, x.umax, y.umin, y.umax)
    case 'jle':
      return not(above(x.umin, x.umax, y.umin, y.umax))
    case 'jlt':
      return above(y.umin, y.umax, x.umin, x.umax)
    case 'jge':
      return not(above(y.umin, y.umax, x.umin, x.umax))
    case 'jsgt':
      return above(x.smin, x.smax, y.smin, y.smax)
    case 'jsle':
      return not(above(x.smin, x.smax, y.smin, y.smax))
    case 'jslt':
      return above(y.smin, y.smax, x.smin, x.smax)
    case 'jsge':
      return not(above(y.smin, y.smax, x.smin, x.smax))
  }
}

function not(answer: boolean | undefined): boolean | undefined {
  return answer === undefined ? undefined : !answer
}

function above(min: bigint, max: bigint, otherMin: bigint, otherMax: bigint): boolean | undefined {
  if (min > otherMax) return true
  return max <= otherMin ? false : undefined
}

function isEqual(a: Value, b: Value, bits: 32 | 64): boolean | undefined {
  const x = bits === 64 ? a.tnum : tnumLow(a.tnum)
  const y = bits === 64 ? b.tnum : tnumLow(b.tnum)
  if (x.mask === 0n && y.mask === 0n) return x.value === y.value
  if (bits === 64 && areApart(a.wide, b.wide)) return false
  return areApart(a.low, b.low) ? false : undefined
}

function areApart(a: Bounds, b: Bounds): boolean {
  return a.umin > b.umax || a.umax < b.umin || a.smin > b.smax || a.smax < b.smin
}

function hasBits(a: Value, b: Value, bits: 32 | 64): boolean | undefined {
  const x = bits === 64 ? a.tnum : tnumLow(a.tnum)
  const y = bits === 64 ? b.tnum : tnumLow(b.tnum)
  const [some, known] = y.mask === 0n ? [x, y.value] : [y, x.value]
  if (y.mask !== 0n && x.mask !== 0n) return undefined
  if ((some.value & known) !== 0n) return true
  return ((some.value | some.mask) & known) === 0n ? false : undefined
}

/** Both values where the comparison holds. */
export function refined(op: Comparison, a: Value, b: Value, bits: 32 | 64): [Value, Value] {
  const x = narrow(a, bits)
  const y = narrow(b, bits)
  switch (op) {
    case 'jeq': {
      const tnum = tnumIntersect(x.tnum, y.tnum)
      const bounds = overlap(x.bounds, y.bounds)
      return [widen(a, tnum, bounds, bits), widen(b, tnum, bounds, bits)]
    }
    case 'jne':
      if (y.tnum.mask === 0n) return [widen(a, x.tnum, without(x.bounds, y.bounds), bits), b]
      if (x.tnum.mask === 0n) return [a, widen(b, y.tnum, without(y.bounds, x.bounds), bits)]
      return [a, b]
    case 'jset':
    case 'jnset':
      return refinedBits(op, a, b, bits)
    case 'jle':
    case 'jlt':
    case 'jsle':
    case 'jslt': {
      const [less, more] = ordered(op, x.bounds, y.bounds)
      return [widen(a, x.tnum, less, bits), widen(b, y.tnum, more, bits)]
    }
    default: {
      const [second, first] = refined(MIRROR[op], b, a, bits)
      return [first, second]
    }
  }
}

const MIRROR = {jge: 'jle', jgt: 'jlt', jsge: 'jsle', jsgt: 'jslt'} as const

function narrow(value: Value, bits: 32 | 64): {readonly tnum: Tnum; readonly bounds: Bounds} {
  return bits === 64
    ? {tnum: value.tnum, bounds: value.wide}
    : {tnum: tnumLow(value.tnum), bounds: value.low}
}

function widen(value: Value, tnum: Tnum, bounds: Bounds, bits: 32 | 64): Value {
  if (bounds.umin > bounds.umax || bounds.smin > bounds.smax) return UNKNOWN
  return bits === 64
    ? synced(tnum, bounds, value.low)
    : synced(tnumWithLow(value.tnum, tnum), value.wide, bounds)
}

function overlap(a: Bounds, b: Bounds): Bounds {
  return {
    umin: larger(a.umin, b.umin),
    umax: smaller(a.umax, b.umax),
    smin: larger(a.smin, b.smin),
    smax: smaller(a.smax, b.smax),
  }
}

/** Without one constant, which can only be cut off at an end. */
function without(a: Bounds, constant: Bounds): Bounds {
  return {
    umin: a.umin === constant.umin ? a.umin + 1n : a.umin,
    umax: a.umax === constant.umin ? a.umax - 1n : a.umax,
    smin: a.smin === constant.smin ? a.smin + 1n : a.smin,
    smax: a.smax === constant.smin ? a.smax - 1n : a.smax,
  }
}

function ordered(
  op: 'jle' | 'jlt' | 'jsle' | 'jslt',
  a: Bounds,
  b: Bounds,
): [less: Bounds, more: Bounds] {
  const gap = op === 'jlt' || op === 'jslt' ? 1n : 0n
  return op === 'jle' || op === 'jlt'
    ? [
        {...a, umax: smaller(a.umax, b.umax - gap)},
        {...b, umin: larger(b.umin, a.umin + gap)},
      ]
    : [
        {...a, smax: smaller(a.smax, b.smax - gap)},
        {...b, smin: larger(b.smin, a.smin + gap)},
      ]
}

function refinedBits(op: 'jset' | 'jnset', a: Value, b: Value, bits: 32 | 64): [Value, Value] {
  const known = narrow(b, bits).tnum
  if (known.mask !== 0n) {
    if (narrow(a, bits).tnum.mask !== 0n) return [a, b]
    const [second, first] = refinedBits(op, b, a, bits)
    return [first, second]
  }
  const tested = known.value
  // Of several bits only one need be set, so nothing is known of each.
  if (op === 'jset' && (tested & (tested - 1n)) !== 0n) return [a, b]
  const {tnum, bounds} = narrow(a, bits)
  if (op === 'jset') return [widen(a, tnumOr(tnum, tnumConst(tested)), bounds, bits), b]
  // The ranges are forgotten, as in the kernel (linux v6.18 verifier.c, regs_refine_cond_op).
  const learned = tnumAnd(tnum, tnumConst(~tested))
  const whole = bits === 64 ? learned : tnumWithLow(a.tnum, learned)
  return [synced(whole, WIDE_UNBOUNDED, LOW_UNBOUNDED), b]
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
