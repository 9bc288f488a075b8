import {nameMacros} from '../../compiler/explain/macro-names.ts'
import {type OperandValue, traceEvent} from '../../compiler/explain/trace.ts'
import {type FieldLookup, resolveField} from '../../compiler/field-lookup.ts'
import type {FieldBinder, FieldRef} from '../../compiler/field-ref.ts'
import {compileRuleMatcher} from '../../compiler/js/matcher.ts'
import {CodedError} from '../../diagnostics/error.ts'
import {findField} from '../../schema/field-table.ts'
import type {RuleSet} from '../rules/rule-set.ts'
import type {SetRule} from './select-rules.ts'
import {type NodeBudget, type TracedNode, traceTree} from './trace-tree.ts'

/** Why a rule matched an event, or did not. */
export interface JudgedRule {
  readonly rule: SetRule
  readonly matches: boolean
  readonly tree: TracedNode
}

/** What rules made of an event. */
export interface JudgedEvent {
  /** `evt.num`. */
  readonly number: number
  /** Line of the file, from 1, in files of field events. */
  readonly line?: number
  readonly type: string
  /** Fields that say what happened; those that are absent are left out. */
  readonly about: readonly OperandValue[]
  /** Rules that are asked about events of this type, in their order. */
  readonly rules: readonly JudgedRule[]
  /** Rules that are not. */
  readonly otherTypes: readonly SetRule[]
}

/** An event on its way to be judged. */
export interface EventAtHand<E> {
  readonly event: E
  readonly code: number
  readonly type: string
  readonly number: number
  readonly line?: number
}

/** Judges events of one source by every rule that is asked for. */
export type EventJudge<E> = (at: EventAtHand<E>) => JudgedEvent

/** Most parts of all conditions that are kept for one event. */
export const EVENT_NODES_MAX = 20_000

/** Fields that say what an event is about, whatever the rule. */
const ABOUT_FIELDS = ['proc.name', 'proc.pid', 'fd.name', 'evt.res'] as const

/**
 * Makes the judge of a source of events. The plain interpreter gives the answers; the matcher that runs in detection is asked too.
 *
 * @throws CodedError INTERNAL, when judging, where the two differ
 */
export function eventJudge<E>(
  rules: readonly SetRule[],
  macros: RuleSet['loaded']['macros'],
  binder: FieldBinder<E>,
): EventJudge<E> {
  const matcher = compileRuleMatcher(rules, binder)
  const names = new Map(rules.map(rule => [rule, nameMacros(rule.expr, rule.condition, macros)]))
  const about = ABOUT_FIELDS.map(fieldNamed).map(field => ({field, extract: binder.bind(field)}))
  return ({event, code, type, number, line}) => {
    const found: number[] = []
    matcher.matchAll(event, code, found)
    const matched = new Set(found)
    const tracer = traceEvent(event, binder)
    const budget: NodeBudget = {nodes: EVENT_NODES_MAX}
    const judged: JudgedRule[] = []
    const otherTypes: SetRule[] = []
    for (const [index, rule] of rules.entries()) {
      const isAsked = rule.eventCodes.has(code)
      const matches = isAsked && tracer.holds(rule.condition)
      if (matches !== matched.has(index)) throw disagreement(rule, number, matches)
      if (!isAsked) otherTypes.push(rule)
      else
        judged.push({
          rule,
          matches,
          tree: traceTree(rule.condition, tracer, names.get(rule)!, budget),
        })
    }
    return {
      number,
      ...(line !== undefined && {line}),
      type,
      about: about.flatMap(({field, extract}) => {
        const value = extract(event)
        return value === undefined ? [] : {text: field.text, type: field.type, value}
      }),
      rules: judged,
      otherTypes,
    }
  }
}

function disagreement({name}: SetRule, number: number, matches: boolean): CodedError {
  const [plain, fast] = matches ? ['matches', 'does not'] : ['does not match', 'does']
  return new CodedError(
    'INTERNAL',
    `rule ${JSON.stringify(name)} and event ${number}: read plainly the rule ${plain}, by the matcher of detection it ${fast}`,
  )
}

function fieldNamed(name: string): FieldRef {
  const lookup: FieldLookup = resolveField(name, undefined, findField)
  if (!lookup.ok) throw new Error(`there is no field ${name}`)
  return lookup.field
}
