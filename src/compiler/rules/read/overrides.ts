import {type Context, failLoad, within} from '../report/context.ts'
import {type YamlMapping, yamlValue} from '../yaml/yaml-node.ts'
import {withSuggestion} from './suggestion.ts'

/** Which keys of an item kind may be appended to and replaced. */
export interface OverridableKeys {
  readonly append: readonly string[]
  readonly replace: readonly string[]
}

/** What an item's `override` asks for; undefined when it has none. */
export interface Overrides {
  readonly append: ReadonlySet<string>
  readonly replace: ReadonlySet<string>
}

/**
 * Reads and checks `override`. A value that is no mapping, or an empty one, has no effect. Every entry needs its key
 * in the item, and every key that could be overridden needs an entry.
 */
export function readOverrides(
  item: YamlMapping,
  keys: OverridableKeys,
  context: Context,
): Overrides | undefined {
  const override = yamlValue(item, 'override')
  if (override?.kind !== 'mapping' || override.entries.size === 0) return undefined
  const append = new Set<string>()
  const replace = new Set<string>()
  for (const [key, {value}] of override.entries) {
    const mode = value.kind === 'scalar' ? value.text : undefined
    if (mode !== 'append' && mode !== 'replace') {
      const message = `override of '${key}' must be 'append' or 'replace'`
      return failLoad('LOAD_ERR_YAML_VALIDATE', message, within(context, 'value for', key, value))
    }
    if (!keys[mode].includes(key)) {
      const complaint = `key '${key}' cannot be overridden with '${mode}'`
      const message = withSuggestion(complaint, key, keys[mode])
      return failLoad('LOAD_ERR_YAML_VALIDATE', message, within(context, 'overrides', key, value))
    }
    if (mode === 'append') append.add(key)
    else replace.add(key)
  }
  requireKeys(item, override, context)
  requireEntries(item, override, keys, context)
  return {append, replace}
}

function requireKeys(item: YamlMapping, override: YamlMapping, context: Context): void {
  for (const key of override.entries.keys()) {
    if (!item.entries.has(key)) {
      failLoad(
        'LOAD_ERR_YAML_VALIDATE',
        `key '${key}' is missing, but 'override' names it`,
        context,
      )
    }
  }
}

function requireEntries(
  item: YamlMapping,
  override: YamlMapping,
  keys: OverridableKeys,
  context: Context,
): void {
  for (const key of new Set([...keys.append, ...keys.replace])) {
    const value = yamlValue(item, key)
    if (!value || override.entries.has(key)) continue
    const place = within(context, 'overrides', key, value)
    failLoad('LOAD_ERR_YAML_VALIDATE', `key '${key}' has no entry under 'override'`, place)
  }
}
