import {type Context, failLoad} from '../report/context.ts'
import type {ReadState} from './load-state.ts'
import type {Overrides} from './overrides.ts'
import {withSuggestion} from './suggestion.ts'

/** `append: true` and `override` exclude each other. */
export function refuseBoth(
  append: boolean,
  overrides: Overrides | undefined,
  context: Context,
): void {
  if (!append || !overrides) return
  failLoad('LOAD_ERR_YAML_VALIDATE', "'append' and 'override' cannot stand together", context)
}

/** `append: true` works, but `override` has taken its place. */
export function warnDeprecatedAppend(state: ReadState, context: Context): void {
  state.warnings.add('LOAD_DEPRECATED_ITEM', "'append' is deprecated: use 'override'", context)
}

/** The definition that an item changes; without one the load ends. */
export function existingDefinition<T>(
  definitions: ReadonlyMap<string, T>,
  kind: 'list' | 'macro' | 'rule',
  name: string,
  context: Context,
): T {
  const definition = definitions.get(name)
  if (definition !== undefined) return definition
  const complaint = `${kind} '${name}' has no definition before this`
  const message = withSuggestion(complaint, name, definitions.keys())
  return failLoad('LOAD_ERR_VALIDATE', message, context)
}
