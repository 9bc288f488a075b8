import type {ByteString} from '../../schema/bytes.ts'
import {closingQuote, unescapeQuoted} from './unescape.ts'

/** Thrown inside the parser when it gives up; never leaves this folder. */
export class ParseStop extends Error {
  readonly at: number
  /** Characters of the offending word. */
  readonly length: number

  constructor(message: string, at: number, length: number) {
    super(message)
    this.name = 'ParseStop'
    this.at = at
    this.length = length
  }
}

/** A text, a position in it, and the depth of the parser; tokens are taken at the position, longest match. */
export interface Cursor {
  readonly text: string
  at: number
  depth: number
  /** The depth that is refused. */
  readonly maxDepth: number
}

/** Starts at the beginning of a text, or at `at`. */
export function createCursor(text: string, maxDepth: number, at = 0): Cursor {
  return {text, at, depth: 0, maxDepth}
}

/** Gives up at the cursor, before a word of this length. */
export function stop(cursor: Cursor, message: string, length = 1): never {
  throw new ParseStop(message, cursor.at, length)
}

/** Runs one level of the grammar deeper; every level counts against the nesting limit. */
export function nested<T>(cursor: Cursor, parse: (cursor: Cursor) => T): T {
  cursor.depth++
  if (cursor.depth >= cursor.maxDepth) {
    stop(cursor, `nested too deeply: more than ${cursor.maxDepth - 1} levels`)
  }
  const result = parse(cursor)
  cursor.depth--
  return result
}

/** Skips blank, tab, backspace, CR and LF; says whether there was any. */
export function skipBlanks(cursor: Cursor): boolean {
  const start = cursor.at
  while (isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at++
  return cursor.at > start
}

function isBlank(unit: number): boolean {
  return unit === 32 || (unit >= 8 && unit <= 10) || unit === 13
}

/** Takes exactly this text. */
export function take(cursor: Cursor, word: string): boolean {
  if (!cursor.text.startsWith(word, cursor.at)) return false
  cursor.at += word.length
  return true
}

/** Takes what a sticky pattern matches at the cursor. */
export function takeMatch(cursor: Cursor, sticky: RegExp): string | undefined {
  sticky.lastIndex = cursor.at
  const match = sticky.exec(cursor.text)?.[0]
  if (match !== undefined) cursor.at += match.length
  return match
}

/** Takes a quoted text and decodes it; undefined when none starts here. */
export function takeQuoted(cursor: Cursor): ByteString | undefined {
  const quote = cursor.text[cursor.at]
  if (quote !== '"' && quote !== "'") return undefined
  const end = closingQuote(cursor.text, cursor.at)
  if (end < 0) return stop(cursor, 'the quote that opens here has no end')
  const inner = unescapeQuoted(cursor.text.slice(cursor.at + 1, end), quote)
  if (!inner.ok) {
    cursor.at += 1 + inner.at
    stop(cursor, inner.message)
  }
  cursor.at = end + 1
  return inner.bytes
}
