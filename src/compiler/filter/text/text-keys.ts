import type {Assembler, Label} from '../../../bpf/assembler.ts'
import {TEXT_FILTER_MAX, type TextTest} from '../kernel-filter.ts'
import {emitKeySetLookup, type PlacedKeySet} from '../key-set.ts'
import {emitTextEnd, wordAt} from './text-place.ts'

/**
 * Keys of texts in large sets: a hash over words of eight bytes, from the beginning for whole texts and prefixes, from the end
 * for suffixes:
 *
 *     h = SEED[how];  for each word w: h = step(h, w);  key = step(h, the bytes left | length << 56)
 *     step(h, w) = g ^ (g >> 32), g = (h ^ w) * MULTIPLIER
 *
 * Two texts with one key can be found by whoever looks for them, so a key that is there tells only that a test may hold.
 */
const SEED = {
  equal: 0x2545_f491_4f6c_dd1dn,
  prefix: 0x5851_f42d_4c95_7f2dn,
  suffix: 0x1405_7b7e_f767_814fn,
} as const
const MULTIPLIER = 0x9fb2_1c65_1e98_df25n

const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value)

function step(hash: bigint, word: bigint): bigint {
  const mixed = unsigned((hash ^ word) * MULTIPLIER)
  return mixed ^ (mixed >> 32n)
}

/** The key of a text of at most {@link TEXT_FILTER_MAX} bytes. */
export function textKey(how: keyof typeof SEED, text: string): bigint {
  const {length} = text
  const rest = length % 8
  let hash: bigint = SEED[how]
  if (how === 'suffix') {
    for (let at = length - 8; at >= 0; at -= 8) hash = step(hash, wordAt(text, at, 8))
    return step(hash, wordAt(text, 0, rest) | (BigInt(length) << 56n))
  }
  for (let at = 0; at + 8 <= length; at += 8) hash = step(hash, wordAt(text, at, 8))
  return step(hash, wordAt(text, length - rest, rest) | (BigInt(length) << 56n))
}

/** Whether a test takes a look at all of the text. */
export function looksInside(how: TextTest['how']): how is 'contains' | 'top' {
  return how === 'contains' || how === 'top'
}

/** The keys of the tests that a text of at most {@link TEXT_FILTER_MAX} bytes can pass; those that look inside it have none. */
export function textKeys(tests: readonly TextTest[]): bigint[] {
  return tests.flatMap(({how, text}) =>
    looksInside(how) || text.length > TEXT_FILTER_MAX ? [] : [textKey(how, text)],
  )
}

/** Registers: `r1` the text and `r2` its length, kept; `r3` the hash; the others are lost. */
const LOOKUP = {key: 0, lose: [4, 5]} as const

/** Jumps to `hit` when the set has the key of a test that may hold for the text at r1 with r2 bytes. Loses r0, r3 to r5. */
export function emitTextKeys(
  asm: Assembler,
  set: PlacedKeySet,
  tests: readonly TextTest[],
  hit: Label,
): void {
  for (const how of ['prefix', 'suffix'] as const) emitEnds(asm, set, tests, how, hit)
  if (tests.some(test => test.how === 'equal')) emitWhole(asm, set, hit)
}

/** One lookup for each length that a prefix or suffix has, shortest first. */
function emitEnds(
  asm: Assembler,
  set: PlacedKeySet,
  tests: readonly TextTest[],
  how: 'prefix' | 'suffix',
  hit: Label,
): void {
  const lengths = new Set(tests.filter(test => test.how === how).map(({text}) => text.length))
  const ordered = [...lengths].filter(length => length <= TEXT_FILTER_MAX).sort((a, b) => a - b)
  if (ordered.length === 0) return
  const shorter = asm.label('shorter')
  asm.movImm(3, SEED[how])
  let whole = 0
  for (const length of ordered) {
    asm.jumpIfImm('jlt', 2, length, shorter)
    const rest = length % 8
    if (how === 'suffix') emitTextEnd(asm, 4)
    const base = how === 'suffix' ? 4 : 1
    for (; whole + 8 <= length; whole += 8) {
      asm.load(8, 0, base, how === 'suffix' ? -(whole + 8) : whole)
      asm.alu('xor', 3, 0)
      emitMix(asm, 3)
    }
    if (rest === 0) asm.movImm(0, 0)
    else {
      asm.load(8, 0, base, how === 'suffix' ? -length : whole)
      asm.movImm(5, (1n << BigInt(8 * rest)) - 1n).alu('and', 0, 5)
    }
    asm
      .movImm(5, BigInt(length) << 56n)
      .alu('or', 0, 5)
      .alu('xor', 0, 3)
    emitMix(asm, 0)
    emitKeySetLookup(asm, set, LOOKUP, hit)
  }
  asm.place(shorter)
}

/** A lookup of the whole text. Loses r1 and r2, too. */
function emitWhole(asm: Assembler, set: PlacedKeySet, hit: Label): void {
  const [loop, rest] = [asm.label('loop'), asm.label('rest')]
  asm.movImm(3, SEED.equal).mov(0, 2).aluImm('lsh', 0, 56)
  asm.jumpIfImm('jlt', 2, 8, rest)
  asm.place(loop).load(8, 4, 1, 0).alu('xor', 3, 4)
  emitMix(asm, 3)
  asm.aluImm('add', 1, 8).aluImm('sub', 2, 8).jumpIfImm('jge', 2, 8, loop)
  asm.place(rest).load(8, 4, 1, 0).aluImm('lsh', 2, 3)
  asm.movImm(5, 1).alu('lsh', 5, 2).aluImm('sub', 5, 1).alu('and', 4, 5)
  asm.alu('or', 0, 4).alu('xor', 0, 3)
  emitMix(asm, 0)
  emitKeySetLookup(asm, set, LOOKUP, hit)
}

/** The rest of a step after the `xor`, in place. Loses r5. */
function emitMix(asm: Assembler, hash: 0 | 3): void {
  asm.movImm(5, MULTIPLIER).alu('mul', hash, 5)
  asm.mov(5, hash).aluImm('rsh', 5, 32).alu('xor', hash, 5)
}
