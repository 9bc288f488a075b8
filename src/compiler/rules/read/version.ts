import {type Context, failLoad} from '../report/context.ts'
import type {YamlMapping} from '../yaml/yaml-node.ts'
import {parseUint32, requiredText} from './item-values.ts'
import type {ReadState} from './load-state.ts'

/** `major.minor.patch`. */
export type EngineVersion = readonly [major: number, minor: number, patch: number]

/** The version of the rule engine that we are compatible with. */
const ENGINE_VERSION: EngineVersion = [0, 63, 0]

/** Reads `1.2.3`; what follows the third number is ignored. */
export function parseVersion(text: string): EngineVersion | undefined {
  const match = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})/.exec(text)
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined
}

/** Whether what is there satisfies what is required: the same major, and not older. */
export function satisfies(actual: EngineVersion, required: EngineVersion): boolean {
  return actual[0] === required[0] && compareVersions(actual, required) >= 0
}

/** Negative, zero or positive as `a` is older, the same or newer. */
function compareVersions(a: EngineVersion, b: EngineVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/** Reads and checks `required_engine_version`. */
export function readRequiredEngineVersion(
  item: YamlMapping,
  context: Context,
  state: ReadState,
): void {
  const text = requiredText(item, 'required_engine_version', context)
  const minor = parseUint32(text)
  const required: EngineVersion | undefined =
    minor === undefined ? parseVersion(text) : [0, minor, 0]
  if (!required) {
    return failLoad('LOAD_ERR_YAML_VALIDATE', `'${text}' is not an engine version`, context)
  }
  if (!satisfies(ENGINE_VERSION, required)) {
    const have = ENGINE_VERSION.join('.')
    failLoad(
      'LOAD_ERR_VALIDATE',
      `engine version ${required.join('.')} is required, this is ${have}`,
      context,
    )
  }
  const {collection} = state
  const known = collection.requiredEngineVersion
  if (!known || compareVersions(required, known) > 0) collection.requiredEngineVersion = required
}
