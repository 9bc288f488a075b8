import {
  type CapturePlan,
  eventNamesOf,
  fieldsOf,
  planCaptures,
} from '../../compiler/bpf/capture-plan.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {plannedRule} from '../rules/rule-set.ts'
import type {SetRule} from './select-rules.ts'

/** Kinds of record that flow because the state of the host is made of them, whatever the rules ask. */
export interface StateFlow {
  /** `life`: processes, always; `descriptors`: only while a rule looks at descriptors that other events opened. */
  readonly need: 'life' | 'descriptors'
  /** Every call of these kinds is looked at; else descriptors are told by the identity of the files behind them. */
  readonly everyCall: boolean
  readonly kinds: readonly string[]
  /** Of them, kinds whose failed calls need not flow. */
  readonly filtered: readonly string[]
  /** Rules that are the reason, with what they look at; none for the life of processes. */
  readonly because: readonly StateReason[]
}

/** Why descriptors are followed. */
export interface StateReason {
  readonly rule: string
  readonly fields: readonly string[]
  readonly events: readonly string[]
}

/** Says which kinds of record flow for the state, and why. */
export function stateFlows(plan: CapturePlan, rules: readonly SetRule[]): StateFlow[] {
  const flows: StateFlow[] = [
    {need: 'life', everyCall: true, ...kindsOf(plan, 'always'), because: []},
  ]
  if (!plan.fds) return flows
  const because = rules.flatMap(rule => reasonOf(rule) ?? [])
  return [
    ...flows,
    {need: 'descriptors', everyCall: plan.everyFd, ...kindsOf(plan, 'fds'), because},
  ]
}

function kindsOf(
  {kinds}: CapturePlan,
  state: 'always' | 'fds',
): Pick<StateFlow, 'kinds' | 'filtered'> {
  const wanted = [...kinds].filter(([index]) => CAPTURES[index]!.state === state)
  const nameOf = ([index]: (typeof wanted)[number]): string => CAPTURES[index]!.kind
  const isFiltered = ([, {filter}]: (typeof wanted)[number]): boolean => filter !== undefined
  return {
    kinds: wanted.filter(kind => !isFiltered(kind)).map(nameOf),
    filtered: wanted.filter(isFiltered).map(nameOf),
  }
}

/** A rule alone is asked for its plan, so that this says what the planner does. */
function reasonOf(rule: SetRule): StateReason | undefined {
  const planned = plannedRule(rule)
  if (!planCaptures([planned]).fds) return undefined
  const fields = fieldsOf(planned).map(({text}) => text)
  const looksAt = fields.filter(text => /^(fd\.|evt\.(arg|args|info)\b|proc\.(std|fd))/.test(text))
  return {
    rule: rule.name,
    fields: [...new Set(looksAt)],
    events: [...new Set(eventNamesOf(planned))],
  }
}
