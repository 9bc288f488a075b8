import type {ByteString} from '../../schema/bytes.ts'
import {asciiLower} from '../ascii-case.ts'

/**
 * One step of a pattern. A number is that byte, 256 any one byte, 257 any run; a table says for each byte whether it
 * belongs to a bracket expression.
 */
export type GlobStep = number | Uint8Array

/** `?` as a {@link GlobStep}. */
export const ANY_BYTE = 256

/** `*` as a {@link GlobStep}. */
export const ANY_RUN = 257

const CLASSES: ReadonlyMap<string, (byte: number) => boolean> = new Map([
  ['alpha', isAlpha],
  ['digit', isDigit],
  ['alnum', byte => isAlpha(byte) || isDigit(byte)],
  ['upper', byte => byte >= 65 && byte <= 90],
  ['lower', byte => byte >= 97 && byte <= 122],
  ['space', byte => byte === 32 || (byte >= 9 && byte <= 13)],
  ['blank', byte => byte === 32 || byte === 9],
  ['punct', byte => byte > 32 && byte < 127 && !isAlpha(byte) && !isDigit(byte)],
  ['print', byte => byte >= 32 && byte < 127],
  ['graph', byte => byte > 32 && byte < 127],
  ['cntrl', byte => byte < 32 || byte === 127],
  ['xdigit', byte => isDigit(byte) || ((byte | 32) >= 97 && (byte | 32) <= 102)],
])

function isAlpha(byte: number): boolean {
  return (byte | 32) >= 97 && (byte | 32) <= 122
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

/**
 * Reads a POSIX `fnmatch` pattern without flags, in the C locale. Undefined for a pattern that matches nothing: one
 * that ends in a lone backslash or names an unknown character class.
 *
 * @param fold - ignore ASCII case; values must then be given in lower case
 */
export function parseGlob(pattern: ByteString, fold: boolean): readonly GlobStep[] | undefined {
  const steps: GlobStep[] = []
  const byteStep = (at: number): number => {
    const byte = pattern.charCodeAt(at)
    return fold && byte >= 65 && byte <= 90 ? byte + 32 : byte
  }
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '*') {
      if (steps.at(-1) !== ANY_RUN) steps.push(ANY_RUN)
    } else if (char === '?') {
      steps.push(ANY_BYTE)
    } else if (char === '\\') {
      if (++at === pattern.length) return undefined
      steps.push(byteStep(at))
    } else if (char === '[') {
      const bracket = parseBracket(pattern, at, fold)
      if (bracket === 'invalid') return undefined
      steps.push(bracket?.table ?? 91)
      if (bracket !== undefined) at = bracket.last
    } else {
      steps.push(byteStep(at))
    }
  }
  return steps
}

interface Bracket {
  readonly table: Uint8Array
  /** Place of the closing bracket. */
  readonly last: number
}

/** Reads a bracket expression at its `[`; undefined when it never closes and the bracket stands for itself. */
function parseBracket(
  pattern: ByteString,
  open: number,
  fold: boolean,
): Bracket | undefined | 'invalid' {
  const table = new Uint8Array(256)
  let at = open + 1
  const negated = pattern[at] === '!' || pattern[at] === '^'
  if (negated) at++
  let invalid = false
  for (const first = at; at < pattern.length; ) {
    if (pattern[at] === ']' && at > first) {
      if (invalid) return 'invalid'
      if (fold) foldTable(table)
      if (negated) for (let i = 0; i < 256; i++) table[i] = table[i]! ^ 1
      return {table, last: at}
    }
    const named = pattern[at] === '[' ? parseClass(pattern, at) : undefined
    if (named !== undefined) {
      const belongs = CLASSES.get(named.name)
      if (belongs === undefined) invalid = true
      else for (let byte = 0; byte < 256; byte++) if (belongs(byte)) table[byte] = 1
      at = named.next
      continue
    }
    const low = parseMember(pattern, at)
    if (low === undefined) return undefined
    let high = low
    if (
      pattern[low.next] === '-' &&
      low.next + 1 < pattern.length &&
      pattern[low.next + 1] !== ']'
    ) {
      const end = parseMember(pattern, low.next + 1)
      if (end === undefined) return undefined
      high = end
    }
    addRange(table, low.byte, high.byte, fold)
    at = high.next
  }
  return undefined
}

/** `[:alpha:]` at its `[`; undefined when it is none (the bracket is then an ordinary member). */
function parseClass(pattern: ByteString, at: number): {name: string; next: number} | undefined {
  if (pattern[at + 1] !== ':') return undefined
  const end = pattern.indexOf(':]', at + 2)
  if (end < 0) return undefined
  const name = pattern.slice(at + 2, end)
  return /^[a-z]+$/.test(name) ? {name, next: end + 2} : undefined
}

/** One byte of a bracket expression: plain, quoted by a backslash, or `[.x.]` and `[=x=]` for a single byte. */
function parseMember(pattern: ByteString, at: number): {byte: number; next: number} | undefined {
  const kind = pattern[at + 1]
  if (pattern[at] === '[' && (kind === '.' || kind === '=')) {
    if (pattern[at + 3] === kind && pattern[at + 4] === ']')
      return {byte: pattern.charCodeAt(at + 2), next: at + 5}
  }
  const place = pattern[at] === '\\' ? at + 1 : at
  return place < pattern.length ? {byte: pattern.charCodeAt(place), next: place + 1} : undefined
}

function addRange(table: Uint8Array, low: number, high: number, fold: boolean): void {
  // With case folding a range lies between its folded ends, as in `[A-z]`, which is then `[a-z]`.
  const lower = (byte: number): number => (fold && byte >= 65 && byte <= 90 ? byte + 32 : byte)
  for (let byte = lower(low); byte <= lower(high); byte++) table[byte] = 1
}

/** Makes both cases of each letter that is in the table members. */
function foldTable(table: Uint8Array): void {
  for (let upper = 65; upper <= 90; upper++) {
    const either = table[upper]! | table[upper + 32]!
    table[upper] = either
    table[upper + 32] = either
  }
}

/** The text that a pattern of nothing but plain bytes stands for, folded when the pattern is; undefined for others. */
export function literalOf(steps: readonly GlobStep[], fold: boolean): ByteString | undefined {
  if (!steps.every(step => typeof step === 'number' && step < ANY_BYTE)) return undefined
  const text = String.fromCharCode(...(steps as readonly number[]))
  return fold ? asciiLower(text) : text
}
