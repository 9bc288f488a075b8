import {type Context, failLoad, fileContext, within} from '../report/context.ts'
import type {SourceFile} from '../yaml/source-file.ts'
import type {YamlMapping, YamlNode} from '../yaml/yaml-node.ts'
import type {ReadState} from './load-state.ts'
import {readRequiredPluginVersions} from './plugin-requirements.ts'
import {readList} from './read-list.ts'
import {readMacro} from './read-macro.ts'
import {readRule} from './read-rule.ts'
import {withSuggestion} from './suggestion.ts'
import {readRequiredEngineVersion} from './version.ts'

interface ItemKind {
  /** The key that makes an item one of this kind. */
  readonly key: string
  /** All keys of the kind. */
  readonly keys: readonly string[]
  readonly read: (item: YamlMapping, outer: Context, state: ReadState) => void
}

/** In the order in which the deciding keys are looked for. */
const KINDS: readonly ItemKind[] = [
  {
    key: 'required_engine_version',
    keys: ['required_engine_version'],
    read: (item, outer, state) =>
      readRequiredEngineVersion(item, within(outer, 'required_engine_version', '', item), state),
  },
  {
    key: 'required_plugin_versions',
    keys: ['required_plugin_versions'],
    read: (item, outer, state) =>
      readRequiredPluginVersions(item, within(outer, 'required plugin versions', '', item), state),
  },
  {key: 'list', keys: ['list', 'items', 'append', 'override'], read: readList},
  {key: 'macro', keys: ['macro', 'condition', 'append', 'override'], read: readMacro},
  {
    key: 'rule',
    keys: [
      'rule',
      'condition',
      'output',
      'desc',
      'priority',
      'source',
      'enabled',
      'tags',
      'exceptions',
      'warn_evttypes',
      'skip-if-unknown-filter',
      'capture',
      'capture_duration',
      'append',
      'override',
    ],
    read: readRule,
  },
]

/**
 * Reads the items of a file's documents into the collection, in order.
 *
 * @throws LoadStop at the first error; what came before it stays
 */
export function readDocuments(
  file: SourceFile,
  documents: readonly (YamlNode | undefined)[],
  state: ReadState,
): void {
  for (const document of documents) {
    if (!document || document.kind === 'null') continue
    const context = fileContext(file, document.start)
    if (document.kind !== 'sequence') {
      const found = document.kind === 'mapping' ? 'a mapping' : 'a scalar'
      failLoad('LOAD_ERR_YAML_VALIDATE', `rules content is ${found}, not a sequence`, context)
      continue
    }
    for (const node of document.items) readItem(node, fileContext(file), state)
  }
}

function readItem(node: YamlNode, file: Context, state: ReadState): void {
  if (node.kind === 'null') return
  const context = within(file, 'rules content item', '', node)
  if (node.kind !== 'mapping') {
    return failLoad('LOAD_ERR_YAML_VALIDATE', 'an item must be a mapping', context)
  }
  const kind = KINDS.find(({key}) => node.entries.has(key))
  if (!kind) {
    const [first = ''] = node.entries.keys()
    const message = withSuggestion(
      `unknown item '${first}'`,
      first,
      KINDS.map(({key}) => key),
    )
    state.warnings.add('LOAD_UNKNOWN_ITEM', message, context)
    return
  }
  kind.read(node, context, state)
  warnUnknownKeys(node, kind, context, state)
}

function warnUnknownKeys(
  item: YamlMapping,
  kind: ItemKind,
  context: Context,
  state: ReadState,
): void {
  const node = item.entries.get(kind.key)?.value
  const name = node?.kind === 'scalar' && kind.keys.length > 1 ? node.text : ''
  for (const [key, entry] of item.entries) {
    if (kind.keys.includes(key)) continue
    const message = withSuggestion(`unknown key '${key}' in a ${kind.key} item`, key, kind.keys)
    const itemContext = within(context, itemTypeOf(kind.key), name, {start: entry.keyStart})
    state.warnings.add('LOAD_UNKNOWN_KEY', message, itemContext)
  }
}

function itemTypeOf(key: string): 'list' | 'macro' | 'rule' | 'rules content item' {
  return key === 'list' || key === 'macro' || key === 'rule' ? key : 'rules content item'
}
