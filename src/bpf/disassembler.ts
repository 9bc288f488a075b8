import {helperName} from './helpers.ts'
import {type Instruction, LD_IMM64, slotsOf} from './instruction.ts'
import {
  BPF_ALU_OP,
  BPF_ATOMIC,
  BPF_CLASS,
  BPF_JMP_OP,
  BPF_MODE,
  BPF_PSEUDO,
  BPF_SIZE,
  BPF_SOURCE,
} from './opcodes.ts'

const ALU_SYMBOL: Record<string, string> = {
  add: '+=',
  sub: '-=',
  mul: '*=',
  div: '/=',
  or: '|=',
  and: '&=',
  lsh: '<<=',
  rsh: '>>=',
  mod: '%=',
  xor: '^=',
  mov: '=',
  arsh: 's>>=',
}
const JMP_SYMBOL: Record<string, string> = {
  jeq: '==',
  jgt: '>',
  jge: '>=',
  jset: '&',
  jne: '!=',
  jsgt: 's>',
  jsge: 's>=',
  jlt: '<',
  jle: '<=',
  jslt: 's<',
  jsle: 's<=',
}
const aluNames = new Map<number, string>(
  Object.entries(BPF_ALU_OP).map(([name, bits]) => [bits, name]),
)
const jmpNames = new Map<number, string>(
  Object.entries(BPF_JMP_OP).map(([name, bits]) => [bits, name]),
)
const SIZE_NAME = new Map<number, string>([
  [BPF_SIZE.B, 'u8'],
  [BPF_SIZE.H, 'u16'],
  [BPF_SIZE.W, 'u32'],
  [BPF_SIZE.DW, 'u64'],
])

/** Names of a program's functions by their first slot. */
export type FunctionNames = ReadonlyMap<number, string>

/**
 * Readable assembler: one line an instruction, `slot: text`; jumps name the slot they go to. Map references show the
 * map's name where the instruction has one. Functions with a name begin with a line of their own.
 */
export function disassemble(
  instructions: readonly Instruction[],
  functions: FunctionNames = new Map(),
): string[] {
  const lines: string[] = []
  let slot = 0
  for (const instruction of instructions) {
    const name = functions.get(slot)
    if (name !== undefined) lines.push(`${name}:`)
    lines.push(`${String(slot).padStart(4)}: ${textOf(instruction, slot, functions)}`)
    slot += slotsOf(instruction)
  }
  return lines
}

function textOf(instruction: Instruction, slot: number, functions: FunctionNames): string {
  const {opcode} = instruction
  switch (opcode & 7) {
    case BPF_CLASS.LD:
      return opcode === LD_IMM64
        ? wideLoadText(instruction, slot, functions)
        : unknownText(instruction)
    case BPF_CLASS.LDX:
      return loadText(instruction)
    case BPF_CLASS.ST:
    case BPF_CLASS.STX:
      return storeText(instruction)
    case BPF_CLASS.JMP:
    case BPF_CLASS.JMP32:
      return jumpText(instruction, slot, functions)
    default:
      return aluText(instruction)
  }
}

function wideLoadText(
  {dst, src, imm, imm64, map, mapOffset}: Instruction,
  slot: number,
  functions: FunctionNames,
): string {
  if (map !== undefined && mapOffset !== undefined) return `r${dst} = &${map} + ${mapOffset}`
  if (map !== undefined) return `r${dst} = map[${map}]`
  if (src === BPF_PSEUDO.FUNC) {
    const target = slot + 1 + imm
    return `r${dst} = function ${functions.get(target) ?? target}`
  }
  if (src === BPF_PSEUDO.MAP_FD) return `r${dst} = map[fd ${imm}]`
  if (src === BPF_PSEUDO.NONE) return `r${dst} = ${imm64 ?? BigInt(imm)} ll`
  return `r${dst} = pseudo ${src} ${imm} ll`
}

function loadText(instruction: Instruction): string {
  const mode = instruction.opcode & 0xe0
  if (mode !== BPF_MODE.MEM && mode !== BPF_MODE.MEMSX) return unknownText(instruction)
  const size = SIZE_NAME.get(instruction.opcode & 0x18)!
  const type = mode === BPF_MODE.MEMSX ? size.replace('u', 's') : size
  return `r${instruction.dst} = *(${type} *)${placeText(instruction.src, instruction.off)}`
}

function storeText(instruction: Instruction): string {
  const {opcode, dst, src, off, imm} = instruction
  const size = SIZE_NAME.get(opcode & 0x18)!
  const mode = opcode & 0xe0
  if (mode === BPF_MODE.ATOMIC) {
    if (imm === BPF_ATOMIC.add) return `lock *(${size} *)${placeText(dst, off)} += r${src}`
    return `lock *(${size} *)${placeText(dst, off)} op ${hex(imm)} r${src}`
  }
  if (mode !== BPF_MODE.MEM) return unknownText(instruction)
  const value = (opcode & 7) === BPF_CLASS.STX ? `r${src}` : String(imm)
  return `*(${size} *)${placeText(dst, off)} = ${value}`
}

function jumpText(instruction: Instruction, slot: number, functions: FunctionNames): string {
  const {opcode, dst, src, off, imm} = instruction
  const name = jmpNames.get(opcode & 0xf0)
  const target = `goto ${slot + 1 + off}`
  if (name === undefined) return unknownText(instruction)
  if (name === 'exit') return 'exit'
  if (name === 'call' && src === 0) return `call ${helperName(imm)}`
  if (name === 'call') return `call ${functions.get(slot + 1 + imm) ?? `pc${signed(imm)}`}`
  if (name === 'ja') return target
  const narrow = (opcode & 7) === BPF_CLASS.JMP32 ? 'w' : 'r'
  const right = (opcode & BPF_SOURCE.X) !== 0 ? `${narrow}${src}` : String(imm)
  return `if ${narrow}${dst} ${JMP_SYMBOL[name]} ${right} ${target}`
}

function aluText(instruction: Instruction): string {
  const {opcode, dst, src, imm} = instruction
  const name = aluNames.get(opcode & 0xf0)
  const register = (opcode & 7) === BPF_CLASS.ALU ? 'w' : 'r'
  if (name === undefined) return unknownText(instruction)
  if (name === 'neg') return `${register}${dst} = -${register}${dst}`
  if (name === 'end')
    return `r${dst} = ${(opcode & BPF_SOURCE.X) !== 0 ? 'be' : 'le'}${imm} r${dst}`
  const right = (opcode & BPF_SOURCE.X) !== 0 ? `${register}${src}` : String(imm)
  return `${register}${dst} ${ALU_SYMBOL[name]} ${right}`
}

function placeText(register: number, off: number): string {
  return off === 0 ? `(r${register})` : `(r${register} ${off < 0 ? '-' : '+'} ${Math.abs(off)})`
}

function unknownText({opcode, dst, src, off, imm}: Instruction): string {
  return `.insn ${hex(opcode)} dst ${dst} src ${src} off ${off} imm ${hex(imm)}`
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`
}
