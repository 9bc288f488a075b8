import {TEXT_BITS_MAX} from '../bpf/capture-context.ts'
import {stagesOf} from './filter-stages.ts'
import {
  allOf,
  anyOf,
  type BitsAtom,
  type FilterAtom,
  type KernelFilter,
  PASS,
  replaceTexts,
  type TextAtom,
  type TextTest,
  withoutSockets,
  withoutTexts,
} from './kernel-filter.ts'
import {
  createFilterNames,
  type FilterNames,
  isSelective,
  mergeQuestions,
} from './merge-questions.ts'
import {questionSize} from './socket/socket-atom.ts'
import {looksInside} from './text/text-keys.ts'
import {textAtomKey, textAtomsOf} from './text/text-plan.ts'
import {allTests} from './union-atoms.ts'

/** Most instructions of the questions of one condition, estimated and without tries. */
export const FILTER_MAX = 6000
/** Most instructions of all stages of one filter, likewise: no jump in its program may be longer than 32,767. */
export const PROGRAM_MAX = 16_000
/** Most instructions of the tries of all texts of one filter, estimated: with more, the largest go into key sets. */
export const TRIE_MAX = 8000
/** Most pairs of bytes that one text is searched for: each costs about a nanosecond for eight bytes. */
export const PAIRS_MAX = 12
/** Instructions of a question whose number does not depend on what is asked. */
const LITERAL = 12

/** Estimates of filters that share parts: each part is looked at once. */
export type FilterSizes = (filter: KernelFilter) => number

/** An estimate of the instructions of a filter, tries left out. */
export function createFilterSizes(): FilterSizes {
  const sizes = new Map<KernelFilter, number>()
  const sizeOf = (filter: KernelFilter): number => {
    const known = sizes.get(filter)
    if (known !== undefined) return known
    const size =
      filter.kind === 'and' || filter.kind === 'or'
        ? filter.children.reduce((sum, child) => sum + sizeOf(child), 0)
        : filter.kind === 'literal'
          ? atomSize(filter.atom)
          : 0
    sizes.set(filter, size)
    return size
  }
  return sizeOf
}

/** An estimate of the instructions of all stages of a filter, tries left out. */
export function programSize(filter: KernelFilter, sizeOf: FilterSizes): number {
  return Object.values(stagesOf(filter)).reduce((sum, stage) => sum + sizeOf(stage), 0)
}

function atomSize(atom: FilterAtom): number {
  switch (atom.kind) {
    case 'text':
      return 5
    case 'process':
    case 'descriptor':
      return LITERAL
    // Long lists are looked up in a table.
    case 'number':
      return LITERAL + 3 * Math.min(atom.values.length, LITERAL)
    case 'bits':
      return LITERAL + 2 * atom.values.length + 5 * carriedBits(atom)
    case 'socket':
      return LITERAL + questionSize(atom.question)
    default:
      return LITERAL
  }
}

function carriedBits({table, mask}: BitsAtom): number {
  return (table?.native?.map ?? []).filter(([, to]) => (to & mask) !== 0).length
}

/** A filter that passes what one of these passes, of a size that a program has room for; see {@link anyOfBounded}. */
export function joinFilters(filters: readonly KernelFilter[]): KernelFilter {
  return boundTexts(anyOfBounded(filters))
}

/**
 * A filter that passes what one of these passes, of at most {@link PROGRAM_MAX}. Where that takes it, it passes more: first what
 * has a text, port or address that a rule asks for passes whatever else the rule asks of these, then whatever else few rules ask,
 * then whatever else is asked at all; then texts are not asked for, then sockets, and in the end everything passes.
 */
export function anyOfBounded(filters: readonly KernelFilter[]): KernelFilter {
  const [nameOf, sizeOf] = [createFilterNames(), createFilterSizes()]
  const join = (parts: readonly KernelFilter[]): KernelFilter | undefined => {
    const joined = mergeQuestions(anyOf(parts), nameOf)
    if (sizeOf(joined) > PROGRAM_MAX) return undefined
    return programSize(joined, sizeOf) <= PROGRAM_MAX ? joined : undefined
  }
  const parts = filters.flatMap(filter => (filter.kind === 'or' ? filter.children : [filter]))
  const guards = parts.map(part => withoutSockets(withoutTexts(part)))
  const coarse = (guardOf: readonly KernelFilter[]): KernelFilter[] =>
    parts.flatMap((part, at) => coarsened(part, guardOf[at]!))
  return (
    join(parts) ??
    join(coarse(guards)) ??
    join(coarse(commonParts(guards, nameOf))) ??
    join(coarse(parts.map(() => PASS))) ??
    join(parts.map(withoutTexts)) ??
    join(guards) ??
    PASS
  )
}

