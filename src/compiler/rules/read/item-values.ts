import {type Context, failLoad, within} from '../report/context.ts'
import {type YamlMapping, type YamlNode, type YamlScalar, yamlValue} from '../yaml/yaml-node.ts'

/** The text of a required key. Missing, null, not a scalar and empty are errors of their own. */
export function requiredText(item: YamlMapping, key: string, context: Context): string {
  return scalarOf(item, key, context).text
}

/** The text of a key that may be missing. */
export function optionalText(item: YamlMapping, key: string, context: Context): string | undefined {
  return yamlValue(item, key) && requiredText(item, key, context)
}

/** A boolean; undefined when the key is missing. */
export function optionalBoolean(
  item: YamlMapping,
  key: string,
  context: Context,
): boolean | undefined {
  if (!yamlValue(item, key)) return undefined
  const scalar = scalarOf(item, key, context)
  const value = parseBoolean(scalar.text)
  return value ?? invalid(`'${scalar.text}' is not a boolean`, key, scalar, context)
}

/** An unsigned 32-bit number; undefined when the key is missing. */
export function optionalUint32(
  item: YamlMapping,
  key: string,
  context: Context,
): number | undefined {
  if (!yamlValue(item, key)) return undefined
  const scalar = scalarOf(item, key, context)
  const value = parseUint32(scalar.text)
  return value ?? invalid(`'${scalar.text}' is not an unsigned number`, key, scalar, context)
}

/** A sequence of scalars that has to be there; it may be empty, and so may its texts. */
export function requiredTexts(item: YamlMapping, key: string, context: Context): readonly string[] {
  const value = presentValue(item, key, context)
  if (value.kind !== 'sequence') return invalid('must be a sequence', key, value, context)
  return value.items.map(node =>
    node.kind === 'scalar' ? node.text : invalid('must hold nothing but texts', key, node, context),
  )
}

/** A sequence of scalars; undefined when the key is missing. */
export function optionalTexts(
  item: YamlMapping,
  key: string,
  context: Context,
): readonly string[] | undefined {
  return yamlValue(item, key) && requiredTexts(item, key, context)
}

/** The value of a key that has to be there and not null. */
export function presentValue(
  item: YamlMapping,
  key: string,
  context: Context,
): Exclude<YamlNode, {kind: 'null'}> {
  const value = yamlValue(item, key)
  if (!value) return failLoad('LOAD_ERR_YAML_VALIDATE', `key '${key}' is missing`, context)
  if (value.kind !== 'null') return value
  return invalid('has no value', key, value, context)
}

/** Ends the load because of a key's value; the message says what is wrong with it. */
export function invalid(complaint: string, key: string, node: YamlNode, context: Context): never {
  const place = within(context, 'value for', key, node)
  return failLoad('LOAD_ERR_YAML_VALIDATE', `value of key '${key}': ${complaint}`, place)
}

function scalarOf(item: YamlMapping, key: string, context: Context): YamlScalar {
  const value = presentValue(item, key, context)
  if (value.kind !== 'scalar') return invalid('must be a scalar', key, value, context)
  if (value.text === '') return invalid('must not be empty', key, value, context)
  return value
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  ['y', 'yes', 'true', 'on', 'n', 'no', 'false', 'off'].flatMap((word, i) =>
    [word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1)].map(
      spelling => [spelling, i < 4] as const,
    ),
  ),
)

/** `yes`, `True`, `OFF` …: lower, upper or capitalized. */
function parseBoolean(text: string): boolean | undefined {
  return BOOLEANS.get(text)
}

/** Decimal, `0x…` hexadecimal or `0…` octal, up to 2^32-1. */
export function parseUint32(text: string): number | undefined {
  let value: number
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) value = Number.parseInt(text.slice(2), 16)
  else if (/^0[0-7]*$/.test(text)) value = Number.parseInt(text, 8)
  else if (/^[1-9][0-9]*$/.test(text)) value = Number(text)
  else return undefined
  return value <= 0xffff_ffff ? value : undefined
}
