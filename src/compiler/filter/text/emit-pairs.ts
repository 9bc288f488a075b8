import type {Assembler, Label} from '../../../bpf/assembler.ts'
import {emitSetBits} from './text-place.ts'
import type {BitTest} from './text-trie.ts'

const bytes = (byte: number): bigint => BigInt(byte) * 0x0101_0101_0101_0101n

/**
 * Sets the bits of the pairs of bytes that stand somewhere in the text at r1 with r2 bytes. Eight places at a time: of the words v
 * at a place and w one byte further on
 *
 *     z = (v ^ first byte, eight times) | (w ^ second byte, eight times)
 *
 * has a byte 0 just where the pair begins; see `emit-normal-check.ts` for how that is seen. Bytes of v behind the last pair are
 * made 0, which is no byte of a pair. Loses r0 to r5.
 */
export function emitPairs(
  asm: Assembler,
  state: number,
  tests: readonly BitTest[],
  done: Label,
): void {
  const bits = new Map<string, number[]>()
  for (const {text, bit} of tests) bits.set(text, [...(bits.get(text) ?? []), bit])
  const [loop, whole] = [asm.label('loop'), asm.label('whole')]
  asm.jumpIfImm('jlt', 2, 2, done).aluImm('sub', 2, 1)
  asm.place(loop).load(8, 3, 1, 0).load(8, 4, 1, 1).jumpIfImm('jsgt', 2, 7, whole)
  asm.mov(5, 2).aluImm('lsh', 5, 3).movImm(0, -1).alu('lsh', 0, 5).aluImm('xor', 0, -1)
  asm.alu('and', 3, 0).place(whole)
  for (const [pair, set] of bits) {
    const none = asm.label('none')
    asm.movImm(0, bytes(pair.charCodeAt(0))).alu('xor', 0, 3)
    asm
      .movImm(5, bytes(pair.charCodeAt(1)))
      .alu('xor', 5, 4)
      .alu('or', 0, 5)
    asm.movImm(5, -bytes(1)).alu('add', 5, 0).aluImm('xor', 0, -1).alu('and', 5, 0)
    asm.movImm(0, bytes(0x80)).alu('and', 5, 0).jumpIfImm('jeq', 5, 0, none)
    emitSetBits(asm, state, set, 5)
    asm.place(none)
  }
  asm.aluImm('add', 1, 8).aluImm('sub', 2, 8).jumpIfImm('jsgt', 2, 0, loop)
}
