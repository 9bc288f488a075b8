import type {Assembler, Label} from '../../../bpf/assembler.ts'
import {emitJumpIfZeroByte, repeated} from './emit-normal-check.ts'

const SLASH = '/'.charCodeAt(0)

/**
 * Jumps when a slash stands behind the first byte of the text at r1 with r2 bytes: eight bytes at a time, see
 * `emit-normal-check.ts`. Loses r0 to r5.
 */
export function emitJumpIfBelow(asm: Assembler, below: Label): void {
  const [loop, whole, end] = [asm.label('loop'), asm.label('whole'), asm.label('end')]
  asm.jumpIfImm('jlt', 2, 2, end).aluImm('add', 1, 1).aluImm('sub', 2, 1)
  asm.place(loop).load(8, 4, 1, 0).movImm(0, repeated(SLASH)).alu('xor', 4, 0)
  asm.jumpIfImm('jsgt', 2, 7, whole)
  asm.mov(5, 2).aluImm('lsh', 5, 3).movImm(0, -1).alu('lsh', 0, 5).alu('or', 4, 0)
  asm.place(whole)
  emitJumpIfZeroByte(asm, below)
  asm.aluImm('add', 1, 8).aluImm('sub', 2, 8).jumpIfImm('jsgt', 2, 0, loop)
  asm.place(end)
}
