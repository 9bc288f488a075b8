import {appendCondition, type RuleContent, type RuleDefinition, touch} from '../collection.ts'
import {type Context, within} from '../report/context.ts'
import {type YamlMapping, yamlValue} from '../yaml/yaml-node.ts'
import {appendExceptions, checkExceptions} from './check-exception.ts'
import {optionalBoolean, optionalUint32, requiredText, requiredTexts} from './item-values.ts'
import type {ReadState} from './load-state.ts'
import type {Overrides} from './overrides.ts'
import {readExceptions} from './read-exceptions.ts'
import {readPriority, refuseOtherSource, warnWithoutValues, writtenSource} from './rule-keys.ts'

/** Keys of a rule that `override` may name. */
export const RULE_OVERRIDABLE = {
  append: ['condition', 'output', 'desc', 'tags', 'exceptions'],
  replace: [
    'condition',
    'output',
    'desc',
    'priority',
    'tags',
    'exceptions',
    'enabled',
    'warn_evttypes',
    'skip-if-unknown-filter',
    'capture',
    'capture_duration',
  ],
} as const

/** Reads the new value of a key; what comes back puts it into the rule. */
type Change = (
  rule: RuleDefinition,
  item: YamlMapping,
  context: Context,
  state: ReadState,
) => () => void

const APPEND: Readonly<Record<(typeof RULE_OVERRIDABLE.append)[number], Change>> = {
  condition: (rule, item, context) => {
    const condition = requiredText(item, 'condition', context)
    const place = within(context, 'rule condition', '', yamlValue(item, 'condition')!)
    return () => appendCondition(rule, condition, place)
  },
  output: appendText('output'),
  desc: appendText('desc'),
  tags: (rule, item, context) => {
    const tags = requiredTexts(item, 'tags', context)
    return () => {
      for (const tag of tags) rule.tags.add(tag)
    }
  },
  exceptions: (rule, item, context, state) => {
    const written = readExceptions(item, context, state) ?? []
    for (const exception of written) warnWithoutValues(exception, state)
    return appendExceptions(rule, written, state)
  },
}

const REPLACE: Readonly<Record<(typeof RULE_OVERRIDABLE.replace)[number], Change>> = {
  condition: (rule, item, context) => {
    const condition = requiredText(item, 'condition', context)
    const conditionContext = within(context, 'rule condition', '', yamlValue(item, 'condition')!)
    return () => Object.assign(rule, {condition, conditionContext, conditionAppends: []})
  },
  output: (rule, item, context) => {
    const output = requiredText(item, 'output', context)
    const outputContext = within(context, 'rule output', '', yamlValue(item, 'output')!)
    return () => Object.assign(rule, {output, outputContext})
  },
  desc: replaceWith('desc', requiredText),
  priority: replaceWith('priority', (item, _key, context) => readPriority(item, context)),
  tags: replaceWith('tags', (item, key, context) => new Set(requiredTexts(item, key, context))),
  exceptions: (rule, item, context, state) => {
    const written = readExceptions(item, context, state) ?? []
    const exceptions = checkExceptions(written, rule.knownSource, state)
    return () => Object.assign(rule, {exceptions})
  },
  enabled: replaceWith('enabled', optionalBoolean),
  warn_evttypes: replaceWith('warnEventTypes', optionalBoolean, 'warn_evttypes'),
  'skip-if-unknown-filter': replaceWith(
    'skipIfUnknownFilter',
    optionalBoolean,
    'skip-if-unknown-filter',
  ),
  capture: replaceWith('capture', optionalBoolean),
  capture_duration: replaceWith('captureDurationMs', optionalUint32, 'capture_duration'),
}

function appendText(key: 'output' | 'desc'): Change {
  return (rule, item, context) => {
    const text = requiredText(item, key, context)
    return () => {
      rule[key] += ` ${text}`
    }
  }
}

function replaceWith<P extends keyof RuleContent>(
  property: P,
  read: (item: YamlMapping, key: string, context: Context) => RuleContent[P] | undefined,
  key: string = property,
): Change {
  return (rule, item, context) => {
    const value = read(item, key, context)
    return () => Object.assign(rule, {[property]: value})
  }
}

/**
 * Applies the overrides of an item to a rule: appends first. The source matters only where the condition changes. All or
 * nothing: a value that is wrong leaves no half of an override behind.
 */
export function overrideRule(
  item: YamlMapping,
  rule: RuleDefinition,
  overrides: Overrides,
  context: Context,
  state: ReadState,
): void {
  if (overrides.append.has('condition') || overrides.replace.has('condition')) {
    refuseOtherSource(rule, writtenSource(item, context), context)
  }
  const appends = RULE_OVERRIDABLE.append.filter(key => overrides.append.has(key))
  const replaces = RULE_OVERRIDABLE.replace.filter(key => overrides.replace.has(key))
  const changes = [
    ...appends.map(key => APPEND[key](rule, item, context, state)),
    ...replaces.map(key => REPLACE[key](rule, item, context, state)),
  ]
  for (const change of changes) change()
  touch(state.collection, rule)
}
