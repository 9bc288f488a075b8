import type {AppendOutput} from '../../../schema/config/config.ts'
import {FIELDS} from '../../../schema/field-table.ts'
import type {RuleDefinition} from '../collection.ts'

/** One entry of `append_output` in the configuration. */
export type OutputAddition = AppendOutput

/** A field that alerts carry besides those of the output. */
export type ExtraField = NonNullable<AppendOutput['extraFields']>[number]

/** What the configuration adds to one rule. */
export interface AddedOutput {
  readonly output: string
  readonly extraFields: readonly ExtraField[]
}

/** The output of a rule with everything that the configuration adds, in the order of the entries. */
export function addOutput(
  rule: Pick<RuleDefinition, 'name' | 'source' | 'tags' | 'output'>,
  additions: readonly OutputAddition[],
): AddedOutput {
  let output = rule.output
  const extraFields = new Map<string, ExtraField>()
  for (const {match = {}, extraOutput, extraFields: fields = [], suggestedOutput} of additions) {
    if (match.source !== undefined && match.source !== rule.source) continue
    if (match.rule !== undefined && match.rule !== rule.name) continue
    if (match.tags && !match.tags.every(tag => rule.tags.has(tag))) continue
    if (extraOutput !== undefined) output += ` ${extraOutput}`
    if (suggestedOutput) output += SUGGESTED
    for (const field of fields) extraFields.set(field.name, field)
  }
  return {output, extraFields: [...extraFields.values()]}
}

const SUGGESTED = FIELDS.filter(field => field.suggested)
  .map(({name}) => ` ${name.replaceAll('.', '_')}=%${name}`)
  .join('')
