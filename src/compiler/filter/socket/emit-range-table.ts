import type {Assembler, Label} from '../../../bpf/assembler.ts'
import type {FilterData} from '../filter-data.ts'
import type {Range} from './socket-atom.ts'

/** Long lists of ports and addresses, as tables in the constant data of a program. */

const WORD_BYTES = 8
const PORTS = 65_536

/**
 * Jumps to `yes` when the port in r1 is in one of the ranges: looks at its bit among those of all ports. Goes on otherwise. Loses
 * r2 to r4.
 */
export function emitInPortTable(
  asm: Assembler,
  ranges: readonly Range[],
  yes: Label,
  data: FilterData,
): void {
  const bits = Buffer.alloc(PORTS / 8)
  for (const [first, last] of ranges)
    for (let port = Number(first); port <= Number(last); port++)
      bits[port >> 3] = bits[port >> 3]! | (1 << (port & 7))
  asm
    .mov(2, 1)
    .aluImm('and', 2, PORTS - 1)
    .aluImm('rsh', 2, 3)
  asm.loadMapValue(3, data.name, data.add(bits)).alu('add', 3, 2).load(1, 3, 3, 0)
  asm.mov(4, 1).aluImm('and', 4, 7).alu('rsh', 3, 4).jumpIfImm('jset', 3, 1, yes)
}

/**
 * Jumps to `yes` when the number in r1, of at most 32 bits, is in one of the ranges. Goes on otherwise. Loses r2 to r4.
 *
 * The table holds where ranges begin and where they have ended, sorted: a number that is not below an odd count of these is in a
 * range. They are counted by halving, without a branch, so that the kernel's verifier has one way to follow.
 */
export function emitInRangeTable(
  asm: Assembler,
  ranges: readonly Range[],
  yes: Label,
  data: FilterData,
): void {
  const bounds = ranges.flatMap(([first, last]) => [first, last + 1n])
  // One place is never counted.
  const places = 2 ** Math.ceil(Math.log2(bounds.length + 1))
  const table = Buffer.alloc(places * WORD_BYTES)
  for (let place = 0; place < places; place++)
    table.writeBigUInt64LE(bounds[place] ?? 2n ** 62n, place * WORD_BYTES)
  asm.movImm(2, 0).loadMapValue(3, data.name, data.add(table))
  for (let step = places / 2; step >= 1; step /= 2) {
    // The difference of two numbers below 2^63 is negative when its highest bit is set.
    asm
      .mov(4, 3)
      .alu('add', 4, 2)
      .load(8, 4, 4, (step - 1) * WORD_BYTES)
    asm.alu('sub', 4, 1).aluImm('sub', 4, 1).aluImm('rsh', 4, 63)
    asm.aluImm('lsh', 4, Math.log2(step * WORD_BYTES)).alu('add', 2, 4)
  }
  asm.jumpIfImm('jset', 2, WORD_BYTES, yes)
}
