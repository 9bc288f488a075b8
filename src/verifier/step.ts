import {BPF_CLASS} from '../bpf/opcodes.ts'
import {walkAlu} from './checks/alu.ts'
import {callFunction, leaveFunction, walkHelper} from './checks/calls.ts'
import {walkCondition, walkJump} from './checks/jump.ts'
import {walkLoad, walkStore, walkWideLoad} from './checks/transfer.ts'
import {FOR_EACH_HELPER, LOOP_HELPER} from './helpers.ts'
import {cloneState} from './machine/state.ts'
import {Refusal} from './problem.ts'
import {isLocalCall, jumpTarget, OPCODE, type Program, type Slot} from './program.ts'
import type {StepContext} from './walk-context.ts'

/** Whether the paths come back to this instruction without an end that the ranges show. */
export function isIterating({slots}: Program, at: number): boolean {
  const {opcode, src, imm} = slots[at]!
  if (opcode === OPCODE.mayGoto) return true
  return opcode === OPCODE.call && src === 0 && (imm === LOOP_HELPER || imm === FOR_EACH_HELPER)
}

/**
 * Walks one instruction; gives where the path goes on, undefined when it ends.
 * @throws Refusal
 */
export function step(context: StepContext): number | undefined {
  const {at, program} = context
  const slot = program.slots[at]!
  switch (slot.opcode & 7) {
    case BPF_CLASS.LD:
      if (slot.opcode !== OPCODE.wideLoad)
        throw new Refusal('encoding', 'packet loads are not for programs of this kind')
      walkWideLoad(context, slot)
      return at + 2
    case BPF_CLASS.LDX:
      walkLoad(context, slot)
      return at + 1
    case BPF_CLASS.ST:
    case BPF_CLASS.STX:
      walkStore(context, slot)
      return at + 1
    case BPF_CLASS.JMP:
    case BPF_CLASS.JMP32:
      return walkFlow(context, slot)
    default:
      walkAlu(context, slot)
      return at + 1
  }
}

function walkFlow(context: StepContext, slot: Slot): number | undefined {
  const {at} = context
  switch (slot.opcode) {
    case OPCODE.exit:
      if (slot.src !== 0 || slot.dst !== 0 || slot.off !== 0 || slot.imm !== 0)
        throw new Refusal('encoding', 'a reserved field is not zero')
      return leaveFunction(context)
    case OPCODE.call:
      if (slot.off !== 0 || slot.dst !== 0)
        throw new Refusal('encoding', 'a reserved field is not zero')
      if (isLocalCall(slot)) return callFunction(context, at + 1 + slot.imm)
      return walkHelper(context, slot.imm)
    case OPCODE.jump:
    case OPCODE.longJump:
      return walkJump(slot, at)
    case OPCODE.mayGoto: {
      if (slot.src !== 0 || slot.dst !== 0 || slot.imm !== 0)
        throw new Refusal('encoding', 'a reserved field is not zero')
      const other = cloneState(context.state)
      other.mayGotoDepth++
      context.widen(other, at)
      context.fork(other, at + 1, `${at}: goes on`)
      return jumpTarget(slot, at)
    }
    default:
      return walkCondition(context, slot)
  }
}
