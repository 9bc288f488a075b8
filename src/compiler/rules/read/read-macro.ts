import {appendCondition, define, touch} from '../collection.ts'
import {type Context, within} from '../report/context.ts'
import {type YamlMapping, yamlValue} from '../yaml/yaml-node.ts'
import {existingDefinition, refuseBoth, warnDeprecatedAppend} from './append.ts'
import {optionalBoolean, requiredText} from './item-values.ts'
import type {ReadState} from './load-state.ts'
import {readOverrides} from './overrides.ts'

const OVERRIDABLE = {append: ['condition'], replace: ['condition']}

const MACRO_NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/

/** Reads a `macro` item: defines a macro, or appends to one that is there. */
export function readMacro(item: YamlMapping, outer: Context, state: ReadState): void {
  const name = requiredText(item, 'macro', within(outer, 'macro', '', item))
  const context = within(outer, 'macro', name, item)
  if (!MACRO_NAME.test(name)) {
    const message = `macro '${name}' cannot be used: a name is letters, digits and '_', a letter first`
    state.warnings.add('LOAD_INVALID_MACRO_NAME', message, context)
  }
  const condition = requiredText(item, 'condition', context)
  const conditionContext = within(context, 'macro condition', '', yamlValue(item, 'condition')!)
  const append = optionalBoolean(item, 'append', context) ?? false
  const overrides = readOverrides(item, OVERRIDABLE, context)
  refuseBoth(append, overrides, context)
  if (append) warnDeprecatedAppend(state, context)
  const {collection} = state
  if (!append && !overrides?.append.has('condition')) {
    const content = {name, condition, context, conditionContext, conditionAppends: []}
    define(collection, collection.macros, content, name)
    return
  }
  const macro = existingDefinition(collection.macros, 'macro', name, context)
  appendCondition(macro, condition, conditionContext)
  touch(collection, macro)
}
