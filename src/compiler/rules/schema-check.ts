import {Ajv, type ErrorObject} from 'ajv'
import {RULE_ITEM_SCHEMA} from '../../schema/rule-schema.ts'
import type {YamlNode} from './yaml/yaml-node.ts'

/** Violations that are listed of one document. */
const MAX_TEXTS = 20

/** Says what in a document violates the schema; nothing when it passes. */
export type SchemaCheck = (document: YamlNode | undefined) => readonly string[]

/**
 * Makes the schema check. Typing is weak: all scalars of a file are text, and one passes if its text can be read as the
 * type. A violation never fails a load.
 */
export function createSchemaCheck(): SchemaCheck {
  const ajv = new Ajv({coerceTypes: true, allowUnionTypes: true, logger: false})
  const validate = ajv.compile(RULE_ITEM_SCHEMA)
  return document => {
    if (!document || document.kind === 'null') return []
    if (document.kind !== 'sequence') return ['the document is not a sequence']
    const texts: string[] = []
    for (const [i, item] of document.items.entries()) {
      if (validate(toPlain(item))) continue
      texts.push(describe(i, validate.errors?.[0]))
      if (texts.length >= MAX_TEXTS) break
    }
    return texts
  }
}

function describe(index: number, error: ErrorObject | null | undefined): string {
  const key: unknown = error?.params['additionalProperty']
  const detail = typeof key === 'string' ? ` ('${key}')` : ''
  return `item ${index}${error?.instancePath ?? ''}: ${error?.message ?? 'invalid'}${detail}`
}

/** Objects have no prototype, so that no key of a file means anything to the runtime. */
function toPlain(node: YamlNode): unknown {
  switch (node.kind) {
    case 'null':
      return null
    case 'scalar':
      return node.text
    case 'sequence':
      return node.items.map(toPlain)
    case 'mapping': {
      const plain: Record<string, unknown> = Object.create(null)
      for (const [key, {value}] of node.entries) plain[key] = toPlain(value)
      return plain
    }
  }
}
