import {PRIORITIES, type Priority, parsePriority} from '../../../schema/priority.ts'
import type {RuleDefinition} from '../collection.ts'
import {type Context, failLoad, within} from '../report/context.ts'
import {type YamlMapping, yamlValue} from '../yaml/yaml-node.ts'
import {requiredText} from './item-values.ts'
import type {ReadState} from './load-state.ts'
import type {WrittenException} from './read-exceptions.ts'
import {withSuggestion} from './suggestion.ts'

/** Reads `priority` in any letter case. */
export function readPriority(item: YamlMapping, context: Context): Priority {
  const text = requiredText(item, 'priority', context)
  const priority = parsePriority(text)
  if (priority) return priority
  const place = within(context, 'rule priority', '', yamlValue(item, 'priority')!)
  const message = withSuggestion(`unknown priority '${text}'`, text, PRIORITIES)
  return failLoad('LOAD_ERR_YAML_VALIDATE', message, place)
}

/** The `source` of an item that changes a rule: missing, null and empty all mean "the same". */
export function writtenSource(item: YamlMapping, context: Context): string | undefined {
  const value = yamlValue(item, 'source')
  if (!value || value.kind === 'null') return undefined
  if (value.kind === 'scalar' && value.text === '') return undefined
  return requiredText(item, 'source', context)
}

/** A rule keeps its source for life. */
export function refuseOtherSource(
  rule: RuleDefinition | undefined,
  source: string | undefined,
  context: Context,
): void {
  if (!rule || source === undefined || source === rule.source) return
  const message = `rule '${rule.name}' has source '${rule.source}', not '${source}'`
  failLoad('LOAD_ERR_VALIDATE', message, context)
}

/** An appended exception without `values` does nothing; most often the key is misspelled. */
export function warnWithoutValues(exception: WrittenException, state: ReadState): void {
  if (exception.values !== undefined) return
  const message = `the appended exception '${exception.name}' has no key 'values'`
  state.warnings.add('LOAD_APPEND_NO_VALUES', message, exception.context)
}
