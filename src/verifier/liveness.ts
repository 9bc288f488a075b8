import {BPF_CLASS} from '../bpf/opcodes.ts'
import {helperSignature} from './helpers.ts'
import {isConditional, isLocalCall, jumpTarget, OPCODE, type Program, type Slot} from './program.ts'

/**
 * For each slot, the registers (bit N is rN) whose content may still be read from there on, within the same function. What no path
 * reads need not match an earlier state.
 */
export function liveRegisters({slots}: Program): Uint16Array {
  const live = new Uint16Array(slots.length + 1)
  for (let changed = true; changed; ) {
    changed = false
    for (let at = slots.length - 1; at >= 0; at--) {
      const slot = slots[at]!
      let after = 0
      for (const next of successors(slot, at)) after |= live[next] ?? 0
      const {reads, writes} = effect(slot)
      const before = (after & ~writes) | reads
      if (before === live[at]) continue
      live[at] = before
      changed = true
    }
  }
  return live
}

function successors(slot: Slot, at: number): number[] {
  const {opcode} = slot
  if (opcode === OPCODE.exit) return []
  if (opcode === OPCODE.jump || opcode === OPCODE.longJump) return [jumpTarget(slot, at)]
  if (opcode === OPCODE.wideLoad) return [at + 2]
  return isConditional(slot) ? [at + 1, jumpTarget(slot, at)] : [at + 1]
}

const CALL_ARGUMENTS = 0b11_1110
const CALL_LOST = 0b11_1111

function effect(slot: Slot): {readonly reads: number; readonly writes: number} {
  const {opcode} = slot
  const dst = 1 << slot.dst
  const src = 1 << slot.src
  switch (opcode & 7) {
    case BPF_CLASS.LD:
      return {reads: 0, writes: dst}
    case BPF_CLASS.LDX:
      return {reads: src, writes: dst}
    case BPF_CLASS.ST:
      return {reads: dst, writes: 0}
    case BPF_CLASS.STX:
      return {reads: dst | src | 1, writes: 0}
    case BPF_CLASS.JMP:
    case BPF_CLASS.JMP32:
      if (opcode === OPCODE.exit) return {reads: 1, writes: 0}
      if (opcode === OPCODE.call) {
        const count = isLocalCall(slot) ? 5 : (helperSignature(slot.imm)?.args.length ?? 5)
        return {reads: CALL_ARGUMENTS & ((2 << count) - 1), writes: CALL_LOST}
      }
      return {reads: dst | ((opcode & 8) !== 0 ? src : 0), writes: 0}
    default: {
      const isMove = (opcode & 0xf0) === 0xb0
      const byRegister = (opcode & 8) !== 0 && (opcode & 0xf0) !== 0xd0
      return {reads: (isMove ? 0 : dst) | (byRegister ? src : 0), writes: dst}
    }
  }
}
