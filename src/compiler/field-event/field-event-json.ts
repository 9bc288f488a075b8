import {canonicalInt, type Int} from '../../schema/value.ts'

/** A value of a field event as JSON holds it. Integers are exact at any size up to 64 bits and a little beyond. */
export type FieldJson =
  | string
  | Int
  | boolean
  | null
  | {readonly hex: string}
  | readonly FieldJson[]

/** Longest line that is read. */
const MAX_LINE = 1 << 20

/** Longest array. */
const MAX_ITEMS = 4096

/** Digits of an integer; 64 bits have at most 20. */
const MAX_DIGITS = 40

/** Thrown at the first mistake of a line. */
export class FieldJsonError extends Error {}

interface Reader {
  readonly text: string
  at: number
}

/**
 * Reads one JSON object whose values are scalars, `{"hex": …}` or arrays of those. The built-in reader would round integers
 * beyond 2^53. Of equal keys the last one counts.
 *
 * @throws {FieldJsonError} naming what is wrong and where
 */
export function readFieldJson(line: string): ReadonlyMap<string, FieldJson> {
  if (line.length > MAX_LINE)
    throw new FieldJsonError(`the line is longer than ${MAX_LINE} characters`)
  const reader: Reader = {text: line, at: 0}
  const values = new Map<string, FieldJson>()
  readMembers(reader, key => values.set(key, readValue(reader, 0)))
  skipBlanks(reader)
  if (reader.at < line.length) refuse(reader, 'the end of the line')
  return values
}

function readMembers(reader: Reader, member: (key: string) => void): void {
  expect(reader, '{')
  if (take(reader, '}')) return
  do {
    const key = readString(reader)
    expect(reader, ':')
    member(key)
  } while (take(reader, ','))
  expect(reader, '}')
}

function readValue(reader: Reader, depth: number): FieldJson {
  skipBlanks(reader)
  const char = reader.text[reader.at]
  if (char === '"') return readString(reader)
  if (char === '{') return readHex(reader)
  if (char === '[' && depth === 0) return readArray(reader)
  for (const [word, value] of [
    ['true', true],
    ['false', false],
    ['null', null],
  ] as const) {
    if (reader.text.startsWith(word, reader.at)) {
      reader.at += word.length
      return value
    }
  }
  return readNumber(reader)
}

function readArray(reader: Reader): readonly FieldJson[] {
  expect(reader, '[')
  const items: FieldJson[] = []
  if (take(reader, ']')) return items
  do {
    if (items.length === MAX_ITEMS)
      throw new FieldJsonError(`an array has more than ${MAX_ITEMS} items`)
    items.push(readValue(reader, 1))
  } while (take(reader, ','))
  expect(reader, ']')
  return items
}

function readHex(reader: Reader): FieldJson {
  let hex: string | undefined
  readMembers(reader, key => {
    if (key !== 'hex')
      throw new FieldJsonError(`an object may only have the key "hex", not "${key}"`)
    skipBlanks(reader)
    hex = readString(reader)
  })
  if (hex === undefined || hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex))
    throw new FieldJsonError('the value of "hex" is not an even number of hexadecimal digits')
  return {hex}
}

const STRING = /"(?:[^"\\\u0000-\u001f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/y

function readString(reader: Reader): string {
  skipBlanks(reader)
  const token = takeMatch(reader, STRING)
  return token === undefined ? refuse(reader, 'a string') : (JSON.parse(token) as string)
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

function readNumber(reader: Reader): Int {
  const token = takeMatch(reader, NUMBER)
  if (token === undefined) return refuse(reader, 'a value')
  if (/[.eE]/.test(token)) return Number(token)
  if (token.length > MAX_DIGITS)
    throw new FieldJsonError(`the number ${token.slice(0, 20)}… is too long`)
  return canonicalInt(BigInt(token))
}

function takeMatch(reader: Reader, sticky: RegExp): string | undefined {
  sticky.lastIndex = reader.at
  const token = sticky.exec(reader.text)?.[0]
  if (token !== undefined) reader.at += token.length
  return token
}

function take(reader: Reader, char: string): boolean {
  skipBlanks(reader)
  if (reader.text[reader.at] !== char) return false
  reader.at++
  return true
}

function expect(reader: Reader, char: string): void {
  if (!take(reader, char)) refuse(reader, `'${char}'`)
}

function skipBlanks(reader: Reader): void {
  while (/[ \t\r\n]/.test(reader.text[reader.at] ?? '')) reader.at++
}

function refuse(reader: Reader, wanted: string): never {
  throw new FieldJsonError(`expected ${wanted} at column ${reader.at + 1}`)
}
