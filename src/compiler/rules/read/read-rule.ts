import {appendCondition, define, type RuleDefinition, touch} from '../collection.ts'
import {type Context, failLoad, within} from '../report/context.ts'
import {type YamlMapping, yamlValue} from '../yaml/yaml-node.ts'
import {existingDefinition, refuseBoth, warnDeprecatedAppend} from './append.ts'
import {appendExceptions, checkExceptions} from './check-exception.ts'
import {
  optionalBoolean,
  optionalText,
  optionalTexts,
  optionalUint32,
  presentValue,
  requiredText,
} from './item-values.ts'
import type {ReadState} from './load-state.ts'
import {overrideRule, RULE_OVERRIDABLE} from './override-rule.ts'
import {readOverrides} from './overrides.ts'
import {readExceptions} from './read-exceptions.ts'
import {readPriority, refuseOtherSource, warnWithoutValues, writtenSource} from './rule-keys.ts'
import {withSuggestion} from './suggestion.ts'

/** Reads a `rule` item: a full rule, an append, overrides, or the bare switch `enabled`. */
export function readRule(item: YamlMapping, outer: Context, state: ReadState): void {
  const name = requiredText(item, 'rule', within(outer, 'rule', '', item))
  const context = within(outer, 'rule', name, item)
  const append = optionalBoolean(item, 'append', context) ?? false
  const overrides = readOverrides(item, RULE_OVERRIDABLE, context)
  refuseBoth(append, overrides, context)
  if (append) appendToRule(item, name, context, state)
  else if (overrides) {
    overrideRule(item, existingRule(name, context, state), overrides, context, state)
  } else if (['condition', 'output', 'desc', 'priority'].some(key => item.entries.has(key))) {
    defineRule(item, name, context, state)
  } else setEnabled(item, name, context, state)
}

function defineRule(item: YamlMapping, name: string, context: Context, state: ReadState): void {
  const {collection} = state
  const condition = requiredText(item, 'condition', context)
  const output = requiredText(item, 'output', context).trim()
  const desc = requiredText(item, 'desc', context)
  const priority = readPriority(item, context)
  const source = optionalText(item, 'source', context) ?? 'syscall'
  refuseOtherSource(collection.rules.get(name), source, context)
  const knownSource = state.sources.has(source)
  const written = readExceptions(item, context, state) ?? []
  const rule = {
    name,
    condition,
    output,
    desc,
    priority,
    source,
    knownSource,
    enabled: optionalBoolean(item, 'enabled', context) ?? true,
    tags: new Set(optionalTexts(item, 'tags', context)),
    exceptions: checkExceptions(written, knownSource, state),
    warnEventTypes: optionalBoolean(item, 'warn_evttypes', context) ?? true,
    skipIfUnknownFilter: optionalBoolean(item, 'skip-if-unknown-filter', context) ?? false,
    capture: optionalBoolean(item, 'capture', context) ?? false,
    captureDurationMs: optionalUint32(item, 'capture_duration', context) ?? 0,
    context,
    conditionContext: within(context, 'rule condition', '', yamlValue(item, 'condition')!),
    conditionAppends: [],
    outputContext: within(context, 'rule output', '', yamlValue(item, 'output')!),
  }
  if (!knownSource) {
    const message = withSuggestion(
      `rule '${name}' has the unknown source '${source}' and is left out`,
      source,
      state.sources,
    )
    state.warnings.add('LOAD_UNKNOWN_SOURCE', message, context)
  }
  define<RuleDefinition>(collection, collection.rules, rule, name)
}

/** `append: true` looks at `condition` and `exceptions` only. */
function appendToRule(item: YamlMapping, name: string, context: Context, state: ReadState): void {
  warnDeprecatedAppend(state, context)
  const condition = optionalText(item, 'condition', context)
  const exceptions = readExceptions(item, context, state)
  const source = writtenSource(item, context)
  if (condition === undefined && !exceptions) {
    const message = `the append to rule '${name}' has neither 'condition' nor 'exceptions'`
    return failLoad('LOAD_ERR_VALIDATE', message, context)
  }
  for (const exception of exceptions ?? []) warnWithoutValues(exception, state)
  const rule = existingRule(name, context, state)
  refuseOtherSource(rule, source, context)
  if (exceptions) appendExceptions(rule, exceptions, state)()
  if (condition !== undefined) {
    const place = within(context, 'rule condition', '', yamlValue(item, 'condition')!)
    appendCondition(rule, condition, place)
  }
  touch(state.collection, rule)
}

function setEnabled(item: YamlMapping, name: string, context: Context, state: ReadState): void {
  presentValue(item, 'enabled', context)
  const enabled = optionalBoolean(item, 'enabled', context)!
  const message = `rule '${name}': an item with 'enabled' alone is deprecated: use 'override'`
  state.warnings.add('LOAD_DEPRECATED_ITEM', message, context)
  existingRule(name, context, state).enabled = enabled
}

function existingRule(name: string, context: Context, state: ReadState): RuleDefinition {
  return existingDefinition(state.collection.rules, 'rule', name, context)
}
