import {type Context, failLoad, within} from '../report/context.ts'
import {type YamlMapping, type YamlNode, yamlValue} from '../yaml/yaml-node.ts'
import {invalid, presentValue, requiredText} from './item-values.ts'
import type {ReadState} from './load-state.ts'
import {type EngineVersion, parseVersion, satisfies} from './version.ts'

/** A plugin by name and version. */
export interface Plugin {
  readonly name: string
  readonly version: string
}

/** One entry of `required_plugin_versions`: the plugin and, after it, those that may stand in for it. Never empty. */
export type PluginRequirement = readonly Plugin[]

/**
 * Plugins whose fields are built in, so that rules which require them load. The version is that of the field set.
 */
export const BUILTIN_PLUGINS: readonly Plugin[] = [{name: 'container', version: '0.7.0'}]

/** The requirements that the loaded plugins do not meet: in each the first plugin that is loaded decides. */
export function unmetRequirements(
  requirements: readonly PluginRequirement[],
  loaded: readonly Plugin[],
): readonly PluginRequirement[] {
  const versions = new Map(loaded.map(({name, version}) => [name, parseVersion(version)]))
  return requirements.filter(requirement => {
    const first = requirement.find(({name}) => versions.has(name))
    const actual = first && versions.get(first.name)
    const required = first && parseVersion(first.version)
    return !actual || !required || !satisfies(actual, required)
  })
}

/** Reads `required_plugin_versions`. Whether the plugins are there is a question for after the load. */
export function readRequiredPluginVersions(
  item: YamlMapping,
  context: Context,
  state: ReadState,
): void {
  for (const node of sequenceOf(item, 'required_plugin_versions', context)) {
    state.collection.pluginRequirements.push(readRequirement(node, context))
  }
}

function readRequirement(node: YamlNode, context: Context): PluginRequirement {
  const [plugin, entry, place] = readPlugin(node, 'required plugin versions entry', context)
  const plugins = [plugin]
  const alternatives = yamlValue(entry, 'alternatives')
    ? sequenceOf(entry, 'alternatives', place)
    : []
  for (const alternative of alternatives) {
    const [other, , otherPlace] = readPlugin(
      alternative,
      'required plugin versions alternative',
      place,
    )
    if (plugins.some(({name}) => name === other.name)) {
      failLoad(
        'LOAD_ERR_VALIDATE',
        `plugin '${other.name}' is named twice in one entry`,
        otherPlace,
      )
    }
    plugins.push(other)
  }
  return plugins
}

function readPlugin(
  node: YamlNode,
  itemType: 'required plugin versions entry' | 'required plugin versions alternative',
  outer: Context,
): readonly [Plugin, YamlMapping, Context] {
  const unnamed = within(outer, itemType, '', node)
  if (node.kind !== 'mapping') {
    return failLoad('LOAD_ERR_YAML_VALIDATE', 'a required plugin must be a mapping', unnamed)
  }
  const name = requiredText(node, 'name', unnamed)
  const context = within(outer, itemType, name, node)
  const version = requiredText(node, 'version', context)
  const parsed: EngineVersion | undefined = parseVersion(version)
  if (!parsed) {
    failLoad('LOAD_ERR_VALIDATE', `'${version}' of plugin '${name}' is not a version`, context)
  }
  return [{name, version}, node, context]
}

function sequenceOf(item: YamlMapping, key: string, context: Context): readonly YamlNode[] {
  const value = presentValue(item, key, context)
  return value.kind === 'sequence'
    ? value.items
    : invalid('must be a sequence', key, value, context)
}
