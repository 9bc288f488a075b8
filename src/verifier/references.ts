import {BPF_CLASS, BPF_MODE} from '../bpf/opcodes.ts'
import type {VerifierInput, VerifierMap} from './input.ts'
import {Refusal} from './problem.ts'
import {isKernelCall, OPCODE, type Program, type Slot, WIDE_SOURCE} from './program.ts'

/**
 * Checks what every instruction refers to, those that no path reaches included: the kernel does so before it walks (linux v6.18
 * verifier.c, resolve_pseudo_ldimm64 and add_subprog_and_kfunc).
 * @throws Refusal
 */
export function checkReferences(input: VerifierInput, {slots}: Program, strict: boolean): void {
  for (let at = 0; at < slots.length; at++) {
    const slot = slots[at]!
    if (isKernelCall(slot))
      throw new Refusal('helper', 'calls of kernel functions are not supported', {slot: at})
    if (strict && isNew(slot))
      throw new Refusal('portability', 'strict mode: kernels before 6.6 lack the instruction', {
        slot: at,
        hint: 'compile with -mcpu=v3',
      })
    if (slot.opcode !== OPCODE.wideLoad) continue
    if (slot.src === WIDE_SOURCE.func && input.describesFunctions === false)
      throw new Refusal('flow', 'a callback in a program without types of its functions', {
        slot: at,
        hint: 'compile with -g',
      })
    if (slot.src === WIDE_SOURCE.map || slot.src === WIDE_SOURCE.mapValue)
      checkMap(input, slot, slots[at + 1]!.imm, at)
    at++
  }
}

function checkMap(input: VerifierInput, slot: Slot, offset: number, at: number): void {
  const map = referredMap(input, slot)
  if (map === undefined) throw new Refusal('map', `there is no map ${slot.imm}`, {slot: at})
  if (slot.src === WIDE_SOURCE.map) return
  if (map.type !== 'array' || map.maxEntries !== 1)
    throw new Refusal('map', 'values have a fixed address only in arrays of one entry', {slot: at})
  if (offset < 0 || offset >= map.valueSize)
    throw new Refusal('map', `the value has no byte ${offset}`, {slot: at})
}

/** Whether the instruction exists only since Linux 6.6 (version 4 of the set) or later. */
function isNew({opcode, off}: Slot): boolean {
  const kind = opcode & 7
  if (kind === BPF_CLASS.LDX) return (opcode & 0xe0) === BPF_MODE.MEMSX
  if (kind === BPF_CLASS.ALU || kind === BPF_CLASS.ALU64) return opcode === 0xd7 || off !== 0
  return opcode === OPCODE.longJump || opcode === OPCODE.mayGoto
}

/** The map that a wide load names. */
export function referredMap(input: VerifierInput, slot: Slot): VerifierMap | undefined {
  return input.maps[slot.imm]
}
