import {TEXT_FILTER_MAX, type TextTest} from '../kernel-filter.ts'

/** A test that sets a bit when it holds. */
export interface BitTest extends TextTest {
  readonly bit: number
}

/**
 * A place in a compressed trie: the texts below it share their first `to` bytes; the last ones of these, from `from` on, are
 * compared when it is reached.
 */
export interface TrieNode {
  readonly label: string
  readonly from: number
  readonly to: number
  /** Bits of the tests that hold for every text that comes here. */
  readonly begins: readonly number[]
  /** Bits of the tests that hold for a text that ends here. */
  readonly ends: readonly number[]
  /** By their first byte, in order. */
  readonly children: readonly TrieNode[]
}

/** The trie of the tests that look at the beginning of a text, or of those that look at its end, whose constants it holds reversed. */
export function trieOf(tests: readonly BitTest[], side: 'front' | 'back'): TrieNode | undefined {
  const entries = tests
    .filter(({how, text}) => sideOf(how) === side && isDecided(text))
    .map(test => (side === 'back' ? {...test, text: reversed(test.text)} : test))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
  return entries.length === 0 ? undefined : nodeOf(entries, 0, new Set())
}

function sideOf(how: BitTest['how']): 'front' | 'back' | undefined {
  if (how === 'contains' || how === 'top') return undefined
  return how === 'suffix' ? 'back' : 'front'
}

/** No text that is decided on is longer. */
function isDecided({length}: string): boolean {
  return length <= TEXT_FILTER_MAX
}

function reversed(text: string): string {
  return [...text].reverse().join('')
}

/** `entries` are in order and share their first `from` bytes; `held`: bits that are set by then. */
function nodeOf(entries: readonly BitTest[], from: number, held: ReadonlySet<number>): TrieNode {
  const [first, last] = [entries[0]!.text, entries.at(-1)!.text]
  let to = from
  // What the first and the last share is shared by all between them.
  while (to < first.length && first[to] === last[to]) to++
  const here = entries.filter(({text, bit}) => text.length === to && !held.has(bit))
  const begins = unique(here.filter(({how}) => how !== 'equal').map(({bit}) => bit))
  const heldHere = begins.length === 0 ? held : new Set([...held, ...begins])
  const ends = unique(here.filter(({how}) => how === 'equal').map(({bit}) => bit))
  const below = entries.filter(({text, bit}) => text.length > to && !heldHere.has(bit))
  const children: TrieNode[] = []
  for (let at = 0; at < below.length; ) {
    const byte = below[at]!.text[to]
    let next = at + 1
    while (next < below.length && below[next]!.text[to] === byte) next++
    children.push(nodeOf(below.slice(at, next), to, heldHere))
    at = next
  }
  const decided = ends.filter(bit => !heldHere.has(bit))
  return {label: first.slice(from, to), from, to, begins, ends: decided, children}
}

function unique(bits: readonly number[]): number[] {
  return [...new Set(bits)]
}
