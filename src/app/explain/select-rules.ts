import {matchesWildcard} from '../../compiler/rules/rule-selection.ts'
import {didYouMean} from '../../diagnostics/did-you-mean.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {RuleSet} from '../rules/rule-set.ts'

/** A rule of a set. */
export type SetRule = RuleSet['rules'][number]

/** Rules that are to be explained, among those that are loaded. */
export interface ChosenRules {
  /** In the order in which they are loaded. */
  readonly chosen: readonly SetRule[]
  /** Rules that run, and those that were named although they do not. */
  readonly loaded: readonly SetRule[]
  /** Whether the chosen ones were named. */
  readonly named: boolean
}

/**
 * Finds rules by names or globs (`*` for any text); without one every rule that runs is chosen. A rule that does not run
 * is found when its whole name is given, or when a glob finds no rule that runs.
 *
 * @throws CodedError CLI_USAGE for a name or glob that finds nothing
 */
export function chooseRules(
  {loaded: {rules}, rules: running}: RuleSet,
  names: readonly string[],
): ChosenRules {
  if (names.length === 0) return {chosen: running, loaded: running, named: false}
  const wanted = new Set<SetRule>()
  for (const name of names) {
    const found = findRules(name, rules, running)
    if (found.length === 0) {
      const near = didYouMean(
        name,
        rules.map(rule => rule.name),
      )
      throw new CodedError('CLI_USAGE', `no rule is called ${JSON.stringify(name)}`, {
        hint:
          near === undefined
            ? 'see `detector list rules`'
            : `did you mean ${JSON.stringify(near)}?`,
      })
    }
    for (const rule of found) wanted.add(rule)
  }
  const runs = new Set(running)
  const idle = [...wanted].filter(rule => !runs.has(rule))
  return {
    chosen: rules.filter(rule => wanted.has(rule)),
    loaded: [...running, ...idle],
    named: true,
  }
}

function findRules(
  name: string,
  rules: readonly SetRule[],
  running: readonly SetRule[],
): readonly SetRule[] {
  const exact = rules.filter(rule => rule.name === name)
  if (exact.length > 0) return exact
  const fits = (rule: SetRule): boolean => matchesWildcard(rule.name, name)
  const found = running.filter(fits)
  return found.length > 0 ? found : rules.filter(fits)
}
