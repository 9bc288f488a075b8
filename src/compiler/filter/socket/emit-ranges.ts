import type {Assembler, Label, Reg} from '../../../bpf/assembler.ts'
import type {Range} from './socket-atom.ts'

const INT32_END = 2n ** 31n
const WORD = 64n

/** A number in registers: one, or two for 128 bits. */
export interface WideNumber {
  readonly low: Reg
  readonly high?: Reg
}

/**
 * Jumps to `yes` when the number, which has so many bits, is in one of the sorted ranges, and to `no` otherwise: halves them, so
 * that the comparisons made grow with the logarithm of their count. Loses r5.
 */
export function emitInRanges(
  asm: Assembler,
  number: WideNumber,
  bits: number,
  ranges: readonly Range[],
  {yes, no}: {readonly yes: Label; readonly no: Label},
): void {
  const middle = ranges[ranges.length >> 1]
  if (middle === undefined) {
    asm.jump(no)
    return
  }
  const [before, after] = [
    ranges.slice(0, ranges.length >> 1),
    ranges.slice((ranges.length >> 1) + 1),
  ]
  const left = before.length === 0 ? no : asm.label('left')
  const [first, last] = middle
  if (first > 0n) emitJumpIfBelow(asm, number, first, left)
  if ((last + 1n) >> BigInt(bits) === 0n) {
    emitJumpIfBelow(asm, number, last + 1n, yes)
    emitInRanges(asm, number, bits, after, {yes, no})
  } else asm.jump(yes)
  if (before.length === 0) return
  asm.place(left)
  emitInRanges(asm, number, bits, before, {yes, no})
}

/** `if (number < value) goto target`, unsigned. Loses r5. */
function emitJumpIfBelow(
  asm: Assembler,
  {low, high}: WideNumber,
  value: bigint,
  target: Label,
): void {
  const lowValue = BigInt.asUintN(Number(WORD), value)
  if (high === undefined) {
    emitCompare(asm, 'jlt', low, lowValue, target)
    return
  }
  const next = asm.label('not below')
  const highValue = value >> WORD
  emitCompare(asm, 'jlt', high, highValue, target)
  emitCompare(asm, 'jgt', high, highValue, next)
  emitCompare(asm, 'jlt', low, lowValue, target)
  asm.place(next)
}

function emitCompare(
  asm: Assembler,
  op: 'jlt' | 'jgt',
  left: Reg,
  value: bigint,
  target: Label,
): void {
  // Immediates are extended with their sign: only small ones mean themselves without one.
  if (value < INT32_END) asm.jumpIfImm(op, left, Number(value), target)
  else asm.movImm(5, value).jumpIf(op, left, 5, target)
}
