import {type Context, failLoad} from '../report/context.ts'

/** Characters that the text of one condition may have, its lists put in. */
const MAX_CONDITION_LENGTH = 4 * 1024 * 1024

/** Joins pieces of text; the length is bounded. */
export interface TextBuilder {
  /** Of the text so far. */
  readonly length: number
  add(...pieces: readonly string[]): void
  /** Takes blanks, tabs and line ends off the end. */
  trimEnd(): void
  /** Takes the last character off if it is this one, and says whether it was. */
  dropLast(char: string): boolean
  finish(): string
}

/**
 * An empty text; `context` is blamed when it grows too long. Every operation costs the length of what it adds or removes.
 */
export function createTextBuilder(context: Context): TextBuilder {
  const pieces: string[] = []
  let length = 0
  const replaceLast = (piece: string): void => {
    length -= pieces.pop()!.length - piece.length
    if (piece !== '') pieces.push(piece)
  }
  return {
    get length() {
      return length
    },
    add(...added) {
      for (const piece of added) {
        length += piece.length
        if (length > MAX_CONDITION_LENGTH) {
          const message = `the condition grows beyond ${MAX_CONDITION_LENGTH} characters`
          failLoad('LOAD_ERR_COMPILE_CONDITION', message, context)
        }
        if (piece !== '') pieces.push(piece)
      }
    },
    trimEnd() {
      for (let last = pieces.at(-1); last !== undefined; last = pieces.at(-1)) {
        const kept = last.slice(0, last.length - blanksAtEnd(last))
        if (kept.length === last.length) return
        replaceLast(kept)
        if (kept !== '') return
      }
    },
    dropLast(char) {
      const last = pieces.at(-1)
      if (!last?.endsWith(char)) return false
      replaceLast(last.slice(0, -char.length))
      return true
    },
    finish: () => pieces.join(''),
  }
}

function blanksAtEnd(text: string): number {
  let count = 0
  while (count < text.length && ' \t\n\r'.includes(text[text.length - 1 - count]!)) count++
  return count
}
