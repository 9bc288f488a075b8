import {CONFIG_SCHEMA, type SchemaNode} from './config/config-schema.ts'
import {PRIORITIES} from './priority.ts'
import {RULE_ITEM_SCHEMA} from './rule-schema.ts'

/*
 * The schemas as editors use them. A rule file is text to the loader (`required_engine_version: 0.31.0`, `enabled: yes`),
 * while an editor reads it with the types of YAML 1.2, so each place also takes the other ways to write its value. What the
 * loader would refuse for want of a key is said here too.
 */

const DRAFT = 'http://json-schema.org/draft-07/schema#'

const RULE_KEY_DOCS: Readonly<Record<keyof typeof RULE_ITEM_SCHEMA.properties, string>> = {
  required_engine_version: 'The oldest engine that understands the file: 0.31.0, or 31 for 0.31.0.',
  required_plugin_versions: 'Plugins whose fields the rules use, each with its oldest version.',
  list: 'Name of a list: its items stand wherever a condition names it.',
  items: 'Items of the list; an item that names an earlier list stands for its items.',
  macro: 'Name of a macro: a condition that other conditions use by this name.',
  rule: 'Name of a rule.',
  condition: 'When the rule or macro holds: comparisons of fields, joined with and, or, not.',
  output: 'Text of the alert; %field is replaced by the field of the event.',
  desc: 'What the rule detects and why it matters.',
  priority: 'How severe a match is.',
  source: 'Where the events come from; syscall unless said otherwise.',
  enabled: 'Whether the rule runs. Default: true.',
  tags: 'Words to select the rule by.',
  exceptions: 'Combinations of values for which the rule does not hold.',
  warn_evttypes: 'Whether to warn when the rule runs on nearly every event. Default: true.',
  'skip-if-unknown-filter': 'Leave the rule out, with a warning, when it uses an unknown field.',
  capture: 'Whether a match starts a capture file. Default: false.',
  capture_duration: 'Length of that capture in milliseconds.',
  append: 'Deprecated: use override.',
  override: 'Says for each key of the item whether it is appended to, or replaces, what is there.',
}

const FLAG_WORDS = ['yes', 'no', 'on', 'off', 'y', 'n', 'true', 'false'].flatMap(word => [
  word,
  word.toUpperCase(),
  word[0]!.toUpperCase() + word.slice(1),
])

const PRIORITY_WORDS = [...PRIORITIES, 'Info'].flatMap(word => [
  word.toUpperCase(),
  word,
  word.toLowerCase(),
])

/** One place of the strict schema, widened to all spellings that the loader reads the same. */
function widened(node: SchemaNode): SchemaNode {
  switch (node['type']) {
    case 'string':
      return node['enum'] === undefined ? {type: ['string', 'number', 'boolean']} : node
    case 'boolean':
      return {anyOf: [{type: 'boolean'}, {enum: [...new Set(FLAG_WORDS)]}]}
    case 'integer':
      return {
        anyOf: [
          {type: 'integer', minimum: 0},
          {type: 'string', pattern: '^[0-9]'},
        ],
      }
    case 'array':
      return {...node, items: widened(node['items'] as SchemaNode)}
    case 'object':
      return {
        ...node,
        properties: mapped(node['properties'] as Readonly<Record<string, SchemaNode>>),
      }
    default:
      return Array.isArray(node['type']) ? {type: ['string', 'number', 'boolean']} : node
  }
}

function mapped(properties: Readonly<Record<string, SchemaNode>>): Record<string, SchemaNode> {
  return Object.fromEntries(Object.entries(properties).map(([key, node]) => [key, widened(node)]))
}

function ruleProperty(key: string, node: SchemaNode): SchemaNode {
  if (key === 'priority') return {enum: [...new Set(PRIORITY_WORDS)]}
  const wide = widened(node)
  return key === 'exceptions' ? {...wide, type: ['array', 'null']} : wide
}

const RULES: SchemaNode = {
  $schema: DRAFT,
  title: 'Rule file',
  type: ['array', 'null'],
  items: {
    ...RULE_ITEM_SCHEMA,
    type: ['object', 'null'],
    properties: Object.fromEntries(
      Object.entries(RULE_ITEM_SCHEMA.properties).map(([key, node]) => [
        key,
        {
          description: RULE_KEY_DOCS[key as keyof typeof RULE_KEY_DOCS],
          ...ruleProperty(key, node),
        },
      ]),
    ),
    allOf: [
      needs('rule', [
        ['condition', 'output', 'desc', 'priority'],
        ['override'],
        ['append'],
        ['enabled'],
      ]),
      needs('macro', [['condition']]),
      needs('list', [['items']]),
    ],
  },
}

/** An item that has a key needs at least one of these sets of keys as well. */
function needs(key: string, sets: readonly (readonly string[])[]): SchemaNode {
  return {anyOf: [{not: {required: [key]}}, ...sets.map(required => ({required}))]}
}

/** JSON Schemas (draft 7) of the files that people write, for editors and other tools. */
export const EDITOR_SCHEMAS: Readonly<Record<'rules' | 'config', SchemaNode>> = {
  rules: RULES,
  config: {$schema: DRAFT, title: 'Configuration of detector', ...CONFIG_SCHEMA},
}
