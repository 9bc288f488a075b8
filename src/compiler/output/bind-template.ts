import type {AlertValue} from '../../schema/alert.ts'
import {type ByteString, textOf} from '../../schema/bytes.ts'
import type {FieldValue} from '../../schema/value.ts'
import type {CheckedOperand} from '../checked.ts'
import {printFormat, resolveField} from '../field-lookup.ts'
import type {Extractor, FieldBinder, FieldRef} from '../field-ref.ts'
import {bindOperand} from '../operand-value.ts'
import {alertValue, formatValue, type ValueShape} from './format-value.ts'
import type {OutputTemplate, Placeholder} from './template.ts'

/** A template joined to a source of values. */
export interface BoundTemplate<E> {
  /** The text with all placeholders filled in; absent values print `<NA>`. */
  format(event: E): string
  /** Each field of the template, those inside transformers too, with its value for alerts; null when absent. */
  fields(event: E): (readonly [name: string, value: AlertValue])[]
}

const ABSENT = '<NA>'

/** Binds a template: fields are looked up in the source once, here. */
export function bindTemplate<E>(
  template: OutputTemplate,
  binder: FieldBinder<E>,
): BoundTemplate<E> {
  const writers = template.parts.map(part =>
    typeof part === 'string' ? () => part : bindPlaceholder(part, binder),
  )
  const readers = template.fields.map(field => [field.text, bindAlertField(field, binder)] as const)
  return {
    format: event => {
      let bytes = ''
      for (const write of writers) bytes += write(event)
      return textOf(bytes)
    },
    fields: event => readers.map(([name, read]) => [name, read(event)] as const),
  }
}

function bindPlaceholder<E>(
  {operand, width}: Placeholder,
  binder: FieldBinder<E>,
): (event: E) => ByteString {
  const extract = bindOperand(operand, field => bindPrinted(field, binder))
  const shape = shapeOf(operand)
  return event => {
    const value = extract(event)
    const text = value === undefined ? ABSENT : formatValue(value, shape)
    return width === 0 ? text : text.slice(0, width).padEnd(width, ' ')
  }
}

function shapeOf(operand: CheckedOperand): ValueShape {
  const format = operand.kind === 'field' ? printFormat(operand.field) : undefined
  return {type: operand.type, list: operand.list, format}
}

/** Fields that compare with the ancestors but print what is the process's own. */
const PRINTED_AS: ReadonlyMap<string, string> = new Map([
  ['proc.apid', 'proc.pid'],
  ['proc.aenv', 'proc.env'],
])

/** Outputs know nothing of the fields that only compare. */
function bindPrinted<E>(field: FieldRef, binder: FieldBinder<E>): Extractor<E> {
  if (field.def.filterOnly === true) return () => undefined
  const extract = binder.bind(field)
  const owner = PRINTED_AS.get(field.text)
  if (owner !== undefined) {
    const own = binder.bind(known(owner))
    return event => (extract(event) === undefined ? undefined : own(event))
  }
  if (field.gather !== 'ancestors' && !field.list) return extract
  return event => {
    const value = extract(event)
    // Nothing in a list, or ancestors without any text, is no value at all.
    return Array.isArray(value) && value.every(item => item === '') ? undefined : value
  }
}

/** In alerts these are the plain number of nanoseconds or of their own unit. */
const TIME_TEXT = /^evt\.(?:time|datetime)(?:\.|$)/
const TIME_NUMBER = /^evt\.(?:rawtime|reltime|latency|deltatime)(?:\.|$)/

function bindAlertField<E>(field: FieldRef, binder: FieldBinder<E>): (event: E) => AlertValue {
  const timeText = TIME_TEXT.test(field.text)
  const source = timeText ? known('evt.rawtime') : field
  const extract = bindPrinted(source, binder)
  const plain = timeText || TIME_NUMBER.test(field.text)
  const shape: ValueShape = {
    type: source.type,
    list: source.list,
    format: plain ? undefined : printFormat(source),
  }
  return event => {
    const value: FieldValue | undefined = extract(event)
    return value === undefined ? null : alertValue(value, shape)
  }
}

function known(name: string): FieldRef {
  const lookup = resolveField(name, undefined)
  if (!lookup.ok) throw new Error(`the field table lacks ${name}`)
  return lookup.field
}
