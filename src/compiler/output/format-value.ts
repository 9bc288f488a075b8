import type {AlertValue} from '../../schema/alert.ts'
import {type ByteString, textOf, untilNul} from '../../schema/bytes.ts'
import type {FieldValue, Int, Scalar, ValueType} from '../../schema/value.ts'
import {ipText} from '../ip-text.ts'
import {intShape, valueClass} from '../value-class.ts'

/** How the values of one field print. */
export interface ValueShape {
  readonly type: ValueType
  /** Yields a list of values, which prints in parentheses. */
  readonly list: boolean
  /** `hex`, `oct` or `padded9` for integers; anything else is decimal. */
  readonly format?: string | undefined
}

/** Bytes of a buffer that are printed. */
const MAX_BUFFER = 1000

/** Bytes that a list prints as at most. */
const MAX_LIST = 1023

/** A value as outputs show it. Values gathered from several ancestors are joined with blanks. */
export function formatValue(value: FieldValue, shape: ValueShape): ByteString {
  if (!Array.isArray(value)) return formatScalar(value as Scalar, shape)
  const texts = (value as readonly Scalar[]).map(item => formatScalar(item, shape))
  if (shape.list) return `(${texts.join(',')})`.slice(0, MAX_LIST)
  return texts.join(' ').slice(leadingEmpty(texts))
}

/** Blanks that would stand before the first text: nothing separates what comes before it. */
function leadingEmpty(texts: readonly ByteString[]): number {
  const first = texts.findIndex(text => text !== '')
  return first < 0 ? Math.max(0, texts.length - 1) : first
}

/** A value as alerts carry it. */
export function alertValue(value: FieldValue, shape: ValueShape): AlertValue {
  if (!Array.isArray(value)) return alertScalar(value as Scalar, shape)
  const values = value as readonly Scalar[]
  return shape.list
    ? values.map(item => alertScalar(item, shape))
    : textOf(formatValue(value, shape))
}

function alertScalar(value: Scalar, shape: ValueShape): AlertValue {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string' || isText(shape.format)) return textOf(formatScalar(value, shape))
  return value
}

/** Formats whose text is not the decimal number. */
function isText(format: string | undefined): boolean {
  return format === 'hex' || format === 'oct' || format === 'padded9'
}

function formatScalar(value: Scalar, shape: ValueShape): ByteString {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return formatBytes(value, shape.type)
  return valueClass(shape.type) === 'double' ? Number(value).toFixed(1) : formatInt(value, shape)
}

function formatBytes(value: ByteString, type: ValueType): ByteString {
  switch (valueClass(type)) {
    case 'ip':
      return value.length === 4 || value.length === 16 ? ipText(value) : ''
    case 'net':
      return '<IPNET>'
    case 'bytes':
      return value.slice(0, MAX_BUFFER).replace(/[^ -~]/g, '.')
    default:
      return untilNul(value)
  }
}

function formatInt(value: Int, {type, format}: ValueShape): ByteString {
  if (format === 'padded9') return String(value).padStart(9, '0')
  if (format !== 'hex' && format !== 'oct') return String(value)
  const bits = intShape(type)?.bits ?? 64
  const unsigned = BigInt.asUintN(bits, BigInt(value))
  return format === 'hex' ? unsigned.toString(16).toUpperCase() : unsigned.toString(8)
}
