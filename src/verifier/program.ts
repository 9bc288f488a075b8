import {BPF_CLASS} from '../bpf/opcodes.ts'
import {Refusal} from './problem.ts'

/** One 8-byte slot as encoded; the second half of a wide load is a slot of its own. */
export interface Slot {
  readonly opcode: number
  readonly dst: number
  readonly src: number
  readonly off: number
  readonly imm: number
}

/** Opcodes that are named by themselves. */
export const OPCODE = {
  wideLoad: 0x18,
  jump: 0x05,
  longJump: 0x06,
  call: 0x85,
  exit: 0x95,
  mayGoto: 0xe5,
} as const

/** `src` of a wide load. */
export const WIDE_SOURCE = {constant: 0, map: 1, mapValue: 2, func: 4} as const

/** Most slots of a program (linux v6.18 include/linux/bpf.h, BPF_COMPLEXITY_LIMIT_INSNS). */
const MAX_SLOTS = 1_000_000

/** A program whose encoding and flow are in order. */
export interface Program {
  readonly slots: readonly Slot[]
  /** First slot of each subprogram, ascending; 0 is the main program. */
  readonly starts: readonly number[]
  /** Slots where the paths are compared with earlier ones. */
  readonly mergePoints: ReadonlySet<number>
}

/**
 * Decodes a program and checks what needs no walking.
 * @throws Refusal
 */
export function readProgram(code: Buffer): Program {
  if (code.length === 0 || code.length % 8 !== 0)
    throw new Refusal('encoding', `a program of ${code.length} bytes is not whole instructions`)
  if (code.length / 8 > MAX_SLOTS)
    throw new Refusal('complexity', `the program has more than ${MAX_SLOTS} instructions`)
  const slots: Slot[] = []
  for (let at = 0; at < code.length; at += 8) {
    const registers = code.readUInt8(at + 1)
    slots.push({
      opcode: code.readUInt8(at),
      dst: registers & 15,
      src: registers >> 4,
      off: code.readInt16LE(at + 2),
      imm: code.readInt32LE(at + 4),
    })
  }
  const halves = secondHalves(slots)
  const starts = findSubprograms(slots, halves)
  checkJumps(slots, halves, starts)
  return {slots, starts, mergePoints: checkReach(slots)}
}

/** Whether the slot jumps on a condition (`may_goto` counts as one). */
export function isConditional({opcode}: Slot): boolean {
  const kind = opcode & 7
  if (kind !== BPF_CLASS.JMP && kind !== BPF_CLASS.JMP32) return false
  return ![OPCODE.jump, OPCODE.longJump, OPCODE.call, OPCODE.exit].includes(opcode as 5)
}

/** Where a jump at `at` goes. */
export function jumpTarget(slot: Slot, at: number): number {
  return at + 1 + (slot.opcode === OPCODE.longJump ? slot.imm : slot.off)
}

/** Whether the slot calls a subprogram. */
export function isLocalCall({opcode, src}: Slot): boolean {
  return opcode === OPCODE.call && src === 1
}

/** Whether the slot calls a function of the kernel by its type. */
export function isKernelCall({opcode, src}: Slot): boolean {
  return opcode === OPCODE.call && src !== 0 && src !== 1
}

/** Whether the slot loads the address of a callback. */
export function isCallbackLoad({opcode, src}: Slot): boolean {
  return opcode === OPCODE.wideLoad && src === WIDE_SOURCE.func
}

/** The subprogram, by index, that holds a slot. */
export function subprogramAt(starts: readonly number[], slot: number): number {
  let index = starts.length - 1
  while (index > 0 && starts[index]! > slot) index--
  return index
}

function secondHalves(slots: readonly Slot[]): Set<number> {
  const halves = new Set<number>()
  for (let at = 0; at < slots.length; at++) {
    const slot = slots[at]!
    if (slot.opcode !== OPCODE.wideLoad) {
      checkOpcode(slot, at)
      continue
    }
    const second = slots[at + 1]
    if (second?.opcode !== 0 || second.dst !== 0 || second.src !== 0 || second.off !== 0)
      throw new Refusal('encoding', 'the second half of a wide load is missing or malformed', {
        slot: at,
      })
    const source = slot.src
    const isKnown = source === 0 || source === 1 || source === 2 || source === 4
    if (!isKnown || ((source === 1 || source === 4) && second.imm !== 0))
      throw new Refusal('encoding', `a wide load of kind ${source} is not supported`, {slot: at})
    halves.add(++at)
  }
  return halves
}

