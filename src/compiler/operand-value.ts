import type {ByteString} from '../schema/bytes.ts'
import type {FieldValue, Scalar, ValueType} from '../schema/value.ts'
import type {CheckedCall, CheckedItems, CheckedOperand} from './checked.ts'
import type {Extractor, FieldRef} from './field-ref.ts'
import {findTransformer} from './transformers/transformers.ts'
import {valueClass} from './value-class.ts'

/** Where the values of fields come from while an operand is computed. */
export type BindField<E> = (field: FieldRef) => Extractor<E>

/** Prepares the computation of an operand: a field as it is, a transformer over its arguments. */
export function bindOperand<E>(operand: CheckedOperand, bindField: BindField<E>): Extractor<E> {
  switch (operand.kind) {
    case 'field':
      return bindTyped(operand.field, bindField)
    case 'call':
      return bindCall(operand, bindField)
    case 'literal': {
      const {value} = operand
      return () => value
    }
    case 'items':
      return bindItems(operand, bindField)
  }
}

/**
 * The extractor of a field. A parameter may have another type in the event at hand than in the one the name was looked
 * up in; such a value cannot be compared and counts as absent.
 */
function bindTyped<E>(field: FieldRef, bindField: BindField<E>): Extractor<E> {
  const extract = bindField(field)
  if (field.def.type !== 'dynamic') return extract
  const wanted = jsTypes(field.type)
  return event => {
    const value = extract(event)
    return value !== undefined && wanted.includes(typeof value) ? value : undefined
  }
}

function jsTypes(type: ValueType): readonly string[] {
  switch (valueClass(type)) {
    case 'int':
      return ['number', 'bigint']
    case 'double':
      return ['number']
    case 'bool':
      return ['boolean']
    case 'opaque':
      return ['number', 'bigint', 'boolean', 'string', 'object']
    default:
      return ['string']
  }
}

function bindCall<E>(call: CheckedCall, bindField: BindField<E>): Extractor<E> {
  const extractors = call.args.map(arg => bindArgument(arg, bindField))
  const compute = findTransformer(call.name)!.bind(call.args, call.option)
  return event => {
    const values: FieldValue[] = []
    for (const extract of extractors) {
      const value = extract(event)
      if (value === undefined) return undefined
      values.push(value)
    }
    return compute(values)
  }
}

function bindArgument<E>(arg: CheckedOperand, bindField: BindField<E>): Extractor<E> {
  const extract = bindOperand(arg, bindField)
  if (arg.kind !== 'field' || arg.field.gather === undefined) return extract
  // A transformer sees all ancestors as outputs print them: one text, nearest first, with blanks between.
  return event => {
    const value = extract(event)
    return Array.isArray(value) ? value.join(' ') : value
  }
}

function bindItems<E>(list: CheckedItems, bindField: BindField<E>): Extractor<E> {
  const extractors = list.items.map(item => bindArgument(item, bindField))
  return event => {
    const values: Scalar[] = []
    for (const extract of extractors) {
      const value = extract(event)
      if (value === undefined) return undefined
      values.push(typeof value === 'string' ? value : (String(value) as ByteString))
    }
    return values
  }
}
