const text = {type: 'string'} as const
const flag = {type: 'boolean'} as const
const texts = {type: 'array', items: text} as const
const overrideMode = {type: 'string', enum: ['append', 'replace']} as const
const plugin = {
  type: 'object',
  additionalProperties: false,
  properties: {name: text, version: text},
  required: ['name', 'version'],
} as const

/** JSON Schema of one item of a rule file: flat, with the keys of all item kinds together. */
export const RULE_ITEM_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    required_engine_version: text,
    required_plugin_versions: {
      type: 'array',
      items: {
        ...plugin,
        properties: {...plugin.properties, alternatives: {type: 'array', items: plugin}},
      },
    },
    list: text,
    items: {type: 'array', items: {type: ['string', 'integer']}},
    macro: text,
    rule: text,
    condition: text,
    output: text,
    desc: text,
    priority: {
      type: 'string',
      enum: [
        'EMERGENCY',
        'ALERT',
        'CRITICAL',
        'ERROR',
        'WARNING',
        'NOTICE',
        'INFO',
        'INFORMATIONAL',
        'DEBUG',
      ],
    },
    source: text,
    enabled: flag,
    tags: texts,
    exceptions: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        properties: {name: text, fields: {}, comps: {}, values: {}},
        required: ['name'],
      },
    },
    warn_evttypes: flag,
    'skip-if-unknown-filter': flag,
    capture: flag,
    capture_duration: {type: 'integer'},
    append: flag,
    override: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      properties: {
        items: overrideMode,
        condition: overrideMode,
        output: overrideMode,
        desc: overrideMode,
        priority: overrideMode,
        enabled: overrideMode,
        tags: overrideMode,
        exceptions: overrideMode,
        warn_evttypes: overrideMode,
        'skip-if-unknown-filter': overrideMode,
        capture: overrideMode,
        capture_duration: overrideMode,
      },
    },
  },
} as const
