import {type Instruction, LD_IMM64} from '../../../../src/bpf/instruction.ts'
import {BPF_ALU_OP, BPF_CLASS, BPF_JMP_OP, BPF_SOURCE} from '../../../../src/bpf/opcodes.ts'

/** Ways to break the code of a filter of texts, instruction by instruction. */
export const CODE_MUTATIONS: readonly {
  readonly name: string
  readonly change: (instruction: Instruction) => Instruction
}[] = [
  {name: 'if bytes were not compared', change: on(isJump('jne', {dst: 4}), never)},
  {
    name: 'if ends were not looked for',
    change: on(isJump('jne', {dst: 2}), never),
  },
  {
    name: 'if one byte too few sufficed',
    change: on(isJump('jlt', {dst: 2}), instruction => ({
      ...instruction,
      imm: instruction.imm - 1,
    })),
  },
  {
    name: 'if one byte too many were asked for',
    change: on(isJump('jlt', {dst: 2}), instruction => ({
      ...instruction,
      imm: instruction.imm + 1,
    })),
  },
  {
    name: 'if the wrong branch were taken',
    change: on(isJump('jge', {dst: 3}), instruction => ({
      ...instruction,
      imm: instruction.imm + 1,
    })),
  },
  {name: 'if bits were not set', change: on(isOr, instruction => ({...instruction, imm: 0}))},
  {
    name: 'if one more bit were set',
    change: on(isOr, instruction => ({
      ...instruction,
      imm: (instruction.imm << 1) | instruction.imm,
    })),
  },
  {
    name: 'if keys were not compared',
    change: on(
      ({opcode, src}) => opcode === (BPF_CLASS.JMP | BPF_SOURCE.X | BPF_JMP_OP.jeq) && src === 0,
      never,
    ),
  },
  {
    name: 'if words of keys were left out',
    change: on(
      ({opcode, dst, src}) => opcode === alu('xor', 'X') && dst === 3 && (src === 0 || src === 4),
      nothing,
    ),
  },
  {
    name: 'if the lengths of keys did not count',
    change: on(
      ({opcode, imm64}) => opcode === LD_IMM64 && imm64 !== undefined && imm64 === 5n << 56n,
      instruction => ({...instruction, imm64: 4n << 56n}),
    ),
  },
  {
    name: 'if the first byte of a pair did not count',
    change: on(
      ({opcode, dst, src}) => opcode === alu('or', 'X') && dst === 0 && src === 5,
      nothing,
    ),
  },
  {
    name: 'if unknown texts were taken for known ones',
    change: on(isJump('jeq', {dst: 1}), never),
  },
  {
    name: 'if texts were searched only at their beginning',
    change: on(isJump('jsgt', {dst: 2, imm: 0}), never),
  },
]

function on(
  applies: (instruction: Instruction) => boolean,
  change: (instruction: Instruction) => Instruction,
): (instruction: Instruction) => Instruction {
  return instruction => (applies(instruction) ? change(instruction) : instruction)
}

function isJump(
  op: keyof typeof BPF_JMP_OP,
  wanted: Partial<Instruction>,
): (instruction: Instruction) => boolean {
  const opcode = BPF_CLASS.JMP | BPF_JMP_OP[op]
  return instruction =>
    instruction.opcode === opcode &&
    Object.entries(wanted).every(([key, value]) => instruction[key as keyof Instruction] === value)
}

function alu(op: keyof typeof BPF_ALU_OP, source: 'X' | 'K'): number {
  return BPF_CLASS.ALU64 | BPF_SOURCE[source] | BPF_ALU_OP[op]
}

/** Sets bits in the scratch memory: nothing else is made so. */
function isOr({opcode, dst}: Instruction): boolean {
  return opcode === alu('or', 'K') && (dst === 4 || dst === 5)
}

/** The jump is never taken. */
function never(instruction: Instruction): Instruction {
  return {...instruction, opcode: BPF_CLASS.JMP | BPF_JMP_OP.ja, dst: 0, src: 0, off: 0, imm: 0}
}

function nothing(instruction: Instruction): Instruction {
  return never(instruction)
}