/** Of filters what at least a hundredth of them ask as well. */
function commonParts(filters: readonly KernelFilter[], nameOf: FilterNames): KernelFilter[] {
  const conjuncts = filters.map(filter => (filter.kind === 'and' ? filter.children : [filter]))
  const counts = new Map<string, number>()
  for (const part of conjuncts.flat()) counts.set(nameOf(part), (counts.get(nameOf(part)) ?? 0) + 1)
  return conjuncts.map(parts =>
    allOf(parts.filter(part => counts.get(nameOf(part))! >= filters.length / 100)),
  )
}

/** The selective questions of which one must pass for the filter to pass, and the guard beside each; only the guard when there are none. */
function coarsened(filter: KernelFilter, guard: KernelFilter): KernelFilter[] {
  const cover = coverOf(filter)
  if (cover === undefined)
    return [guard.kind === 'pass' ? withoutSockets(withoutTexts(filter)) : guard]
  return cover.map(literal => allOf([guard, literal]))
}

/** Selective questions of which at least one passes where the filter passes; undefined when there are none. */
function coverOf(filter: KernelFilter): readonly KernelFilter[] | undefined {
  switch (filter.kind) {
    case 'drop':
      return []
    case 'literal':
      return isSelective(filter) ? [filter] : undefined
    case 'or': {
      const covers = filter.children.map(coverOf)
      return covers.every(cover => cover !== undefined) ? covers.flat() : undefined
    }
    case 'and': {
      const covers = filter.children.flatMap(child => {
        const cover = coverOf(child)
        return cover === undefined ? [] : [cover]
      })
      return covers.sort((a, b) => a.length - b.length)[0]
    }
    default:
      return undefined
  }
}

/**
 * Puts the largest sets of tests of each text into one that is only known approximately, until what is left fits a trie. Where
 * a text would be searched for too many pairs of bytes it is searched for none.
 */
function boundTexts(filter: KernelFilter): KernelFilter {
  const slots = textAtomsOf(filter)
  const replaced = new Map<readonly TextTest[], readonly TextTest[] | undefined>()
  for (const atoms of slots.values()) {
    const searched = [...atoms].filter(({tests}) => tests.some(isPair))
    const pairs = new Set(searched.flatMap(({tests}) => tests.filter(isPair)).map(({text}) => text))
    const open = new Set(pairs.size > PAIRS_MAX ? searched : [])
    for (const {tests} of open) replaced.set(tests, undefined)
    const moved = tooMany(
      [...atoms].filter(atom => !open.has(atom)),
      TRIE_MAX / slots.size,
    )
    const tests = allTests(moved)
    for (const atom of moved) replaced.set(atom.tests, tests)
  }
  if (replaced.size === 0) return filter
  const shared = new Map<string, TextAtom>()
  const bounded = replaceTexts(filter, literal => {
    const {atom, want} = literal
    if (!replaced.has(atom.tests)) return literal
    const tests = replaced.get(atom.tests)
    // Of the approximate ones: where no test matches it passes, where one does nothing is known.
    if (tests === undefined || !want) return PASS
    const key = `${atom.offset} ${atom.form}`
    const known = shared.get(key) ?? {...atom, tests, approximate: true}
    shared.set(key, known)
    return {kind: 'literal', atom: known, want}
  })
  // Questions that have become the same may make others idle.
  return mergeQuestions(bounded, createFilterNames())
}

function isPair({how}: TextTest): boolean {
  return looksInside(how)
}

function tooMany(atoms: readonly TextAtom[], room: number): TextAtom[] {
  const byKey = new Map<string, {readonly atoms: TextAtom[]; readonly size: number}>()
  for (const atom of atoms) {
    const key = textAtomKey(atom)
    const known = byKey.get(key)
    if (known === undefined) byKey.set(key, {atoms: [atom], size: trieSize(atom)})
    else known.atoms.push(atom)
  }
  const bySize = [...byKey.values()].sort((a, b) => b.size - a.size)
  let size = bySize.reduce((sum, each) => sum + each.size, 0)
  let left = bySize.length
  const moved: TextAtom[] = []
  for (const each of bySize) {
    const isApproximate = each.atoms[0]!.approximate === true
    if (size <= room && left < TEXT_BITS_MAX && !isApproximate) continue
    moved.push(...each.atoms)
    size -= each.size
    left--
  }
  return moved
}

/** An estimate of the instructions of the tests in a trie. */
function trieSize({tests, approximate}: TextAtom): number {
  if (approximate === true) return 0
  return tests.reduce((sum, {text}) => sum + 10 + 3 * Math.ceil(text.length / 8), 0)
}
