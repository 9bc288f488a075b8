/**
 * Encodings of the instruction set (linux v6.8 Documentation/bpf/standardization/instruction-set.rst).
 *
 *     opcode byte of ALU and JMP:   | operation:4 | source:1 | class:3 |
 *     opcode byte of loads/stores:  | mode:3 | size:2 | class:3 |
 */

/** Instruction classes, the low three bits of an opcode. */
export const BPF_CLASS = {LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7} as const

/** Access widths. */
export const BPF_SIZE = {W: 0x00, H: 0x08, B: 0x10, DW: 0x18} as const

/** Access modes. */
export const BPF_MODE = {
  IMM: 0x00,
  ABS: 0x20,
  IND: 0x40,
  MEM: 0x60,
  MEMSX: 0x80,
  ATOMIC: 0xc0,
} as const

/** The source bit: immediate or register. */
export const BPF_SOURCE = {K: 0x00, X: 0x08} as const

/** Arithmetic operations. */
export const BPF_ALU_OP = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
  end: 0xd0,
} as const

/** Jump operations: unsigned (`jgt`), signed (`jsgt`), bit test (`jset`). */
export const BPF_JMP_OP = {
  ja: 0x00,
  jeq: 0x10,
  jgt: 0x20,
  jge: 0x30,
  jset: 0x40,
  jne: 0x50,
  jsgt: 0x60,
  jsge: 0x70,
  call: 0x80,
  exit: 0x90,
  jlt: 0xa0,
  jle: 0xb0,
  jslt: 0xc0,
  jsle: 0xd0,
} as const

/** What the source register of a 64-bit immediate load says about the immediate. */
export const BPF_PSEUDO = {NONE: 0, MAP_FD: 1, MAP_VALUE: 2, BTF_ID: 3, FUNC: 4} as const

/** Operation of an atomic store, in its immediate. */
export const BPF_ATOMIC = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  fetch: 0x01,
  xchg: 0xe1,
  cmpxchg: 0xf1,
} as const

/** Name of an arithmetic operation. */
export type AluOp = Exclude<keyof typeof BPF_ALU_OP, 'end' | 'neg'>

/** Name of a conditional jump. */
export type JmpOp = Exclude<keyof typeof BPF_JMP_OP, 'ja' | 'call' | 'exit'>

/** Access width in bytes. */
export type Width = 1 | 2 | 4 | 8

/** The size bits of an access width. */
export function sizeBits(width: Width): number {
  return width === 8
    ? BPF_SIZE.DW
    : width === 4
      ? BPF_SIZE.W
      : width === 2
        ? BPF_SIZE.H
        : BPF_SIZE.B
}
