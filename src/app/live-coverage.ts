import {eventNamesOf, fieldsOf} from '../compiler/bpf/capture-plan.ts'
import {FILLED_FIELDS} from '../engine/field-binder.ts'
import {LIVE_EVENTS} from '../schema/capture-table.ts'
import {plannedRule, type RuleSet} from './rule-set.ts'

/** Rules named in one warning. */
const MAX_NAMED = 3

/**
 * What of a rule set live detection cannot serve: fields that are never filled, so that comparisons with them are
 * always false, and rules whose events are not captured at all. One text a field or event set.
 */
export function liveGaps({rules}: RuleSet): string[] {
  const byField = new Map<string, Set<string>>()
  const blind: string[] = []
  for (const rule of rules) {
    for (const {def} of fieldsOf(plannedRule(rule))) {
      if (FILLED_FIELDS.has(def.name)) continue
      byField.set(def.name, (byField.get(def.name) ?? new Set()).add(rule.name))
    }
    const names = eventNamesOf(plannedRule(rule))
    if (names.length > 0 && !names.some(name => LIVE_EVENTS.has(name))) blind.push(rule.name)
  }
  const gaps = [...byField].map(
    ([field, names]) =>
      `live detection does not fill ${field}: it is absent in ${namesText([...names])}`,
  )
  if (blind.length > 0)
    gaps.push(`live detection captures no event of ${namesText(blind)}: never alerts`)
  return gaps
}

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).map(name => `'${name}'`)
  const more = names.length - shown.length
  const word = names.length === 1 ? 'rule' : 'rules'
  return `${word} ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
