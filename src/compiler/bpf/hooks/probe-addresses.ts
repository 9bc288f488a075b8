import {Assembler, type Label, type Reg} from '../../../bpf/assembler.ts'
import {HELPERS} from '../../../bpf/helpers.ts'
import {type Instruction, slotsOf} from '../../../bpf/instruction.ts'
import {
  BPF_ALU_OP,
  BPF_CLASS,
  BPF_JMP_OP,
  BPF_SIZE,
  BPF_SOURCE,
  type Width,
} from '../../../bpf/opcodes.ts'
import {R, STACK} from '../capture-context.ts'

/**
 * Makes a program written for typed pointers fit for a hook that hands over bare addresses: each load through an address
 * becomes a `probe_read_kernel` of the same width, which reads as 0 where the memory is bad, as a typed load does. Which
 * registers hold addresses is found by following values from the context through the program: what is loaded from the context
 * is an address, and so is what is loaded through an address, or made from one by arithmetic. Pointers that the kernel's
 * verifier knows (the stack, map values, what helpers give) are left alone.
 */

/** What a register or stack place holds. Where two paths meet, the smaller number wins. */
const HOLDS = {nothing: 0, context: 1, address: 2, known: 3, number: 4} as const
type Holds = (typeof HOLDS)[keyof typeof HOLDS]

/** Registers r0–r10, then what the stack holds in 8-byte places from the top. */
type State = Uint8Array

const REGISTERS = 11
const FRAME = 10
const STACK_PLACES = 64
/** Registers that a helper call loses: what of them is in use is kept on the stack meanwhile. */
const LOST_IN_CALLS: readonly Reg[] = [0, 1, 2, 3, 4, 5]
const CALL = BPF_CLASS.JMP | BPF_JMP_OP.call
const EXIT = BPF_CLASS.JMP | BPF_JMP_OP.exit
const JUMP = BPF_CLASS.JMP | BPF_JMP_OP.ja
const OPERATION = 0xf0
const CLASS = 0x07
const SIZE = 0x18
const WIDTHS: ReadonlyMap<number, Width> = new Map([
  [BPF_SIZE.B, 1],
  [BPF_SIZE.H, 2],
  [BPF_SIZE.W, 4],
  [BPF_SIZE.DW, 8],
])
/** Helpers whose result is a pointer that the kernel's verifier knows. */
const KNOWN_RESULTS: ReadonlySet<number> = new Set([
  HELPERS.map_lookup_elem,
  HELPERS.get_current_task_btf,
  HELPERS.task_pt_regs,
  HELPERS.ringbuf_reserve,
])

/** The program with every load through a bare address made a guarded copy. */
export function probeAddresses(program: readonly Instruction[]): Instruction[] {
  const targets = jumpTargets(program)
  const states = followValues(program, targets)
  const asm = new Assembler()
  const labels = new Map<number, Label>()
  for (const target of targets) if (target >= 0) labels.set(target, asm.label(`${target}`))
  for (const [index, instruction] of program.entries()) {
    const label = labels.get(index)
    if (label !== undefined) asm.place(label)
    const state = states[index]
    if (state !== undefined && isLoad(instruction) && state[instruction.src] === HOLDS.address)
      emitProbe(asm, instruction, state)
    else asm.append(instruction, labels.get(targets[index]!))
  }
  return asm.finish()
}

/** For each instruction the index of the one that it jumps to, or -1. */
function jumpTargets(program: readonly Instruction[]): number[] {
  const slots: number[] = []
  let next = 0
  for (const instruction of program) {
    slots.push(next)
    next += slotsOf(instruction)
  }
  const bySlot = new Map(slots.map((slot, index) => [slot, index]))
  return program.map(({opcode, off}, index) => {
    if ((opcode & CLASS) !== BPF_CLASS.JMP || opcode === CALL || opcode === EXIT) return -1
    return bySlot.get(slots[index]! + 1 + off)!
  })
}

