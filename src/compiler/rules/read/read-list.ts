import {define, touch} from '../collection.ts'
import {type Context, within} from '../report/context.ts'
import type {YamlMapping} from '../yaml/yaml-node.ts'
import {existingDefinition, refuseBoth, warnDeprecatedAppend} from './append.ts'
import {optionalBoolean, requiredText, requiredTexts} from './item-values.ts'
import type {ReadState} from './load-state.ts'
import {readOverrides} from './overrides.ts'

const OVERRIDABLE = {append: ['items'], replace: ['items']}

const LIST_NAME = /^[^()"' \t\r\n=,]+$/

/** Reads a `list` item: defines a list, or appends to one that is there. */
export function readList(item: YamlMapping, outer: Context, state: ReadState): void {
  const name = requiredText(item, 'list', within(outer, 'list', '', item))
  const context = within(outer, 'list', name, item)
  if (!LIST_NAME.test(name)) {
    state.warnings.add(
      'LOAD_INVALID_LIST_NAME',
      `list '${name}': the name holds a blank, quote, parenthesis, comma or '='`,
      context,
    )
  }
  const items = requiredTexts(item, 'items', context)
  const append = optionalBoolean(item, 'append', context) ?? false
  const overrides = readOverrides(item, OVERRIDABLE, context)
  refuseBoth(append, overrides, context)
  if (append) warnDeprecatedAppend(state, context)
  const {collection} = state
  if (!append && !overrides?.append.has('items')) {
    define(collection, collection.lists, {name, items: [...items], context}, name)
    return
  }
  const list = existingDefinition(collection.lists, 'list', name, context)
  for (const text of items) list.items.push(text)
  touch(collection, list)
}
