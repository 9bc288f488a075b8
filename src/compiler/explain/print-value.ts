import {type ByteString, bytesOf, textOf} from '../../schema/bytes.ts'
import type {FieldValue, Scalar, ValueType} from '../../schema/value.ts'
import {ipText} from '../ip-text.ts'
import {valueClass} from '../value-class.ts'

/** Bytes of a text that are shown before it is cut. */
const TEXT_SHOWN = 200
/** Values of a list that are shown. */
const VALUES_SHOWN = 16

/** Words that stand bare in conditions whatever surrounds them. */
const BARE = /^[A-Za-z0-9_/.:*?@+%~][A-Za-z0-9_/.:*?@+%~-]*$/
/** Controls of terminals (C0, C1), marks that turn the direction of text, and separators of lines. */
const UNSAFE =
  /["\\\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu
const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A text in double quotes with everything escaped that is no plain text: safe on a terminal, whoever wrote it. */
export function quoteSafely(bytes: ByteString, maxBytes: number = TEXT_SHOWN): string {
  const cut = bytes.slice(0, maxBytes)
  const text = textOf(cut)
  const isText = bytesOf(text) === cut
  const body = isText
    ? text.replace(UNSAFE, char => NAMED[char] ?? hexBytes(bytesOf(char)))
    : cut.replace(/["\\]|[^ -~]/g, char => NAMED[char] ?? hexBytes(char))
  // Conditions have no quoted text that ends in a backslash, escaped or not.
  const ended = body.endsWith('\\\\') ? `${body.slice(0, -2)}\\x5c` : body
  const more = bytes.length - cut.length
  return more > 0 ? `"${ended}"… (${more} more bytes)` : `"${ended}"`
}

function hexBytes(bytes: ByteString): string {
  return Array.from(bytes, byte => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`).join(
    '',
  )
}

/** A constant as a condition spells it: addresses and networks as such, texts bare where that is safe. */
export function printConstant(value: Scalar, type: ValueType): string {
  if (typeof value !== 'string') return String(value)
  const shaped = printAddress(value, type)
  if (shaped !== undefined) return shaped
  return BARE.test(value) && value.length <= TEXT_SHOWN ? value : quoteSafely(value)
}

/** What a field yielded, for people: texts in quotes, lists in parentheses. */
export function printValue(value: FieldValue, type: ValueType): string {
  if (!Array.isArray(value)) return printOne(value as Scalar, type)
  const values = value as readonly Scalar[]
  const shown = values.slice(0, VALUES_SHOWN).map(one => printOne(one, type))
  const more = values.length - shown.length
  return `(${shown.join(', ')}${more > 0 ? `, … ${more} more` : ''})`
}

function printOne(value: Scalar, type: ValueType): string {
  if (typeof value !== 'string') return String(value)
  return printAddress(value, type) ?? quoteSafely(value)
}

function printAddress(value: ByteString, type: ValueType): string | undefined {
  const kind = valueClass(type)
  if (kind !== 'ip' && kind !== 'net') return undefined
  if (value.length === 4 || value.length === 16) return ipText(value)
  if (value.length !== 5 && value.length !== 17) return undefined
  const size = value.length - 1
  return `${ipText(value.slice(0, size))}/${value.charCodeAt(size)}`
}
