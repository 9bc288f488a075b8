/** A part of a JSON Schema, as far as the configuration uses it. */
export type SchemaNode = Readonly<Record<string, unknown>>

/** True or false. */
export const flag: SchemaNode = {type: 'boolean'}
/** A text that is not empty, up to 4096 characters. */
export const text: SchemaNode = {type: 'string', minLength: 1, maxLength: 4096}

/** A mapping with these keys and no others. */
export function object(
  properties: Readonly<Record<string, SchemaNode>>,
  required: readonly string[] = [],
): SchemaNode {
  return {type: 'object', properties, required, additionalProperties: false}
}

/** A sequence of up to 10000 items. */
export function sequence(items: SchemaNode): SchemaNode {
  return {type: 'array', items, maxItems: 10_000}
}

/** The node with a description, which becomes documentation. */
export function withDoc(description: string, node: SchemaNode): SchemaNode {
  return {description, ...node}
}
