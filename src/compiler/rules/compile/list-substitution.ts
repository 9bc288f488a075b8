import {type Context, failLoad} from '../report/context.ts'
import {lastAtOrBefore} from '../report/last-at-or-before.ts'
import {quoteItem} from './exception-text.ts'
import {createTextBuilder} from './text-builder.ts'

/** A list ready to be put into conditions. */
export interface CompiledList {
  readonly name: string
  /** References to other lists resolved, one level deep. */
  readonly items: readonly string[]
}

/** A text with lists put in. */
export interface Substituted {
  readonly text: string
  /** The offset in the text before that an offset came from: for the items of a list, its name. */
  readonly toWritten: (offset: number) => number
}

/** Puts lists into texts; made once for all lists of a load. */
export interface ListSubstitution {
  /**
   * The text with every name of a list replaced by the list's items. Quotes are not understood: a name inside one is
   * replaced as well.
   *
   * @param use called with the name of every list that was put in
   * @throws LoadStop when the text grows past its bound; `context` is blamed
   */
  apply(text: string, context: Context, use: (name: string) => void): Substituted
}

const DELIMITERS = ' \t\n\r(),='

/** Characters that all texts of a load together may grow by. */
const MAX_GROWTH = 32 * 1024 * 1024

/** Characters that may be scanned for one text: its length for every list in it. */
const MAX_SCANNED = 256 * 1024 * 1024

/**
 * Prepares substitution. Lists are put in one after the other in the given order, so the items of one list may name a
 * later list. To find out which lists can occur, the words of a text are looked up, so the cost does not grow with the
 * number of lists. A name that consists of delimiters alone is never found.
 */
export function createListSubstitution(lists: readonly CompiledList[]): ListSubstitution {
  const byFirstWord = new Map<string, number[]>()
  for (const [order, {name}] of lists.entries()) {
    const word = wordsOf(name).next().value
    if (word === undefined) continue
    const known = byFirstWord.get(word)
    if (known) known.push(order)
    else byFirstWord.set(word, [order])
  }
  let growth = 0
  return {
    apply(text, context, use) {
      let current = text
      const passes: (readonly Edit[])[] = []
      let scanned = 0
      const queue = createOrderQueue()
      const enqueue = (part: string, after: number): void => {
        for (const word of wordsOf(part)) {
          for (const order of byFirstWord.get(word) ?? []) if (order > after) queue.add(order)
        }
      }
      enqueue(text, -1)
      for (let order = queue.next(); order !== undefined; order = queue.next()) {
        const {name, items} = lists[order]!
        scanned += current.length
        if (scanned > MAX_SCANNED) refuse('there are too many lists in the condition', context)
        const replacement = items.map(quoteItem).join(', ')
        const replaced = replaceName(current, name, replacement, items.length === 0, context)
        if (replaced === undefined) continue
        use(name)
        current = replaced.text
        passes.push(replaced.edits)
        enqueue(replacement, order)
      }
      growth += Math.max(0, current.length - text.length)
      if (growth > MAX_GROWTH) refuse('lists make the conditions grow too much', context)
      const toWritten = (offset: number): number => passes.reduceRight(undoEdits, offset)
      return {text: current, toWritten}
    },
  }
}

function refuse(message: string, context: Context): never {
  return failLoad('LOAD_ERR_COMPILE_CONDITION', message, context)
}

function* wordsOf(text: string): Generator<string, undefined> {
  const word = /[^ \t\n\r(),=]+/g
  for (let match = word.exec(text); match; match = word.exec(text)) yield match[0]
  return undefined
}

/** Numbers in ascending order, each once; numbers below one that was taken are not added any more. */
interface OrderQueue {
  add(order: number): void
  next(): number | undefined
}

function createOrderQueue(): OrderQueue {
  const known = new Set<number>()
  let sorted: number[] = []
  let fresh: number[] = []
  return {
    add(order) {
      if (known.has(order)) return
      known.add(order)
      fresh.push(order)
    },
    next() {
      if (fresh.length > 0) {
        // Descending, so that the smallest is taken off the end.
        sorted = [...sorted, ...fresh].sort((a, b) => b - a)
        fresh = []
      }
      return sorted.pop()
    },
  }
}

/** One replacement: `[start, end)` of the new text stands for the name at `from` of the old one, which goes on at `to`. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly from: number
  readonly to: number
}

/** The offset before the edits, which are in ascending order. */
function undoEdits(offset: number, edits: readonly Edit[]): number {
  const edit = edits[lastAtOrBefore(edits.length, i => edits[i]!.start, offset)]
  if (edit === undefined) return offset
  return offset < edit.end ? edit.from : offset - edit.end + edit.to
}

/** Replaces each occurrence of a name between delimiters; undefined when there is none. */
function replaceName(
  text: string,
  name: string,
  replacement: string,
  isEmpty: boolean,
  context: Context,
): {readonly text: string; readonly edits: readonly Edit[]} | undefined {
  const builder = createTextBuilder(context)
  const edits: Edit[] = []
  let from = 0
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at)) {
    const end = at + name.length
    if (!isDelimiter(text[at - 1]) || !isDelimiter(text[end])) {
      at++
      continue
    }
    builder.add(text.slice(from, at))
    builder.trimEnd()
    from = end
    while (isBlank(text[from])) from++
    if (isEmpty && !builder.dropLast(',') && text[from] === ',') from++
    const start = builder.length
    builder.add(' ', replacement, ' ')
    edits.push({start, end: builder.length, from: at, to: from})
    at = from
  }
  if (edits.length === 0) return undefined
  builder.add(text.slice(from))
  return {text: builder.finish(), edits}
}

function isDelimiter(char: string | undefined): boolean {
  return char === undefined || DELIMITERS.includes(char)
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r'
}
