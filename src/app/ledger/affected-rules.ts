import {eventNamesOf} from '../../compiler/bpf/capture-plan.ts'
import type {EngineRule} from '../../engine/engine.ts'
import {CAPTURES, eventsOf} from '../../schema/capture-table.ts'
import {plannedRule, type RuleSet} from '../rules/rule-set.ts'

/** Rules that a miss concerns: some names, and how many there are. */
export interface AffectedRules {
  /** At most {@link MAX_NAMED}. */
  readonly rules: readonly string[]
  readonly total: number
}

/** Names kept of the rules that one miss concerns. */
export const MAX_NAMED = 8

/** No rule. */
export const NO_RULES: AffectedRules = {rules: [], total: 0}

/** The first names of a list, and its length. */
export function affectedRules(names: readonly string[]): AffectedRules {
  return {rules: names.slice(0, MAX_NAMED), total: names.length}
}

/** The rules of both. Of rules that neither names the total cannot tell whether they are the same: it is the larger one then. */
export function mergeAffected(one: AffectedRules, other: AffectedRules): AffectedRules {
  if (one.rules.length === 0) return other
  const names = [...new Set([...one.rules, ...other.rules])]
  return {
    rules: names.slice(0, MAX_NAMED),
    total: Math.max(names.length, one.total, other.total),
  }
}

/** Says which rules a miss concerns: those that ask for a kind of record (by its index), or for undefined all of them. */
export type RulesAsking = (kindIndex: number | undefined) => AffectedRules

/** Works it out for a rule set, each kind when it is first asked for. */
export function rulesAsking({rules}: {readonly rules: readonly EngineRule[]}): RulesAsking {
  const all = affectedRules(rules.map(({name}) => name))
  const known = new Map<number, AffectedRules>()
  let byEvent: ReadonlyMap<string, readonly string[]> | undefined
  return kindIndex => {
    if (kindIndex === undefined) return all
    byEvent ??= namesByEvent(rules)
    let found = known.get(kindIndex)
    if (found === undefined) {
      const names = new Set(
        eventsOf(CAPTURES[kindIndex]!).flatMap(event => byEvent!.get(event) ?? []),
      )
      found = affectedRules([...names])
      known.set(kindIndex, found)
    }
    return found
  }
}

function namesByEvent(rules: readonly EngineRule[]): Map<string, string[]> {
  const byEvent = new Map<string, string[]>()
  for (const rule of rules) {
    for (const event of eventNamesOf(plannedRule(rule))) {
      const names = byEvent.get(event)
      if (names === undefined) byEvent.set(event, [rule.name])
      else names.push(rule.name)
    }
  }
  return byEvent
}

/** Names of the rules that are in one set only, or not the same in both. */
export function changedRules(before: RuleSet['rules'], after: RuleSet['rules']): string[] {
  const [old, next] = [formsOf(before), formsOf(after)]
  const gone = [...old.keys()].filter(name => !next.has(name))
  return [
    ...[...next].filter(([name, form]) => old.get(name) !== form).map(([name]) => name),
    ...gone,
  ]
}

function formsOf(rules: RuleSet['rules']): Map<string, string> {
  return new Map(
    rules.map(({name, source, priority, tags, output, conditionText}) => [
      name,
      JSON.stringify([source, priority, tags, output, conditionText]),
    ]),
  )
}
