import {BPF_CLASS, BPF_JMP_OP, type JmpOp} from '../../bpf/opcodes.ts'
import {
  known,
  markPrecise,
  type Pointer,
  type Register,
  type Scalar,
  scalar,
} from '../machine/register.ts'
import {cloneState, currentFrame, mapRegisters, type State} from '../machine/state.ts'
import {Refusal} from '../problem.ts'
import {jumpTarget, OPCODE, type Slot} from '../program.ts'
import {shifted} from '../values/arithmetic.ts'
import {decided, opposite, refined} from '../values/condition.ts'
import {constOf, UNKNOWN} from '../values/value.ts'
import type {WalkContext} from '../walk-context.ts'
import {readRegister} from './alu.ts'

const OPERATIONS = new Map<number, JmpOp>(
  Object.entries(BPF_JMP_OP)
    .filter(([name]) => name !== 'ja' && name !== 'call' && name !== 'exit')
    .map(([name, bits]) => [bits, name as JmpOp]),
)

/**
 * Walks a conditional jump; gives where the path goes on. The other way is put off where both are possible.
 * @throws Refusal
 */
export function walkCondition(context: WalkContext, slot: Slot): number {
  const {state, at} = context
  const bits = (slot.opcode & 7) === BPF_CLASS.JMP ? 64 : 32
  const op = OPERATIONS.get(slot.opcode & 0xf0)!
  const byRegister = (slot.opcode & 8) !== 0
  if (byRegister ? slot.imm !== 0 : slot.src !== 0)
    throw new Refusal('encoding', 'a reserved field is not zero')
  const right = byRegister ? readRegister(context, slot.src) : known(BigInt(slot.imm))
  const left = readRegister(context, slot.dst)
  const target = jumpTarget(slot, at)
  const sure = outcome(op, left, right, bits)
  if (sure !== undefined) {
    if (left.kind === 'scalar') markPrecise(left)
    if (left.kind === 'scalar' && right.kind === 'scalar') markPrecise(right)
    return sure ? target : at + 1
  }
  const numbers = byRegister ? [right, left] : [left]
  endSurplusLinks(
    state,
    numbers.filter(register => register.kind === 'scalar'),
  )
  const other = cloneState(state)
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    if (byRegister && slot.src === slot.dst) {
      // The kernel contradicts itself on the way that is not possible, and then forgets what it knew.
      for (const way of [other, state]) learn(way, slot, false, [left, left], [UNKNOWN, UNKNOWN])
    } else {
      learn(other, slot, byRegister, [left, right], refined(op, left.value, right.value, bits))
      learn(
        state,
        slot,
        byRegister,
        [left, right],
        refined(opposite(op), left.value, right.value, bits),
      )
    }
  } else if (
    left.kind === 'pointer' &&
    left.maybeNull &&
    bits === 64 &&
    !byRegister &&
    slot.imm === 0
  ) {
    if (op === 'jeq' || op === 'jne') {
      resolveNull(other, left, op === 'jeq')
      resolveNull(state, left, op === 'jne')
    }
  }
  context.fork(other, target, `${at}: taken`)
  return at + 1
}

function outcome(
  op: JmpOp,
  left: NonNullable<Register>,
  right: NonNullable<Register>,
  bits: 32 | 64,
): boolean | undefined {
  if (left.kind === 'scalar' && right.kind === 'scalar')
    return decided(op, left.value, right.value, bits)
  if (bits !== 64 || left.kind !== 'pointer' || right.kind !== 'scalar') return undefined
  const neverNull =
    !left.maybeNull &&
    (left.target === 'map-value' || left.target === 'map-key' || left.target === 'record')
  if (!neverNull || constOf(right.value) !== 0n) return undefined
  return op === 'jeq' ? false : op === 'jne' ? true : undefined
}

/** Puts what a branch taught in the registers compared and in all that are linked with them. */
function learn(
  state: State,
  slot: Slot,
  byRegister: boolean,
  before: readonly [Scalar, Scalar],
  after: readonly [Scalar['value'], Scalar['value']],
): void {
  const {registers} = currentFrame(state)
  const left = taught(before[0], after[0], before)
  registers[slot.dst] = left
  spread(state, before[0], left)
  if (!byRegister) return
  const right = taught(before[1], after[1], before)
  registers[slot.src] = right
  spread(state, before[1], right)
}

function taught(old: Scalar, value: Scalar['value'], from: readonly Scalar[]): Scalar {
  return {...scalar(value, from), link: old.link, isSum: old.isSum, delta: old.delta}
}

function spread(state: State, old: Scalar, learned: Scalar): void {
  if (old.link === 0) return
  mapRegisters(state, register => {
    if (register.kind !== 'scalar' || register.link !== old.link || register === learned)
      return register
    const from = [register, learned, ...learned.from]
    if ((!register.isSum && !learned.isSum) || register.delta === learned.delta)
      return {...learned, precise: false, from}
    const {link, isSum, delta} = register
    return {...scalar(shifted(learned.value, delta - learned.delta), from), link, isSum, delta}
  })
}

/** Linked numbers that one branch is used for; the kernel ends the links of any more (linux v6.18 verifier.c, LINKED_REGS_MAX). */
const MAX_LINKED = 6

function endSurplusLinks(state: State, registers: readonly Scalar[]): void {
  let count = 0
  for (const {link} of registers) {
    if (link === 0) continue
    mapRegisters(state, register => {
      if (register.kind !== 'scalar' || register.link !== link) return register
      return ++count > MAX_LINKED ? {...register, link: 0, isSum: false} : register
    })
  }
}

/** Decides every pointer that is null together with this one. */
function resolveNull(state: State, tested: Pointer, isNull: boolean): void {
  if (isNull && tested.reference !== 0) {
    const references = new Map(state.references)
    references.delete(tested.reference)
    state.references = references
  }
  mapRegisters(state, register => {
    if (register.kind !== 'pointer' || register.id !== tested.id || !register.maybeNull)
      return register
    if (isNull) return known(0n)
    const {map} = register
    if (register.target === 'map-value' && map?.inner !== undefined)
      return {...register, target: 'map', maybeNull: false, id: 0, map: map.inner}
    return {...register, maybeNull: false, id: 0}
  })
}

/** Where a jump that is always taken goes. */
export function walkJump(slot: Slot, at: number): number {
  const long = slot.opcode === OPCODE.longJump
  if (slot.src !== 0 || slot.dst !== 0 || (long ? slot.off !== 0 : slot.imm !== 0))
    throw new Refusal('encoding', 'a reserved field is not zero')
  return jumpTarget(slot, at)
}
