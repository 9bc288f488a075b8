import {didYouMean} from '../../diagnostics/did-you-mean.ts'
import {type Cursor, stop} from './cursor.ts'
import {TRANSFORMER_NAMES} from './words.ts'

/** Gives up at a word that cannot stand here. `known` are the words that it may have meant. */
export function stopUnexpected(cursor: Cursor, expected: string, known: readonly string[]): never {
  const word = wordAt(cursor)
  const found = word === '' ? 'end' : `'${word}'`
  const message = `unexpected ${found}, expected ${expected}${advice(cursor, word, known)}`
  return stop(cursor, message, Math.max(1, word.length))
}

/** Gives up at the parenthesis behind a name that is no transformer. */
export function stopNoTransformer(cursor: Cursor, name: string): never {
  const near = didYouMean(name, TRANSFORMER_NAMES)
  const hint = near === undefined ? '' : ` (did you mean '${near}'?)`
  return stop(cursor, `'${name}' is no transformer, so no '(' can follow it${hint}`)
}

/** What stands at the cursor, for messages: a word, or some characters. */
function wordAt({text, at}: Cursor): string {
  const rest = text.slice(at, at + 40)
  return rest === '' ? '' : /^(?:[\w.!<>=]+|.{1,10})/s.exec(rest)![0]
}

function advice({text, at}: Cursor, word: string, known: readonly string[]): string {
  if (known.includes(word)) return `: a blank has to follow '${word}'`
  const near = didYouMean(word, known)
  if (near !== undefined) return ` (did you mean '${near}'?)`
  const nextToQuote = /["']/.test(text[at - 1] ?? '') || /["']/.test(text[at + word.length] ?? '')
  return nextToQuote || /^["']/.test(word) ? ' (is a quote missing before this?)' : ''
}
