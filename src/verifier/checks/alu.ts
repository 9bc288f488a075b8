import {BPF_CLASS} from '../../bpf/opcodes.ts'
import {
  anyNumber,
  kindOf,
  known,
  linked,
  markPrecise,
  type Pointer,
  type Register,
  type Scalar,
  scalar,
} from '../machine/register.ts'
import {currentFrame} from '../machine/state.ts'
import {Refusal} from '../problem.ts'
import type {Slot} from '../program.ts'
import {compute32, compute64, fitsBits, signExtended, type TrackedOp} from '../values/arithmetic.ts'
import {
  constOf,
  LOW_UNBOUNDED,
  S64_MIN,
  synced,
  UNKNOWN,
  unsignedValue,
  type Value,
  zeroExtended,
} from '../values/value.ts'
import type {WalkContext} from '../walk-context.ts'
import {MAX_OFFSET} from './memory.ts'

const TRACKED: Readonly<Record<number, TrackedOp>> = {
  0: 'add',
  16: 'sub',
  32: 'mul',
  64: 'or',
  80: 'and',
  96: 'lsh',
  112: 'rsh',
  160: 'xor',
  192: 'arsh',
}
const ADD = 0x00
const SUB = 0x10
const DIV = 0x30
const NEG = 0x80
const MOD = 0x90
const MOV = 0xb0
const END = 0xd0

/** Reads a register that must have been written. */
export function readRegister(context: WalkContext, number: number): NonNullable<Register> {
  if (number > 10) throw new Refusal('encoding', `there is no r${number}`)
  const register = currentFrame(context.state).registers[number]
  if (register === undefined) throw new Refusal('uninitialised', `r${number} was never written`)
  return register
}

/** Checks that a register can be written. */
export function requireWritableRegister(number: number): void {
  if (number > 10) throw new Refusal('encoding', `there is no r${number}`)
  if (number === 10) throw new Refusal('frame-pointer', 'r10 cannot be written')
}

/**
 * Walks one arithmetic instruction.
 * @throws Refusal
 */
export function walkAlu(context: WalkContext, slot: Slot): void {
  const is64 = (slot.opcode & 7) === BPF_CLASS.ALU64
  const op = slot.opcode & 0xf0
  const {registers} = currentFrame(context.state)
  checkFields(slot, op, is64)
  if (op === END || op === NEG) {
    const before = readRegister(context, slot.dst)
    requireWritableRegister(slot.dst)
    if (before.kind === 'pointer')
      throw new Refusal('pointer-arithmetic', `${kindOf(before)} is negated or swapped`)
    registers[slot.dst] = scalar(UNKNOWN, [before])
    return
  }
  const operand = operandOf(context, slot, is64)
  if (op === MOV) {
    requireWritableRegister(slot.dst)
    registers[slot.dst] = moved(context, slot, operand, is64)
    return
  }
  const before = readRegister(context, slot.dst)
  requireWritableRegister(slot.dst)
  registers[slot.dst] = combined(slot, before, operand, context.strict)
}

function checkFields({opcode, off, imm, src}: Slot, op: number, is64: boolean): void {
  const byRegister = (opcode & 8) !== 0
  let inOrder: boolean
  if (op === END) inOrder = src === 0 && off === 0 && [16, 32, 64].includes(imm)
  else if (op === NEG) inOrder = src === 0 && off === 0 && imm === 0
  else {
    const extends8 = op === MOV && byRegister && (off === 8 || off === 16 || (is64 && off === 32))
    const isSigned = (op === DIV || op === MOD) && off === 1
    inOrder = (byRegister ? imm === 0 : src === 0) && (off === 0 || extends8 || isSigned)
  }
  if (!inOrder) throw new Refusal('encoding', 'a reserved field is not zero')
  if ((op === DIV || op === MOD) && !byRegister && imm === 0)
    throw new Refusal('encoding', 'division by the constant zero')
  const shifts = op === 0x60 || op === 0x70 || op === 0xc0
  if (shifts && !byRegister && (imm < 0 || imm >= (is64 ? 64 : 32)))
    throw new Refusal('encoding', `a shift by ${imm} bits`)
}

function operandOf(context: WalkContext, slot: Slot, is64: boolean): NonNullable<Register> {
  if ((slot.opcode & 8) !== 0) return readRegister(context, slot.src)
  return known(is64 ? BigInt(slot.imm) : BigInt.asUintN(32, BigInt(slot.imm)))
}

