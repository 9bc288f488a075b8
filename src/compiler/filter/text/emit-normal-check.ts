import type {Assembler, Label} from '../../../bpf/assembler.ts'
import {emitKnownText, type TextPlace} from './text-place.ts'

const [SLASH, DOT] = ['/'.charCodeAt(0), '.'.charCodeAt(0)] as const

/** A word whose eight bytes are this one. */
export const repeated = (byte: number): bigint => BigInt(byte) * 0x0101_0101_0101_0101n

/**
 * Jumps when folding would change the text at `place`, which is at r1 with r2 bytes, at least two: when a part of it is empty, `.`
 * or `..`. Loses r0 to r5.
 */
export function emitNormalCheck(asm: Assembler, place: TextPlace, unclear: Label): void {
  const [suspicious, normal] = [asm.label('suspicious'), asm.label('normal')]
  asm.mov(3, 1).alu('add', 3, 2).load(1, 3, 3, -1).jumpIfImm('jeq', 3, SLASH, unclear)
  emitQuickCheck(asm, suspicious)
  asm.jump(normal).place(suspicious)
  emitKnownText(asm, place, unclear)
  emitEndCheck(asm, unclear)
  emitPartCheck(asm, unclear)
  asm.place(normal)
}

/**
 * Jumps when a slash or a dot stands behind a slash, as few paths have it. Eight pairs of bytes at a time: of the words v at a
 * place and w one byte further on
 *
 *     z = (v ^ "////////") | (w ^ "////////") & 0xfefefefefefefefe
 *
 * has a byte 0 just where a slash stands before a slash or a dot, see {@link emitJumpIfZeroByte}. Bytes of z behind the last pair
 * are made 0xff.
 */
function emitQuickCheck(asm: Assembler, suspicious: Label): void {
  const [loop, whole] = [asm.label('loop'), asm.label('whole')]
  asm.aluImm('sub', 2, 1).movImm(3, repeated(SLASH))
  asm.place(loop).load(8, 4, 1, 0).load(8, 5, 1, 1).alu('xor', 4, 3).alu('xor', 5, 3)
  asm.movImm(0, repeated(0xfe)).alu('and', 5, 0).alu('or', 4, 5)
  asm.jumpIfImm('jsgt', 2, 7, whole)
  asm.mov(5, 2).aluImm('lsh', 5, 3).movImm(0, -1).alu('lsh', 0, 5).alu('or', 4, 0)
  asm.place(whole)
  emitJumpIfZeroByte(asm, suspicious)
  asm.aluImm('add', 1, 8).aluImm('sub', 2, 8).jumpIfImm('jsgt', 2, 0, loop)
}

/** Jumps when a byte of the word in r4 is 0: then `(z - 0x0101…) & ~z & 0x8080…` is not. Loses r0, r4 and r5. */
export function emitJumpIfZeroByte(asm: Assembler, found: Label): void {
  asm.movImm(0, repeated(1)).mov(5, 4).alu('sub', 5, 0)
  asm.aluImm('xor', 4, -1).alu('and', 5, 4).movImm(0, repeated(0x80)).alu('and', 5, 0)
  asm.jumpIfImm('jne', 5, 0, found)
}

/** Jumps when the last part is `.` or `..`. */
function emitEndCheck(asm: Assembler, unclear: Label): void {
  const [long, other] = [asm.label('three bytes'), asm.label('other end')]
  asm.jumpIfImm('jgt', 2, 2, long).load(1, 4, 1, 1).jumpIfImm('jeq', 4, DOT, unclear).jump(other)
  asm.place(long).mov(3, 1).alu('add', 3, 2)
  asm.load(1, 4, 3, -1).jumpIfImm('jne', 4, DOT, other)
  asm.load(1, 4, 3, -2).jumpIfImm('jeq', 4, SLASH, unclear).jumpIfImm('jne', 4, DOT, other)
  asm.load(1, 4, 3, -3).jumpIfImm('jeq', 4, SLASH, unclear)
  asm.place(other)
}

/**
 * Jumps when a part between slashes is empty, `.` or `..`: looks for the three where they begin, at eight places at once. What
 * stands behind the text counts only where the text ends in one of them, which is known not to be.
 */
function emitPartCheck(asm: Assembler, unclear: Label): void {
  const [loop, whole] = [asm.label('parts'), asm.label('whole')]
  const differs = (at: number, byte: number): void => {
    asm.load(8, 4, 1, at).movImm(0, repeated(byte)).alu('xor', 4, 0)
  }
  asm.place(loop)
  differs(0, SLASH)
  asm.mov(3, 4).jumpIfImm('jsgt', 2, 7, whole)
  asm.mov(5, 2).aluImm('lsh', 5, 3).movImm(0, -1).alu('lsh', 0, 5).alu('or', 3, 0)
  asm.place(whole)
  for (const at of [1, 2, 3]) {
    differs(at, SLASH)
    asm.alu('or', 4, 3)
    emitJumpIfZeroByte(asm, unclear)
    if (at === 3) continue
    differs(at, DOT)
    asm.alu('or', 3, 4)
  }
  asm.aluImm('add', 1, 8).aluImm('sub', 2, 8).jumpIfImm('jsgt', 2, 0, loop)
}
