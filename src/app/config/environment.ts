import type {ConfigPath} from './problem.ts'

/** A longer result is refused: a variable used many times must not fill the memory. */
const MAX_EXPANDED = 64 * 1024

/** Where a variable was asked for that is not set, or grew too long. */
export interface EnvironmentProblem {
  readonly path: ConfigPath
  readonly message: string
}

/**
 * Replaces `${NAME}` in every string value of a plain object, in place, by the variable's value; `$${NAME}` stands for
 * the text `${NAME}` itself. Keys are left alone, and values are not looked through again.
 *
 * @returns the places that could not be filled
 */
export function expandEnvironment(
  root: Record<string, unknown>,
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = []
  const expand = (text: string, path: ConfigPath): string => {
    const expanded = text.replace(
      /(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g,
      (whole, dollar: string, name: string) => {
        if (dollar !== '') return whole.slice(1)
        const value = Object.hasOwn(env, name) ? env[name] : undefined
        if (value === undefined) {
          problems.push({path, message: `environment variable ${name} is not set`})
        }
        return value ?? ''
      },
    )
    if (expanded.length <= MAX_EXPANDED) return expanded
    problems.push({path, message: 'the value is too long'})
    return ''
  }
  // A YAML alias stands for the same object again: its values must not be filled twice.
  const seen = new Set<unknown>()
  const visit = (value: unknown, path: ConfigPath): unknown => {
    if (typeof value === 'string') return expand(value, path)
    if (seen.has(value)) return value
    if (typeof value === 'object') seen.add(value)
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) value[index] = visit(item, [...path, index])
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        const filled = visit(item, [...path, key])
        if (filled !== item) (value as Record<string, unknown>)[key] = filled
      }
    }
    return value
  }
  visit(root, [])
  return problems
}
