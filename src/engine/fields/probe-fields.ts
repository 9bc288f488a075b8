import type {FieldRef} from '../../compiler/field-ref.ts'
import type {ByteString} from '../../schema/bytes.ts'
import {PROBE_CLASS} from '../../schema/probe.ts'
import type {FieldValue, Int} from '../../schema/value.ts'
import type {FieldExtractor} from './field-source.ts'

/** The extractor of a probe's field: absent in all events but the probe's own. Undefined for other fields. */
export function probeField({def}: FieldRef): FieldExtractor | undefined {
  if (def.class !== PROBE_CLASS) return undefined
  const [, probe = '', ...path] = def.name.split('.')
  const event = `probe.${probe}`
  const member = path.join('.')
  // Truth values are numbers in records and true or false in fields.
  const read = (value: Int | ByteString | undefined): FieldValue | undefined =>
    def.type === 'bool' && value !== undefined ? value !== 0 : value
  return context => (context.event.def.name === event ? read(context.event.get(member)) : undefined)
}
