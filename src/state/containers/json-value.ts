/**
 * Careful reading of JSON that somebody else wrote: nothing throws, each value has the type that was asked for or is empty, text
 * and lists are bounded, and only own properties count, so that `__proto__` is a name like any other.
 */
import {type ByteString, bytesOf, untilNul} from '../../schema/bytes.ts'

/** Longest text that is kept, in bytes (PATH_MAX, linux include/uapi/linux/limits.h). */
const MAX_TEXT = 4096
/** Entries of a list or mapping that are looked at. */
const MAX_ENTRIES = 1024

/** Parses JSON text; undefined when it is not valid or longer than that many characters. */
export function parseJson(text: string, maxLength: number): unknown {
  if (text.length > maxLength) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value below these keys; undefined as soon as one is missing. */
export function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  let at = value
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  return at
}

/** Text as bytes up to its first NUL, cut when it is too long; empty for anything else. */
export function textAt(value: unknown, ...keys: readonly string[]): ByteString {
  const found = valueAt(value, ...keys)
  if (typeof found !== 'string') return ''
  return untilNul(bytesOf(found.slice(0, MAX_TEXT))).slice(0, MAX_TEXT)
}

/** True only for `true`. */
export function flagAt(value: unknown, ...keys: readonly string[]): boolean {
  return valueAt(value, ...keys) === true
}

/** A number that is finite; 0 for anything else. */
export function numberAt(value: unknown, ...keys: readonly string[]): number {
  const found = valueAt(value, ...keys)
  return typeof found === 'number' && Number.isFinite(found) ? found : 0
}

/** The entries of a list; none for anything else. */
export function listAt(value: unknown, ...keys: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...keys)
  return Array.isArray(found) ? found.slice(0, MAX_ENTRIES) : []
}

/** The texts of a list. */
export function textsAt(value: unknown, ...keys: readonly string[]): ByteString[] {
  return listAt(value, ...keys)
    .filter(entry => typeof entry === 'string')
    .map(entry => textAt(entry))
}

/** The entries of a mapping. */
export function entriesAt(
  value: unknown,
  ...keys: readonly string[]
): readonly (readonly [ByteString, unknown])[] {
  const found = valueAt(value, ...keys)
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return []
  return Object.entries(found)
    .slice(0, MAX_ENTRIES)
    .map(([key, entry]) => [textAt(key), entry] as const)
}

/** The texts of a mapping. */
export function textMapAt(value: unknown, ...keys: readonly string[]): Map<ByteString, ByteString> {
  return new Map(
    entriesAt(value, ...keys)
      .filter(([, entry]) => typeof entry === 'string')
      .map(([key, entry]) => [key, textAt(entry)]),
  )
}

/** Seconds since the epoch of a time in ISO 8601; 0 when it is none. */
export function secondsAt(value: unknown, ...keys: readonly string[]): number {
  const time = Date.parse(textAt(value, ...keys))
  return Number.isNaN(time) || time < 0 ? 0 : Math.floor(time / 1000)
}
