import type {Assembler, Label, Reg} from '../../bpf/assembler.ts'
import type {Width} from '../../bpf/opcodes.ts'
import {LARGEST_RECORD, SLOT_FLAG} from '../../schema/record-layout.ts'
import {R, TEXT_STATES, TEXT_STATES_MAX} from '../bpf/capture-context.ts'
import {emitJumpUnlessEqual} from './emit-equal.ts'
import {
  type KernelFilter,
  TEXT_FILTER_MAX,
  type TextAtom,
  type TextForm,
  type TextTest,
} from './kernel-filter.ts'

/**
 * Texts in filters. Each text that a filter asks for is looked at once; what was found is kept in the scratch memory:
 *
 *     | length: 8 bits | 0: 8 bits | known | absolute | normal |
 *
 * It is kept there and not in a register, so that the kernel's verifier forgets by which way it was found: else it would follow
 * all that comes after once for each way.
 */
const STATE = {raw: 1 << 16, absolute: 1 << 17, normal: 1 << 18} as const

const FORMS: readonly TextForm[] = ['raw', 'absolute', 'normal']
const SLASH = '/'.charCodeAt(0)
const UNKNOWN_FLAGS = SLOT_FLAG.cut | SLOT_FLAG.fault | SLOT_FLAG.none

/**
 * The text slots that a filter asks for by their offsets, with the strictest form that it needs.
 * @throws Error when there are more than the scratch memory has places for: no kind of record has so many.
 */
export function textSlotsOf(filter: KernelFilter): ReadonlyMap<number, TextForm> {
  const slots = new Map<number, TextForm>()
  const visit = (node: KernelFilter): void => {
    if (node.kind === 'and' || node.kind === 'or') return node.children.forEach(visit)
    if (node.kind !== 'literal' || node.atom.kind !== 'text') return
    const {offset, form} = node.atom
    const known = slots.get(offset) ?? 'raw'
    slots.set(offset, FORMS.indexOf(form) > FORMS.indexOf(known) ? form : known)
  }
  visit(filter)
  if (slots.size > TEXT_STATES_MAX) throw new Error(`a filter looks at ${slots.size} texts`)
  return slots
}

/** Looks at the texts and keeps what is found. Loses r0 to r5. */
export function emitTextStates(asm: Assembler, slots: ReadonlyMap<number, TextForm>): void {
  for (const [index, [offset, form]] of [...slots].entries())
    emitTextState(asm, offset, form, TEXT_STATES + 8 * index)
}

function emitTextState(asm: Assembler, slot: number, form: TextForm, state: number): void {
  const done = asm.label('done')
  asm.storeImm(4, R.scratch, state, 0)
  asm
    .load(2, 1, R.scratch, slot + 6)
    .aluImm('and', 1, UNKNOWN_FLAGS)
    .jumpIfImm('jne', 1, 0, done)
  asm.load(2, 2, R.scratch, slot + 4).jumpIfImm('jgt', 2, TEXT_FILTER_MAX, done)
  emitTextAddress(asm, slot, done)
  asm.mov(0, 2).aluImm('or', 0, STATE.raw).store(4, R.scratch, state, 0)
  if (form !== 'raw') {
    asm.jumpIfImm('jeq', 2, 0, done).load(1, 3, 1, 0).jumpIfImm('jne', 3, SLASH, done)
    asm.aluImm('or', 0, STATE.absolute).store(4, R.scratch, state, 0)
  }
  if (form === 'normal') {
    const normal = asm.label('normal')
    asm.jumpIfImm('jeq', 2, 1, normal)
    emitNormalCheck(asm, done)
    asm.place(normal).load(4, 0, R.scratch, state).aluImm('or', 0, STATE.normal)
    asm.store(4, R.scratch, state, 0)
  }
  asm.place(done)
}

/** `r1 =` where the text begins. */
function emitTextAddress(asm: Assembler, slot: number, beyond: Label): void {
  asm
    .load(4, 1, R.scratch, slot)
    .jumpIfImm('jgt', 1, LARGEST_RECORD, beyond)
    .alu('add', 1, R.scratch)
}

