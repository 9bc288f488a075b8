/*
 * YAML as rule files use it: scalars are text, null is apart from the empty text, of a repeated key the first
 * one counts. Aliases are resolved to the same node object, so a tree can stand for more nodes than it has objects; the
 * reader has bounded how many.
 */

/** A node with the offset of its first character in the file. */
export type YamlNode = YamlScalar | YamlNull | YamlSequence | YamlMapping

/** Text, quoted or not. */
export interface YamlScalar {
  readonly kind: 'scalar'
  readonly text: string
  readonly start: number
  /** The offset behind its last character in the file. */
  readonly end: number
}

/** `~`, `null` or nothing at all. */
export interface YamlNull {
  readonly kind: 'null'
  readonly start: number
}

/** A list. */
export interface YamlSequence {
  readonly kind: 'sequence'
  readonly items: readonly YamlNode[]
  readonly start: number
}

/** Keys to values, in the order written. */
export interface YamlMapping {
  readonly kind: 'mapping'
  readonly entries: ReadonlyMap<string, YamlEntry>
  readonly start: number
}

/** One key of a mapping. */
export interface YamlEntry {
  readonly keyStart: number
  readonly value: YamlNode
}

/** The value of a key; undefined when the key is missing. */
export function yamlValue(mapping: YamlMapping, key: string): YamlNode | undefined {
  return mapping.entries.get(key)?.value
}
