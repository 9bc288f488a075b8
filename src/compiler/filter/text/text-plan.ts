import {TEXT_BITS_MAX, TEXT_STATES_MAX} from '../../bpf/capture-context.ts'
import type {KernelFilter, TextAtom, TextForm, TextTest} from '../kernel-filter.ts'
import {looksInside} from './text-keys.ts'
import {statePlace, TEXT_FLAG, type TextPlace} from './text-place.ts'
import type {BitTest} from './text-trie.ts'

/** How the texts of one slot are looked at. */
export interface SlotPlan extends TextPlace {
  /** The strictest and the loosest form that an atom needs. */
  readonly strictest: TextForm
  readonly loosest: TextForm
  /** How many bits there are. */
  readonly bits: number
  /** Tests that are not looked up in key sets. */
  readonly tests: readonly BitTest[]
  /** Tests that are looked up in key sets. */
  readonly sets: readonly {readonly bit: number; readonly tests: readonly TextTest[]}[]
  /** The bit of an atom. */
  readonly bitOf: (atom: TextAtom) => number
}

const FORMS = Object.keys(TEXT_FLAG) as readonly TextForm[]

/** Names the tests of an atom: equal ones share a bit. */
export function textAtomKey({tests, approximate}: TextAtom): string {
  const parts = tests.map(({how, text}) => `${how[0]}${text.length}:${text}`)
  return `${approximate === true ? 'keys' : 'trie'} ${parts.join('')}`
}

/** The text atoms of a filter by their slots. */
export function textAtomsOf(filter: KernelFilter): ReadonlyMap<number, ReadonlySet<TextAtom>> {
  const slots = new Map<number, Set<TextAtom>>()
  const visit = (node: KernelFilter): void => {
    if (node.kind === 'and' || node.kind === 'or') return node.children.forEach(visit)
    if (node.kind !== 'literal' || node.atom.kind !== 'text') return
    const atoms = slots.get(node.atom.offset) ?? new Set()
    slots.set(node.atom.offset, atoms.add(node.atom))
  }
  visit(filter)
  return slots
}

/**
 * How the texts that a filter asks for are looked at, by the offsets of their slots.
 * @throws Error when they are more, or have more bits, than the scratch memory has places for: derived filters do not.
 */
export function planTexts(filter: KernelFilter): ReadonlyMap<number, SlotPlan> {
  const slots = textAtomsOf(filter)
  if (slots.size > TEXT_STATES_MAX) throw new Error(`a filter looks at ${slots.size} texts`)
  const plans = [...slots].map(
    ([slot, atoms], index) => [slot, slotPlan({slot, state: statePlace(index)}, atoms)] as const,
  )
  return new Map(plans)
}

function slotPlan(place: TextPlace, atoms: ReadonlySet<TextAtom>): SlotPlan {
  const bitByKey = new Map<string, number>()
  // Atoms that differ only in their form share their tests, so these are named once.
  const bitByTests = new Map<readonly TextTest[], number>()
  const tests: BitTest[] = []
  const sets: {bit: number; tests: readonly TextTest[]}[] = []
  for (const atom of atoms) {
    if (bitByTests.has(atom.tests)) continue
    const key = textAtomKey(atom)
    const known = bitByKey.get(key)
    const bit = known ?? bitByKey.size
    bitByKey.set(key, bit)
    bitByTests.set(atom.tests, bit)
    if (known !== undefined) continue
    const isSet = atom.approximate === true
    if (isSet) sets.push({bit, tests: atom.tests})
    for (const test of atom.tests) if (!isSet || looksInside(test.how)) tests.push({...test, bit})
  }
  if (bitByKey.size > TEXT_BITS_MAX)
    throw new Error(`a filter asks ${bitByKey.size} questions to one text`)
  const forms = new Set([...atoms].map(({form}) => form))
  return {
    ...place,
    strictest: FORMS.findLast(form => forms.has(form))!,
    loosest: FORMS.find(form => forms.has(form))!,
    bits: bitByKey.size,
    tests,
    sets,
    bitOf: atom => bitByTests.get(atom.tests)!,
  }
}
