import type {ExceptionValue} from '../collection.ts'
import {type Context, failLoad, within} from '../report/context.ts'
import {type YamlMapping, type YamlNode, yamlValue} from '../yaml/yaml-node.ts'
import {invalid, presentValue, requiredText} from './item-values.ts'
import type {ReadState} from './load-state.ts'

/** An exception as written: what is missing is undefined. */
export interface WrittenException {
  readonly name: string
  readonly context: Context
  readonly fields: string | readonly string[] | undefined
  readonly comps: string | readonly string[] | undefined
  readonly values: readonly ExceptionValue[] | undefined
}

/** Reads the `exceptions` of a rule item; undefined when the key is missing or null. */
export function readExceptions(
  item: YamlMapping,
  rule: Context,
  state: ReadState,
): readonly WrittenException[] | undefined {
  const node = yamlValue(item, 'exceptions')
  if (!node || node.kind === 'null') return undefined
  const context = within(rule, 'exceptions', '', node)
  if (node.kind !== 'sequence') {
    return failLoad('LOAD_ERR_YAML_VALIDATE', "'exceptions' must be a sequence", context)
  }
  const exceptions = node.items.map(element => readException(element, context))
  const names = new Set<string>()
  for (const {name, context: place} of exceptions) {
    if (names.has(name)) {
      const message = `the rule has several exceptions named '${name}'`
      state.warnings.add('LOAD_EXCEPTION_NAME_NOT_UNIQUE', message, place)
    }
    names.add(name)
  }
  return exceptions
}

function readException(node: YamlNode, outer: Context): WrittenException {
  const unnamed = within(outer, 'exception', '', node)
  if (node.kind !== 'mapping') {
    return failLoad('LOAD_ERR_YAML_VALIDATE', 'an exception must be a mapping', unnamed)
  }
  const name = requiredText(node, 'name', unnamed)
  const context = within(outer, 'exception', name, node)
  return {
    name,
    context,
    fields: readTextOrTexts(node, 'fields', context),
    comps: readTextOrTexts(node, 'comps', context),
    values: readValues(node, context),
  }
}

function readTextOrTexts(
  item: YamlMapping,
  key: string,
  context: Context,
): string | readonly string[] | undefined {
  if (!yamlValue(item, key)) return undefined
  const value = presentValue(item, key, context)
  if (value.kind === 'scalar') return requiredText(item, key, context)
  if (value.kind === 'mapping') return invalid('must be a text or a sequence', key, value, context)
  return value.items.map(node =>
    node.kind === 'scalar' ? node.text : invalid('must hold nothing but texts', key, node, context),
  )
}

function readValues(item: YamlMapping, outer: Context): readonly ExceptionValue[] | undefined {
  const node = yamlValue(item, 'values')
  if (!node) return undefined
  const context = within(outer, 'exception values', '', node)
  if (node.kind !== 'sequence') {
    return failLoad('LOAD_ERR_YAML_VALIDATE', "'values' must be a sequence", context)
  }
  return node.items.map(value => readValue(value, context, 2))
}

/** A value is a text, or a tuple of texts and lists of texts: `depth` more levels of sequences. */
function readValue(node: YamlNode, outer: Context, depth: number): ExceptionValue {
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'sequence' && depth > 0) {
    return node.items.map(item => readValue(item, outer, depth - 1))
  }
  const context = within(outer, 'exception value', '', node)
  const what = depth > 0 ? 'a text or a sequence' : 'a text'
  return failLoad('LOAD_ERR_YAML_VALIDATE', `an exception value must be ${what}`, context)
}