const ALU_SAME = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0]
const CONDITIONS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0]

/** Every opcode that exists (linux v6.18 kernel/bpf/core.c, BPF_INSN_MAP). */
const KNOWN = new Set<number>([
  ...ALU_SAME.flatMap(op => [op | 0x04, op | 0x0c, op | 0x07, op | 0x0f]),
  ...[0x84, 0x87, 0xd4, 0xdc, 0xd7],
  ...CONDITIONS.flatMap(op => [op | 0x05, op | 0x0d, op | 0x06, op | 0x0e]),
  ...Object.values(OPCODE),
  ...[0x61, 0x69, 0x71, 0x79, 0x81, 0x89, 0x91],
  ...[0x62, 0x6a, 0x72, 0x7a, 0x63, 0x6b, 0x73, 0x7b],
  ...[0xc3, 0xcb, 0xd3, 0xdb],
  ...[0x20, 0x28, 0x30, 0x40, 0x48, 0x50],
])

function checkOpcode({opcode, imm}: Slot, at: number): void {
  if (!KNOWN.has(opcode))
    throw new Refusal('encoding', `0x${opcode.toString(16)} is no opcode`, {slot: at})
  if ((opcode & 7) === BPF_CLASS.LDX && imm !== 0)
    throw new Refusal('encoding', 'a load has an immediate', {slot: at})
}

function findSubprograms(slots: readonly Slot[], halves: ReadonlySet<number>): number[] {
  const starts = new Set([0])
  slots.forEach((slot, at) => {
    if (halves.has(at) || (!isLocalCall(slot) && !isCallbackLoad(slot))) return
    const target = at + 1 + slot.imm
    if (target < 0 || target >= slots.length || halves.has(target))
      throw new Refusal('flow', `the call goes to ${target}, where no instruction is`, {slot: at})
    starts.add(target)
  })
  return [...starts].sort((a, b) => a - b)
}

function checkJumps(
  slots: readonly Slot[],
  halves: ReadonlySet<number>,
  starts: readonly number[],
): void {
  starts.forEach((start, index) => {
    const end = starts[index + 1] ?? slots.length
    for (let at = start; at < end; at++) {
      const slot = slots[at]!
      if (halves.has(at)) continue
      const jumps =
        isConditional(slot) || slot.opcode === OPCODE.jump || slot.opcode === OPCODE.longJump
      if (!jumps) continue
      const target = jumpTarget(slot, at)
      if (target < start || target >= end)
        throw new Refusal('flow', `jump out of range from ${at} to ${target}`, {slot: at})
      if (halves.has(target))
        throw new Refusal('flow', `jump into the middle of the wide load at ${target - 1}`, {
          slot: at,
        })
    }
    const {opcode} = slots[end - 1]!
    const ends = opcode === OPCODE.exit || opcode === OPCODE.jump || opcode === OPCODE.longJump
    if (!ends || halves.has(end - 1))
      throw new Refusal('flow', 'the last instruction is neither an exit nor a jump', {
        slot: end - 1,
      })
  })
}

/** Checks that every slot can be reached, dead conditions aside, and finds the points where paths meet. */
function checkReach(slots: readonly Slot[]): Set<number> {
  const seen = new Uint8Array(slots.length)
  const points = new Set<number>()
  const pending = [0]
  const follow = (target: number, meets: boolean): void => {
    if (meets) points.add(target)
    if (seen[target] === 0) pending.push(target)
  }
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (seen[at] !== 0) continue
    seen[at] = 1
    const slot = slots[at]!
    const {opcode} = slot
    if (opcode === OPCODE.exit) continue
    if (opcode === OPCODE.jump || opcode === OPCODE.longJump) {
      follow(jumpTarget(slot, at), true)
      continue
    }
    if (isConditional(slot)) {
      points.add(at)
      follow(jumpTarget(slot, at), true)
    }
    if (isLocalCall(slot) || isCallbackLoad(slot)) follow(at + 1 + slot.imm, false)
    if (opcode === OPCODE.call) points.add(at)
    if (opcode === OPCODE.wideLoad) seen[at + 1] = 1
    const next = at + (opcode === OPCODE.wideLoad ? 2 : 1)
    if (next >= slots.length) throw new Refusal('flow', 'the program runs past its end', {slot: at})
    follow(next, false)
  }
  const dead = seen.indexOf(0)
  if (dead >= 0)
    throw new Refusal('flow', `instruction ${dead} is never reached`, {
      slot: dead,
      hint: 'remove it',
    })
  return points
}
