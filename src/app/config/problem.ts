import type {Place} from '../../diagnostics/span.ts'

/** Steps from the root of the configuration to a value. */
export type ConfigPath = readonly (string | number)[]

/** One mistake in the configuration. The message repeats no value, since values may be secrets. */
export interface ConfigProblem {
  /** Names the key; lower case, no trailing stop. */
  readonly message: string
  readonly hint: string | undefined
  /** Where in the file; undefined for what came from an override. */
  readonly place: Place | undefined
  /** The override (`-o` key) that it came from. */
  readonly override: string | undefined
}

/** Spells a path as people write it: `outputs.file`, `rules[2]`. */
export function dotted(path: ConfigPath): string {
  const text = path.map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return text.startsWith('.') ? text.slice(1) : text
}
