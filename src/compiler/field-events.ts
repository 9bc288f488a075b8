import {bytesOf, untilNul} from '../schema/bytes.ts'
import {currentEvent, GENERIC_EVENT_CODES} from '../schema/event-table.ts'
import {findField} from '../schema/field-table.ts'
import type {FieldValue, Int, Scalar} from '../schema/value.ts'
import {parseOperandAt} from './condition/parser.ts'
import {timeField} from './field-event/event-time.ts'
import {type FieldJson, FieldJsonError, readFieldJson} from './field-event/field-event-json.ts'
import {type FieldFinder, resolveField} from './field-lookup.ts'
import type {FieldBinder, FieldRef} from './field-ref.ts'
import {parseIp, parseNet} from './ip-text.ts'
import {intShape, valueClass} from './value-class.ts'

/** An event given as the values of its fields, by canonical field text. */
export interface FieldEvent {
  readonly values: ReadonlyMap<string, FieldValue>
}

/** An event, or what is wrong with its line. */
export type FieldEventResult =
  | {readonly ok: true; readonly event: FieldEvent}
  | {readonly ok: false; readonly message: string}

/** What {@link parseFieldEvent} fills in when the line does not say it. */
export interface FieldEventDefaults {
  /** `evt.num` */
  readonly number?: Int
  /** `evt.rawtime`, nanoseconds since the epoch; the other time fields follow from it. */
  readonly timeNs?: Int
}

/**
 * Reads one line of JSON: field texts to values. Every key must be a field and every value fit its type; `null` is the same
 * as leaving the key out. Arrays are for list-valued fields, the ends of a connection (`fd.ip`) and all ancestors
 * (`proc.aname`). Text may be `{"hex": …}`.
 */
export function parseFieldEvent(
  line: string,
  defaults: FieldEventDefaults = {},
  find: FieldFinder = findField,
): FieldEventResult {
  try {
    const values = new Map<string, FieldValue>()
    for (const [key, json] of readFieldJson(line)) {
      const field = fieldOfKey(key, find)
      if (json !== null) values.set(field.text, fieldValue(field, json))
    }
    fillIn(values, 'evt.num', defaults.number)
    fillIn(values, 'evt.rawtime', defaults.timeNs)
    return {ok: true, event: {values}}
  } catch (error) {
    if (error instanceof FieldJsonError) return {ok: false, message: error.message}
    throw error
  }
}

function fillIn(values: Map<string, FieldValue>, name: string, value: Int | undefined): void {
  if (value !== undefined && !values.has(name)) values.set(name, value)
}

function fieldOfKey(key: string, find: FieldFinder): FieldRef {
  const parsed = parseOperandAt(key, 0)
  if (parsed?.operand.kind !== 'field' || parsed.end !== key.length)
    throw new FieldJsonError(`'${key}' is not a field`)
  const lookup = resolveField(parsed.operand.name, parsed.operand.arg, find)
  if (lookup.ok) return lookup.field
  const {message, hint} = lookup.problem
  throw new FieldJsonError(hint === undefined ? message : `${message} (${hint})`)
}

function fieldValue(field: FieldRef, json: FieldJson): FieldValue {
  const many = field.list || field.gather !== undefined
  if (!Array.isArray(json)) {
    if (field.list) throw misfit(field, 'an array')
    const value = scalarValue(field, json as FieldJson)
    return many ? [value] : value
  }
  if (!many) throw misfit(field, 'one value')
  if (field.gather === 'ends' && json.length > 2) throw misfit(field, 'at most two values')
  return (json as readonly FieldJson[]).map(item => scalarValue(field, item))
}

function scalarValue(field: FieldRef, json: FieldJson): Scalar {
  switch (valueClass(field.type)) {
    case 'int':
      return intValue(field, json)
    case 'double':
      if (typeof json === 'number') return json
      throw misfit(field, 'a number')
    case 'bool':
      if (typeof json === 'boolean') return json
      throw misfit(field, 'true or false')
    case 'ip':
      return addressValue(field, json, parseIp)
    case 'net':
      return addressValue(field, json, text =>
        text.includes('/') ? parseNet(text) : parseIp(text),
      )
    case 'bytes':
      return bytesValue(field, json)
    default:
      return untilNul(bytesValue(field, json))
  }
}

function intValue(field: FieldRef, json: FieldJson): Scalar {
  const {bits, signed} = intShape(field.type)!
  const isInteger = typeof json === 'bigint' || Number.isInteger(json)
  const low = signed ? -(2n ** BigInt(bits - 1)) : 0n
  const high = 2n ** BigInt(signed ? bits - 1 : bits) - 1n
  if (!isInteger || (json as Int) < low || (json as Int) > high)
    throw misfit(field, `an integer from ${low} to ${high}`)
  return json as Int
}

function addressValue(
  field: FieldRef,
  json: FieldJson,
  parse: (text: string) => string | undefined,
): Scalar {
  const value = typeof json === 'string' ? parse(json) : undefined
  if (value === undefined) throw misfit(field, 'an address as text')
  return value
}

function bytesValue(field: FieldRef, json: FieldJson): string {
  if (typeof json === 'string') return bytesOf(json)
  if (typeof json === 'object' && json !== null && 'hex' in json)
    return Buffer.from(json.hex, 'hex').toString('latin1')
  throw misfit(field, 'a text')
}

function misfit(field: FieldRef, wanted: string): FieldJsonError {
  const type = field.list ? `list of ${field.type}` : field.type
  return new FieldJsonError(`the value of '${field.text}' (${type}) must be ${wanted}`)
}

/** Reads field events: values as given, times that are not given from `evt.rawtime`. */
export const fieldEventBinder: FieldBinder<FieldEvent> = {
  bind: ({text}) => {
    if (timeField(text, 0) === undefined) return ({values}) => values.get(text)
    return ({values}) => {
      const rawTime = values.get('evt.rawtime')
      return (
        values.get(text) ?? (rawTime === undefined ? undefined : timeField(text, rawTime as Int))
      )
    }
  },
}

/** The code under which rules are asked about a field event: that of its `evt.type`, the generic one for other calls. */
export function fieldEventCode({values}: FieldEvent): number {
  const type = values.get('evt.type')
  const known = typeof type === 'string' ? currentEvent(type) : undefined
  return known?.code ?? Math.max(...GENERIC_EVENT_CODES)
}
