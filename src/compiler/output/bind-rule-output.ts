import type {AlertValue} from '../../schema/alert.ts'
import type {FieldBinder} from '../field-ref.ts'
import {bindTemplate} from './bind-template.ts'
import type {OutputTemplate} from './template.ts'

/** The output of a rule as loading leaves it. */
export interface RuleOutput {
  readonly template: OutputTemplate
  /** Further fields: under this name, as text or with the field's own value. */
  readonly extraFields: readonly {
    readonly name: string
    readonly template: OutputTemplate
    readonly formatted: boolean
  }[]
}

/** A rule's output joined to a source of values. */
export interface BoundRuleOutput<E> {
  /** The output text with its placeholders filled in. */
  message(event: E): string
  /** The fields of the text, then the extra ones; of equal names the last value counts. */
  fields(event: E): Map<string, AlertValue>
}

/** Binds the output of a rule: fields are looked up in the source once, here. */
export function bindRuleOutput<E>(
  {template, extraFields}: RuleOutput,
  binder: FieldBinder<E>,
): BoundRuleOutput<E> {
  const main = bindTemplate(template, binder)
  const extra = extraFields.map(({name, template: own, formatted}) => {
    const bound = bindTemplate(own, binder)
    const read = (event: E): AlertValue =>
      formatted ? bound.format(event) : (bound.fields(event)[0]?.[1] ?? null)
    return {name, read}
  })
  return {
    message: event => main.format(event),
    fields: event => {
      const fields = new Map(main.fields(event))
      for (const {name, read} of extra) fields.set(name, read(event))
      return fields
    },
  }
}