function moved(
  context: WalkContext,
  slot: Slot,
  operand: NonNullable<Register>,
  is64: boolean,
): Register {
  if (operand.kind === 'pointer') {
    if (is64 && slot.off === 0) return operand
    if (slot.off !== 0)
      throw new Refusal('pointer-arithmetic', 'a part of a pointer is sign-extended')
    return scalar(unsignedValue(32))
  }
  if ((slot.opcode & 8) === 0) return operand
  if (slot.off !== 0) {
    const value = signExtended(operand.value, slot.off as 8 | 16 | 32, is64 ? 64 : 32)
    return {...scalar(value, [operand]), delta: operand.delta}
  }
  if (is64 || fitsBits(operand.value, 32)) {
    const copied = linked(operand, context.newId)
    currentFrame(context.state).registers[slot.src] = copied
    return copied
  }
  return {...scalar(zeroExtended(operand.value), [operand]), delta: operand.delta}
}

function combined(
  slot: Slot,
  before: NonNullable<Register>,
  operand: NonNullable<Register>,
  strict: boolean,
): Register {
  const is64 = (slot.opcode & 7) === BPF_CLASS.ALU64
  const op = slot.opcode & 0xf0
  if (before.kind === 'pointer' || operand.kind === 'pointer') {
    if (before.kind === 'pointer' && operand.kind === 'pointer') {
      if (op === 0x10) return anyNumber()
      throw new Refusal('pointer-arithmetic', 'two pointers are combined')
    }
    if (!is64) throw new Refusal('pointer-arithmetic', 'a pointer in 32-bit arithmetic')
    return movedPointer(op, before, operand)
  }
  const tracked = TRACKED[op]
  // The kernel forgets the upper half too, though a 32-bit operation clears it.
  if (tracked === undefined) return scalar(UNKNOWN, [before, operand])
  const value = (is64 ? compute64 : compute32)(tracked, before.value, operand.value)
  const result = {...scalar(value, [before, operand]), delta: before.delta}
  const constant = constOf(operand.value)
  const isSum = is64 && (op === ADD || op === SUB) && constant !== undefined && before.link !== 0
  // Only since Linux 6.12.
  if (!isSum || strict) return result
  const delta = op === ADD ? constant : -constant
  if (before.isSum || constant < -0x8000_0000n || constant > 0x7fff_ffffn || delta > 0x7fff_ffffn)
    return {...result, delta: 0n}
  return {...result, link: before.link, isSum: true, delta}
}

/** A pointer with a number added or taken away. */
function movedPointer(
  op: number,
  before: NonNullable<Register>,
  operand: NonNullable<Register>,
): Pointer {
  const base = (before.kind === 'pointer' ? before : operand) as Pointer
  const distance = (before.kind === 'pointer' ? operand : before) as Scalar
  const what = kindOf(base)
  if (base.maybeNull)
    throw new Refusal('null-dereference', `arithmetic on a ${what}`, {hint: 'test it for 0 first'})
  if (base.target === 'map') throw new Refusal('pointer-arithmetic', `arithmetic on a ${what}`)
  markPrecise(distance)
  requireSane(distance.value, base)
  if (distance.delta >= MAX_OFFSET || distance.delta <= -MAX_OFFSET)
    throw new Refusal('pointer-arithmetic', `a ${what} is moved by a sum with ${distance.delta}`)
  if (op !== 0x00 && op !== 0x10)
    throw new Refusal('pointer-arithmetic', `only + and - work on a ${what}`)
  if (op === 0x10 && before.kind === 'scalar')
    throw new Refusal('pointer-arithmetic', 'a pointer is subtracted from a number')
  if (op === 0x10 && base.target === 'stack')
    throw new Refusal('pointer-arithmetic', 'subtraction from a stack pointer', {
      hint: 'add a negative number',
    })
  const result = displaced(op, base, distance.value)
  requireSane(result.variable, base)
  if (BigInt(Math.abs(result.off)) >= MAX_OFFSET)
    throw new Refusal('pointer-arithmetic', `a ${what} is moved too far`)
  return result
}

function displaced(op: number, base: Pointer, distance: Value): Pointer {
  const constant = constOf(distance)
  if (constant !== undefined)
    return {...base, off: base.off + Number(op === 0 ? constant : -constant)}
  const sum = compute64(op === 0 ? 'add' : 'sub', base.variable, distance)
  return {...base, variable: synced(sum.tnum, sum.wide, LOW_UNBOUNDED)}
}

function requireSane(value: Value, base: Pointer): void {
  const {smin} = value.wide
  if (smin === S64_MIN)
    throw new Refusal('pointer-arithmetic', `a ${kindOf(base)} is moved by an unbounded number`, {
      hint: 'bound it from below, or mask it, first',
    })
  if (smin >= MAX_OFFSET || smin <= -MAX_OFFSET)
    throw new Refusal('pointer-arithmetic', `a ${kindOf(base)} is moved by ${smin}`)
}
