import {type ByteString, bytesOf, textOf} from '../../schema/bytes.ts'
import {canonicalInt, type Int} from '../../schema/value.ts'
import {MAX_DEPTH} from './jsonl-format.ts'

/** Thrown at the first thing that is wrong with a line. Never leaves this folder. */
export class LineError extends Error {}

/** A JSON object. Its keys come from the file: read them with `Object.hasOwn` or through {@link member}. */
export type JsonObject = Readonly<Record<string, unknown>>

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [
  0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d,
]
const LEAST = -(2n ** 63n)
const MOST = 2n ** 64n - 1n
const INTEGER = /^-?\d{1,20}$/
const HEX = /^(?:[0-9a-f]{2})*$/i

/** Parses one line that must be an object. @throws LineError */
export function parseObject(line: string): JsonObject {
  if (!isFlatEnough(line)) throw new LineError(`more than ${MAX_DEPTH} levels of nesting`)
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch (error) {
    throw new LineError(error instanceof Error ? error.message : String(error))
  }
  return objectOf(json, 'the line')
}

/** Looks at nesting ahead of parsing, which would build millions of objects out of a line of brackets. */
function isFlatEnough(line: string): boolean {
  let depth = 0
  for (let at = 0; at < line.length; at++) {
    const char = line.charCodeAt(at)
    if (char === QUOTE) {
      for (at++; at < line.length && line.charCodeAt(at) !== QUOTE; at++)
        if (line.charCodeAt(at) === BACKSLASH) at++
    } else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      depth++
      if (depth > MAX_DEPTH) return false
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth--
  }
  return true
}

/** A member that the object itself has. */
export function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** @throws LineError when it is no object */
export function objectOf(json: unknown, what: string): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new LineError(`${what} must be an object`)
  return json as JsonObject
}

/** @throws LineError when it is no array or longer than `most` */
export function arrayOf(json: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(json) || json.length > most)
    throw new LineError(`${what} must be an array of at most ${most}`)
  return json
}

/** An integer that a number holds exactly. @throws LineError */
export function numberOf(json: unknown, what: string, least = Number.MIN_SAFE_INTEGER): number {
  if (typeof json !== 'number' || !Number.isSafeInteger(json) || json < least)
    throw new LineError(`${what} must be an integer from ${least}`)
  // -0 is no value that an event has.
  return json + 0
}

/** A number from 0 that need not be exact. @throws LineError */
export function finiteOf(json: unknown, what: string): number {
  if (typeof json !== 'number' || !Number.isFinite(json) || json < 0)
    throw new LineError(`${what} must be a number from 0`)
  return json
}

/** @throws LineError */
export function booleanOf(json: unknown, what: string): boolean {
  if (typeof json !== 'boolean') throw new LineError(`${what} must be true or false`)
  return json
}

/** Ordinary text. @throws LineError */
export function stringOf(json: unknown, what: string): string {
  if (typeof json !== 'string') throw new LineError(`${what} must be a text`)
  return json
}

/** A number, or `{"int":"…"}` beyond what a number holds. */
export function intToJson(value: Int): unknown {
  return typeof value === 'number' ? value : {int: String(value)}
}

/** Reads what {@link intToJson} gave. @throws LineError */
export function intFromJson(json: unknown, what: string): Int {
  return typeof json === 'number' ? numberOf(json, what) : decimalOf(wrapped(json, 'int'), what)
}

/** A 64-bit integer in decimal digits. @throws LineError */
export function decimalOf(json: unknown, what: string): Int {
  const value = typeof json === 'string' && INTEGER.test(json) ? BigInt(json) : undefined
  if (value === undefined || value < LEAST || value > MOST)
    throw new LineError(`${what} must be an integer of 64 bits`)
  return canonicalInt(value)
}

/** A text, or `{"hex":"…"}` when the bytes are no UTF-8. */
export function bytesToJson(value: ByteString): unknown {
  const text = textOf(value)
  return bytesOf(text) === value ? text : {hex: Buffer.from(value, 'latin1').toString('hex')}
}

/** Reads what {@link bytesToJson} gave. @throws LineError */
export function bytesFromJson(json: unknown, what: string): ByteString {
  if (typeof json === 'string') return bytesOf(json)
  const hex = wrapped(json, 'hex')
  if (typeof hex !== 'string' || !HEX.test(hex))
    throw new LineError(`${what} must be a text or {"hex": …}`)
  return Buffer.from(hex, 'hex').toString('latin1')
}

/** Reads a value of either kind. @throws LineError */
export function valueFromJson(json: unknown, what: string): Int | ByteString {
  if (typeof json === 'number' || wrapped(json, 'int') !== undefined) return intFromJson(json, what)
  return bytesFromJson(json, what)
}

/** The only member of an object that says what kind of value it is. */
function wrapped(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? member(json as JsonObject, name) : undefined
}