/** What each instruction finds in registers and stack; undefined for one that is never reached. */
function followValues(
  program: readonly Instruction[],
  targets: readonly number[],
): (State | undefined)[] {
  const states: (State | undefined)[] = program.map(() => undefined)
  const first = new Uint8Array(REGISTERS + STACK_PLACES)
  first[1] = HOLDS.context
  first[FRAME] = HOLDS.known
  states[0] = first
  const waiting = [0]
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const instruction = program[index]!
    const after = stateAfter(instruction, states[index]!)
    for (const next of successors(instruction.opcode, index, targets[index]!)) {
      if (meet(states, next, after)) waiting.push(next)
    }
  }
  return states
}

function successors(opcode: number, index: number, target: number): number[] {
  if (opcode === EXIT) return []
  if (opcode === JUMP) return [target]
  return target < 0 ? [index + 1] : [index + 1, target]
}

/** Joins a state into that of an instruction; whether that changed it. */
function meet(states: (State | undefined)[], index: number, state: State): boolean {
  const old = states[index]
  if (old === undefined) {
    states[index] = Uint8Array.from(state)
    return true
  }
  let changed = false
  for (const [place, holds] of state.entries()) {
    if (holds >= old[place]!) continue
    old[place] = holds
    changed = true
  }
  return changed
}

function stateAfter(instruction: Instruction, before: State): State {
  const state = Uint8Array.from(before)
  const {opcode, dst, src, off, imm} = instruction
  switch (opcode & CLASS) {
    case BPF_CLASS.LD:
      state[dst] = instruction.map === undefined ? HOLDS.number : HOLDS.known
      break
    case BPF_CLASS.LDX:
      state[dst] = loaded(state, instruction)
      break
    case BPF_CLASS.ST:
    case BPF_CLASS.STX:
      if (dst === FRAME) {
        const holds = (opcode & CLASS) === BPF_CLASS.STX ? state[src]! : HOLDS.number
        state[stackPlace(off)] = (opcode & SIZE) === BPF_SIZE.DW ? holds : HOLDS.number
      }
      break
    case BPF_CLASS.ALU:
    case BPF_CLASS.ALU64:
      state[dst] = computed(state, instruction)
      break
    default:
      if (opcode === CALL) {
        for (const register of LOST_IN_CALLS) state[register] = HOLDS.nothing
        state[0] = KNOWN_RESULTS.has(imm) ? HOLDS.known : HOLDS.number
      }
  }
  return state
}

function loaded(state: State, {opcode, src, off}: Instruction): Holds {
  const holds = state[src] as Holds
  if ((opcode & SIZE) !== BPF_SIZE.DW) return HOLDS.number
  if (src === FRAME) return (state[stackPlace(off)] || HOLDS.number) as Holds
  // Once it is no longer the context itself, this register points to the copy of the context's words on the stack.
  if (src === R.ctx && holds === HOLDS.known) return state[stackPlace(STACK.words + off)] as Holds
  // What a typed or a map pointer leads to is a typed pointer or a number: neither needs a probe.
  return holds === HOLDS.context || holds === HOLDS.address ? HOLDS.address : HOLDS.known
}

function computed(state: State, {opcode, dst, src}: Instruction): Holds {
  const fromRegister = (opcode & BPF_SOURCE.X) !== 0
  const operand = (fromRegister ? state[src] : HOLDS.number) as Holds
  if ((opcode & OPERATION) === BPF_ALU_OP.mov) return operand
  const own = state[dst] as Holds
  return own === HOLDS.number ? operand : own
}

function stackPlace(offset: number): number {
  return REGISTERS + Math.floor(-(offset + 1) / 8)
}

function isLoad({opcode}: Instruction): boolean {
  return (opcode & CLASS) === BPF_CLASS.LDX
}

/** `dst = *(uN *)(src + off)` by a helper, with every other register as it was. */
function emitProbe(asm: Assembler, {opcode, dst, src, off}: Instruction, state: State): void {
  const width = WIDTHS.get(opcode & SIZE)!
  const kept = LOST_IN_CALLS.filter(
    register => register !== dst && state[register] !== HOLDS.nothing,
  )
  for (const register of kept) asm.store(8, 10, STACK.spill + 8 * register, register)
  asm.mov(3, src as Reg).aluImm('add', 3, off)
  asm.mov(1, 10).aluImm('add', 1, STACK.probe).movImm(2, width).call('probe_read_kernel')
  asm.load(width, dst as Reg, 10, STACK.probe)
  for (const register of kept) asm.load(8, register, 10, STACK.spill + 8 * register)
}
