import type {ByteString} from '../../schema/bytes.ts'
import {canonicalInt, type Int, type Scalar, type ValueType} from '../../schema/value.ts'
import {parseIp, parseNet} from '../ip-text.ts'
import {intShape, valueClass} from '../value-class.ts'
import {servicePort} from './services.ts'

/** Longest literal for text and bytes. */
const MAX_TEXT = 255

/** A constant, or why the literal is none; the message reads after "the literal 'x' ". */
export type LiteralResult =
  | {readonly ok: true; readonly value: Scalar}
  | {readonly ok: false; readonly message: string}

/** Reads a literal as a value of a type, with the original's quirks: decimal integers only, cut to their width. */
export function parseLiteral(type: ValueType, bytes: ByteString): LiteralResult {
  switch (valueClass(type)) {
    case 'int':
      return type === 'port' ? parsePort(bytes) : parseInt64(type, bytes)
    case 'double':
      return parseInt64('int32', bytes)
    case 'bool':
      if (bytes === 'true' || bytes === 'false') return accept(bytes === 'true')
      return refuse('is neither true nor false')
    case 'ip':
      return orRefuse(parseIp(bytes), 'is not an IP address')
    case 'net':
      return orRefuse(parseNet(bytes), 'is not a network such as 10.0.0.0/8')
    case 'text':
      if (bytes.includes('\0')) return refuse('holds a NUL byte')
      return bytes.length > MAX_TEXT ? refuse(`is longer than ${MAX_TEXT} bytes`) : accept(bytes)
    case 'bytes':
      return bytes.length > MAX_TEXT ? refuse(`is longer than ${MAX_TEXT} bytes`) : accept(bytes)
    case 'opaque':
      return refuse(`cannot be compared with a value of type ${type}`)
  }
}

/** Reads an even number of hexadecimal digits as bytes. */
export function parseHexBytes(bytes: ByteString): LiteralResult {
  if (bytes.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(bytes))
    return refuse('is not an even number of hexadecimal digits')
  if (bytes.length > 2 * MAX_TEXT) return refuse(`is longer than ${MAX_TEXT} bytes`)
  return accept(Buffer.from(bytes, 'hex').toString('latin1'))
}

/**
 * Reads a decimal integer, with blanks and a sign allowed in front, the way C's `scanf` does: first held to 64 bits at their
 * bounds (a minus sign wraps for unsigned types), then cut to the width of the type.
 */
function parseInt64(type: ValueType, bytes: ByteString): LiteralResult {
  const match = /^[ \t\n\v\f\r]*([+-]?)([0-9]{1,255})$/.exec(bytes)
  if (match === null) return refuse('is not a decimal integer')
  const shape = intShape(type)!
  const magnitude = BigInt(match[2]!)
  const negative = match[1] === '-'
  return accept(
    cut(shape.signed ? heldSigned(magnitude, negative) : heldUnsigned(magnitude, negative), shape),
  )
}

function heldSigned(magnitude: bigint, negative: boolean): bigint {
  const value = negative ? -magnitude : magnitude
  if (value > 0x7fffffffffffffffn) return 0x7fffffffffffffffn
  return value < -0x8000000000000000n ? -0x8000000000000000n : value
}

function heldUnsigned(magnitude: bigint, negative: boolean): bigint {
  if (magnitude > 0xffffffffffffffffn) return 0xffffffffffffffffn
  return negative ? -magnitude : magnitude
}

function cut(value: bigint, shape: {readonly bits: number; readonly signed: boolean}): Int {
  return canonicalInt(
    shape.signed ? BigInt.asIntN(shape.bits, value) : BigInt.asUintN(shape.bits, value),
  )
}

function parsePort(bytes: ByteString): LiteralResult {
  if (bytes === '') return accept(0)
  if (/^[0-9]{1,255}$/.test(bytes)) return accept(Number(BigInt.asUintN(16, BigInt(bytes))))
  return orRefuse(servicePort(bytes), 'is neither a port nor the name of a service')
}

function orRefuse(value: Scalar | undefined, message: string): LiteralResult {
  return value === undefined ? refuse(message) : accept(value)
}

function accept(value: Scalar): LiteralResult {
  return {ok: true, value}
}

function refuse(message: string): LiteralResult {
  return {ok: false, message}
}