const bytes = (byte: number): bigint => BigInt(byte) * 0x0101_0101_0101_0101n

/**
 * Jumps when the text at r1 with r2 bytes has a slash before a slash, a dot or its end. Eight bytes at a time: of a word w
 *
 *     x = w ^ "////////"          a byte is 0 for a slash, 1 for a dot
 *     n = ((x & 0xfe..) + 0x7f..) | x   its highest bit is clear for a slash or dot, and for no other byte
 *     n | x << 7                  likewise for a slash alone
 *
 * Behind the end stands one slash in thought. `r3` carries a slash at a word's end into the next.
 */
function emitNormalCheck(asm: Assembler, unclear: Label): void {
  const [loop, whole] = [asm.label('loop'), asm.label('whole')]
  asm.movImm(3, 0)
  asm.place(loop).load(8, 4, 1, 0).jumpIfImm('jsgt', 2, 7, whole)
  asm.mov(5, 2).aluImm('lsh', 5, 3).movImm(0, 1).alu('lsh', 0, 5)
  asm
    .aluImm('sub', 0, 1)
    .alu('and', 4, 0)
    .aluImm('add', 0, 1)
    .aluImm('mul', 0, SLASH)
    .alu('or', 4, 0)
  asm.place(whole)
  asm.movImm(0, bytes(SLASH)).alu('xor', 4, 0).mov(5, 4)
  // Without the highest bits nothing is carried from byte to byte.
  asm
    .movImm(0, bytes(0x7e))
    .alu('and', 5, 0)
    .movImm(0, bytes(0x7f))
    .alu('add', 5, 0)
    .alu('or', 5, 4)
  asm.aluImm('lsh', 4, 7).alu('or', 4, 5)
  asm.aluImm('xor', 4, -1).aluImm('xor', 5, -1)
  asm.movImm(0, bytes(0x80)).alu('and', 4, 0).alu('and', 5, 0)
  asm.mov(0, 4).aluImm('lsh', 0, 8).alu('or', 0, 3).alu('and', 0, 5).jumpIfImm('jne', 0, 0, unclear)
  asm.mov(3, 4).aluImm('rsh', 3, 56)
  asm.aluImm('add', 1, 8).aluImm('sub', 2, 8).jumpIfImm('jsge', 2, 0, loop)
}

/** Compares a text; goes on when it is known and matches nothing. */
export function emitTextLiteral(
  asm: Assembler,
  {offset, form, tests}: TextAtom,
  index: number,
  {pass, yes}: {readonly pass: Label; readonly yes: Label},
): void {
  asm.load(4, 2, R.scratch, TEXT_STATES + 8 * index)
  asm.mov(1, 2).aluImm('and', 1, STATE[form]).jumpIfImm('jeq', 1, 0, pass)
  asm.aluImm('and', 2, TEXT_FILTER_MAX)
  emitTextAddress(asm, offset, pass)
  for (const test of tests) emitTest(asm, test, yes)
}

/** `r1` the text, `r2` its length. */
function emitTest(asm: Assembler, {how, text}: TextTest, yes: Label): void {
  const next = asm.label('next')
  const {length} = text
  asm.jumpIfImm(how === 'equal' ? 'jne' : 'jlt', 2, length, next)
  if (how === 'suffix') asm.mov(3, 1).alu('add', 3, 2)
  const [base, first]: readonly [Reg, number] = how === 'suffix' ? [3, -length] : [1, 0]
  for (const [at, width] of chunksOf(length)) {
    asm.load(width, 4, base, first + at)
    emitJumpUnlessEqual(asm, 4, wordAt(text, at, width), next)
  }
  asm.jump(yes).place(next)
}

/** Reads that cover so many bytes; the last one of eight may overlap the one before. */
function chunksOf(length: number): (readonly [at: number, width: Width])[] {
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

function wordAt(text: string, at: number, width: number): bigint {
  let word = 0n
  for (let byte = width - 1; byte >= 0; byte--)
    word = (word << 8n) | BigInt(text.charCodeAt(at + byte))
  return word
}
