import {
  type CaptureOptions,
  type CapturePlan,
  eventNamesOf,
  planCaptures,
} from '../../compiler/bpf/capture-plan.ts'
import type {HookChoice} from '../../compiler/bpf/hook-plan.ts'
import {nameMacros} from '../../compiler/explain/macro-names.ts'
import {CAPTURES, eventsOf, LIVE_EVENTS} from '../../schema/capture-table.ts'
import {plannedRule, type RuleSet} from '../rules/rule-set.ts'
import {type ExplainedKind, explainKind} from './explain-kind.ts'
import {type HookFacts, lookUpHooks} from './hook-facts.ts'
import type {ChosenRules, SetRule} from './select-rules.ts'
import {type StateFlow, type StateReason, stateFlows} from './state-flow.ts'

/** What a rule becomes. */
export interface ExplainedRule {
  readonly rule: SetRule
  /** Whether the rule runs; a rule that does not is explained as if it did. */
  readonly runs: boolean
  /** Names of the events that it can match. */
  readonly events: readonly string[]
  /** Of these, the ones that live detection does not capture. */
  readonly notLive: readonly string[]
  /** What it looks at that makes the state follow descriptors. */
  readonly follows: StateReason | undefined
  readonly kinds: readonly ExplainedKind[]
}

/** What a set of rules becomes. */
export interface ExplainedSet {
  readonly rules: readonly ExplainedRule[]
  /** Of all rules that are loaded, chosen or not. */
  readonly plan: CapturePlan
  readonly hooks: HookFacts
  readonly state: readonly StateFlow[]
  /** Number of rules that the plan is for. */
  readonly loaded: number
}

/** Settings of {@link explainRules}. */
export interface ExplainOptions extends Pick<CaptureOptions, 'entryCopies'> {
  readonly hooks: HookChoice
}

/**
 * Says what rules become: the plan is made for all that are loaded, with the kernel filter, and the chosen ones are
 * explained one by one.
 *
 * @throws CodedError SENSOR_UNSUPPORTED when this kernel cannot attach as it was asked to
 */
export function explainRules(
  {chosen, loaded}: Pick<ChosenRules, 'chosen' | 'loaded'>,
  {rules: running, loaded: {macros}}: RuleSet,
  {entryCopies = false, hooks}: ExplainOptions,
): ExplainedSet {
  const plan = planCaptures(loaded.map(plannedRule), {entryCopies, kernelFilter: true})
  const namesOf = new Map(loaded.map(rule => [rule, eventNamesOf(plannedRule(rule))]))
  const asking = CAPTURES.map(capture => {
    const events = new Set(eventsOf(capture))
    return loaded.filter(rule => namesOf.get(rule)!.some(name => events.has(name))).length
  })
  const runs = new Set(running)
  const state = stateFlows(plan, loaded)
  const reasons = new Map(state.flatMap(flow => flow.because).map(one => [one.rule, one]))
  const rules = chosen.map(rule => {
    const events = namesOf.get(rule)!
    const wanted = new Set(events)
    const names = nameMacros(rule.expr, rule.condition, macros)
    const kinds = [...CAPTURES.entries()]
      .filter(([, capture]) => eventsOf(capture).some(name => wanted.has(name)))
      .map(([index]) => explainKind(index, {rule, macros: names, plan}, asking[index]! - 1))
    return {
      rule,
      runs: runs.has(rule),
      events: [...wanted],
      notLive: [...wanted].filter(name => !LIVE_EVENTS.has(name)),
      follows: reasons.get(rule.name),
      kinds,
    }
  })
  return {
    rules,
    plan,
    hooks: lookUpHooks(plan, hooks),
    state,
    loaded: loaded.length,
  }
}
