import type {Assembler, Label} from '../../bpf/assembler.ts'
import {SLOT_FLAG} from '../../schema/record-layout.ts'
import {R} from '../bpf/capture-context.ts'
import type {FilterData} from './filter-data.ts'
import {TEXT_FILTER_MAX, type TextAtom} from './kernel-filter.ts'
import {keySetOf, placeKeySet} from './key-set.ts'
import {emitNormalCheck} from './text/emit-normal-check.ts'
import {emitPairs} from './text/emit-pairs.ts'
import {emitJumpIfBelow} from './text/emit-top.ts'
import {emitTrie} from './text/emit-trie.ts'
import {emitTextKeys, textKeys} from './text/text-keys.ts'
import {
  bitPlace,
  emitKnownText,
  emitSetBits,
  emitTextAddress,
  TEXT_FLAG,
  wordPlaces,
} from './text/text-place.ts'
import type {SlotPlan} from './text/text-plan.ts'
import {trieOf} from './text/text-trie.ts'

const SLASH = '/'.charCodeAt(0)
const UNKNOWN_FLAGS = SLOT_FLAG.cut | SLOT_FLAG.fault | SLOT_FLAG.none

/** Looks at one text: what is known of it, and which of its tests hold. Loses r0 to r5. */
export function emitText(asm: Assembler, plan: SlotPlan, data: FilterData): void {
  const done = asm.label('done')
  emitState(asm, plan, done)
  for (const side of ['front', 'back'] as const) {
    const trie = trieOf(plan.tests, side)
    if (trie === undefined) continue
    const walked = asm.label('walked')
    emitKnownText(asm, plan, walked)
    emitTrie({asm, side, state: plan.state, done: walked}, trie)
    asm.place(walked)
  }
  const pairs = plan.tests.filter(({how}) => how === 'contains')
  if (pairs.length > 0) {
    const searched = asm.label('searched')
    emitKnownText(asm, plan, searched)
    emitPairs(asm, plan.state, pairs, searched)
    asm.place(searched)
  }
  const tops = plan.tests.filter(({how}) => how === 'top')
  if (tops.length > 0) {
    const below = asm.label('below')
    emitKnownText(asm, plan, below)
    emitJumpIfBelow(asm, below)
    emitSetBits(
      asm,
      plan.state,
      tops.map(({bit}) => bit),
    )
    asm.place(below)
  }
  for (const {bit, tests} of plan.sets) {
    const keys = textKeys(tests)
    if (keys.length === 0) continue
    const [hit, missed] = [asm.label('hit'), asm.label('missed')]
    const set = keySetOf(keys)
    // No table holds the keys: any text may be one of them.
    if (set !== undefined) {
      emitKnownText(asm, plan, missed)
      emitTextKeys(asm, placeKeySet(set, data), tests, hit)
      asm.jump(missed).place(hit)
    }
    emitSetBits(asm, plan.state, [bit])
    asm.place(missed)
  }
  asm.place(done)
}

/** Finds out what is known of the text; goes to `done` when no test of it can be decided. */
function emitState(asm: Assembler, plan: SlotPlan, done: Label): void {
  const {slot, state, strictest, loosest, bits} = plan
  const compare = asm.label('compare')
  const otherwise = (form: SlotPlan['loosest']): Label => (loosest === form ? done : compare)
  asm.storeImm(4, R.scratch, state, 0)
  for (const word of wordPlaces(state, bits)) asm.storeImm(4, R.scratch, word, 0)
  asm
    .load(2, 1, R.scratch, slot + 6)
    .aluImm('and', 1, UNKNOWN_FLAGS)
    .jumpIfImm('jne', 1, 0, done)
  asm.load(2, 2, R.scratch, slot + 4).jumpIfImm('jgt', 2, TEXT_FILTER_MAX, done)
  emitTextAddress(asm, slot, done)
  asm.mov(0, 2).aluImm('or', 0, TEXT_FLAG.raw).store(4, R.scratch, state, 0)
  if (strictest !== 'raw') {
    const relative = loosest === 'raw' ? compare : done
    asm.jumpIfImm('jeq', 2, 0, relative).load(1, 3, 1, 0).jumpIfImm('jne', 3, SLASH, relative)
    asm.aluImm('or', 0, TEXT_FLAG.absolute).store(4, R.scratch, state, 0)
  }
  if (strictest === 'normal') {
    const normal = asm.label('normal')
    asm.jumpIfImm('jeq', 2, 1, normal)
    emitNormalCheck(asm, plan, otherwise('normal'))
    asm.place(normal).load(4, 0, R.scratch, state).aluImm('or', 0, TEXT_FLAG.normal)
    asm.store(4, R.scratch, state, 0)
  }
  asm.place(compare)
}

/** Jumps when a text is not known in the form that every test of it needs, or when a test of it holds. Loses r1 and r2. */
export function emitJumpIfTold(asm: Assembler, plan: SlotPlan, told: Label): void {
  const {state, bits, strictest} = plan
  asm.load(4, 1, R.scratch, state).aluImm('and', 1, TEXT_FLAG[strictest])
  asm.jumpIfImm('jeq', 1, 0, told)
  const [first, ...others] = wordPlaces(state, bits)
  asm.load(4, 1, R.scratch, first!)
  for (const word of others) asm.load(4, 2, R.scratch, word).alu('or', 1, 2)
  asm.jumpIfImm('jne', 1, 0, told)
}

/** Asks for an atom of a text that was looked at; goes on when it is known and matches nothing. Loses r1. */
export function emitTextLiteral(
  asm: Assembler,
  atom: TextAtom,
  plan: SlotPlan,
  {pass, yes}: {readonly pass: Label; readonly yes: Label},
): void {
  const {word, mask} = bitPlace(plan.state, plan.bitOf(atom))
  asm.load(4, 1, R.scratch, plan.state).aluImm('and', 1, TEXT_FLAG[atom.form])
  asm.jumpIfImm('jeq', 1, 0, pass)
  asm.load(4, 1, R.scratch, word).jumpIfImm('jset', 1, mask, atom.approximate === true ? pass : yes)
}
