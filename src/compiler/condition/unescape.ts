import {type ByteString, bytesOf} from '../../schema/bytes.ts'

/** The outcome of decoding a quoted text. */
export type Unescaped =
  | {readonly ok: true; readonly bytes: ByteString}
  /** `at` is the offset of the offending backslash within the inner text. */
  | {readonly ok: false; readonly message: string; readonly at: number}

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['\\', '\\'],
  ['/', '/'],
  // A backslash before a blank stays and the blank goes: rules in the field rely on it.
  [' ', '\\'],
])

/**
 * Decodes the text between two quotes to bytes. Known escapes: `\b \f \n \r \t \\ \/`, backslash-blank, the quote itself,
 * and `\xHH` with exactly two hex digits (any byte). Everything else after a backslash is refused.
 */
export function unescapeQuoted(inner: string, quote: '"' | "'"): Unescaped {
  let from = 0
  let bytes = ''
  for (let at = inner.indexOf('\\'); at >= 0; at = inner.indexOf('\\', from)) {
    bytes += bytesOf(inner.slice(from, at))
    const next = inner[at + 1] ?? ''
    const simple = next === quote ? quote : SIMPLE.get(next)
    if (simple !== undefined) {
      bytes += simple
      from = at + 2
      continue
    }
    if (next !== 'x') return {ok: false, message: `unknown escape '\\${next}'`, at}
    const digits = inner.slice(at + 2, at + 4)
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) {
      return {ok: false, message: `'\\x${digits}' needs two hex digits`, at}
    }
    bytes += String.fromCharCode(Number.parseInt(digits, 16))
    from = at + 4
  }
  return {ok: true, bytes: bytes + bytesOf(inner.slice(from))}
}

/**
 * Where the quoted text that opens at `start` ends: the offset of the closing quote, or -1. The end is the first equal
 * quote whose preceding character is not a backslash, even an escaped one, so a quoted text cannot end in a backslash.
 */
export function closingQuote(text: string, start: number): number {
  const quote = text[start]!
  let at = text.indexOf(quote, start + 1)
  // The opening quote itself counts as an ordinary character before: `""` is the empty text.
  while (at >= 0 && at > start + 1 && text[at - 1] === '\\') at = text.indexOf(quote, at + 1)
  return at
}
