import {eventNamesOf, fieldsOf} from '../../compiler/bpf/capture-plan.ts'
import {FILLED_FIELDS} from '../../engine/field-binder.ts'
import {LIVE_EVENTS} from '../../schema/capture-table.ts'
import {isProbeCode, PROBE_CLASS} from '../../schema/probe.ts'
import {plannedRule, type RuleSet} from './rule-set.ts'

/** Rules named in one warning. */
const MAX_NAMED = 3

/** What of a rule set live detection cannot serve. */
export interface LiveGaps {
  /** Fields that are never filled, so that comparisons with them are always false, with the rules that ask for them. */
  readonly fields: ReadonlyMap<string, readonly string[]>
  /** Rules whose events are not captured at all. */
  readonly uncaptured: readonly string[]
}

/** Finds what live detection cannot serve. */
export function liveGapsOf({rules}: Pick<RuleSet, 'rules'>): LiveGaps {
  const byField = new Map<string, Set<string>>()
  const uncaptured: string[] = []
  for (const rule of rules) {
    for (const {def} of fieldsOf(plannedRule(rule))) {
      if (FILLED_FIELDS.has(def.name) || def.class === PROBE_CLASS) continue
      byField.set(def.name, (byField.get(def.name) ?? new Set()).add(rule.name))
    }
    const names = eventNamesOf(plannedRule(rule))
    const ofProbe = [...rule.eventCodes].some(isProbeCode)
    if (names.length > 0 && !ofProbe && !names.some(name => LIVE_EVENTS.has(name)))
      uncaptured.push(rule.name)
  }
  return {fields: new Map([...byField].map(([field, names]) => [field, [...names]])), uncaptured}
}

/** The same for people: one text a field or event set. */
export function liveGaps(set: RuleSet): string[] {
  const {fields, uncaptured} = liveGapsOf(set)
  const gaps = [...fields].map(
    ([field, names]) =>
      `live detection does not fill ${field}: it is absent in ${namesText(names)}`,
  )
  if (uncaptured.length > 0)
    gaps.push(`live detection captures no event of ${namesText(uncaptured)}: never alerts`)
  return gaps
}

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).map(name => `'${name}'`)
  const more = names.length - shown.length
  const word = names.length === 1 ? 'rule' : 'rules'
  return `${word} ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
