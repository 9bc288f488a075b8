import type {Assembler, Label, Reg} from '../../../bpf/assembler.ts'
import type {Width} from '../../../bpf/opcodes.ts'
import {LARGEST_RECORD} from '../../../schema/record-layout.ts'
import {R, TEXT_BITS_MAX, TEXT_STATE_SIZE, TEXT_STATES} from '../../bpf/capture-context.ts'
import {TEXT_FILTER_MAX} from '../kernel-filter.ts'

/**
 * What a filter finds out about a text is kept in the scratch memory, not in registers, so that the kernel's verifier
 * forgets by which way it was found: else it would follow all that comes after once for each way.
 *
 *     | length: 8 bits | 0: 8 bits | known | absolute | normal | … 32 bits | 0: 32 bits | a bit for each set of tests |
 */
export const TEXT_FLAG = {raw: 1 << 16, absolute: 1 << 17, normal: 1 << 18} as const

const WORD_BITS = 32
const BITS_AT = 8

/** Where a text slot stands in the record, and its state in the scratch memory. */
export interface TextPlace {
  readonly slot: number
  readonly state: number
}

/** The place of the state of a text by its number among those of a filter. */
export function statePlace(index: number): number {
  return TEXT_STATES + TEXT_STATE_SIZE * index
}

/** Where the word with a bit stands, and the mask of the bit in it. */
export function bitPlace(
  state: number,
  bit: number,
): {readonly word: number; readonly mask: number} {
  if (bit >= TEXT_BITS_MAX) throw new Error(`a text has no bit ${bit}`)
  const word = state + BITS_AT + 4 * Math.floor(bit / WORD_BITS)
  return {word, mask: 1 << (bit % WORD_BITS)}
}

/** Where the words stand that hold so many bits. */
export function wordPlaces(state: number, bits: number): number[] {
  const words = Math.ceil(bits / WORD_BITS)
  return Array.from({length: words}, (_, index) => state + BITS_AT + 4 * index)
}

/** Sets bits. Loses one register. */
export function emitSetBits(
  asm: Assembler,
  state: number,
  bits: readonly number[],
  lose: Reg = 4,
): void {
  const masks = new Map<number, number>()
  for (const bit of bits) {
    const {word, mask} = bitPlace(state, bit)
    masks.set(word, (masks.get(word) ?? 0) | mask)
  }
  for (const [word, mask] of masks)
    asm.load(4, lose, R.scratch, word).aluImm('or', lose, mask).store(4, R.scratch, word, lose)
}

/** `r1 =` where the text begins. */
export function emitTextAddress(asm: Assembler, slot: number, beyond: Label): void {
  asm
    .load(4, 1, R.scratch, slot)
    .jumpIfImm('jgt', 1, LARGEST_RECORD, beyond)
    .alu('add', 1, R.scratch)
}

/** `r1 =` where a text begins whose state is known, `r2 =` its length. */
export function emitKnownText(asm: Assembler, {slot, state}: TextPlace, beyond: Label): void {
  asm.load(4, 2, R.scratch, state).aluImm('and', 2, TEXT_FILTER_MAX)
  emitTextAddress(asm, slot, beyond)
}

/** `target =` where the text ends. The kernel's verifier knows that this is as far in as the length at least is by now. */
export function emitTextEnd(asm: Assembler, target: Reg): void {
  asm.mov(target, 1).alu('add', target, 2)
}

/** Reads that cover so many bytes; the last one of eight may overlap the one before. */
export function chunksOf(length: number): (readonly [at: number, width: Width])[] {
  const chunks: [number, Width][] = []
  let at = 0
  for (; at + 8 <= length; at += 8) chunks.push([at, 8])
  if (at === length) return chunks
  if (length > 8) return [...chunks, [length - 8, 8]]
  for (const width of [4, 2, 1] as const) {
    if (at + width > length) continue
    chunks.push([at, width])
    at += width
  }
  return chunks
}

/** The little-endian number that bytes of a text are. */
export function wordAt(text: string, at: number, width: number): bigint {
  let word = 0n
  for (let byte = width - 1; byte >= 0; byte--)
    word = (word << 8n) | BigInt(text.charCodeAt(at + byte))
  return word
}
