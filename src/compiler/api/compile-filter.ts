import type {Span} from '../../diagnostics/span.ts'
import {checkFilter} from '../check.ts'
import type {CheckedCondition} from '../checked.ts'
import {parseCondition} from '../condition/parser.ts'
import {type FieldEvent, fieldEventBinder} from '../field-events.ts'
import {compileRuleMatcher} from '../js/matcher.ts'
import type {CheckWarning} from '../rules/checker.ts'

/** A condition ready to be asked. */
export interface Filter {
  /** Whether the condition holds for an event. */
  matches(event: FieldEvent): boolean
}

/** Why a text was refused. */
export interface TextProblem {
  /** Names the offending word; lower case, no trailing stop. */
  readonly message: string
  /** An action, for instance a "did you mean". */
  readonly hint?: string
  /** Offsets into the text. */
  readonly span: Span
}

/** The answer of {@link compileFilter}. */
export type FilterResult =
  | {readonly ok: true; readonly filter: Filter; readonly warnings: readonly CheckWarning[]}
  | {readonly ok: false; readonly problem: TextProblem}

/**
 * Compiles a condition that stands alone, without macros and lists. Never throws because of what the text says; nesting is
 * bounded.
 */
export function compileFilter(text: string): FilterResult {
  const parsed = parseCondition(text)
  if (!parsed.ok) return {ok: false, problem: {message: parsed.message, span: parsed.span}}
  const verdict = checkFilter(parsed.expr)
  if (verdict.ok)
    return {ok: true, filter: bindFilter(verdict.condition), warnings: verdict.warnings}
  const {message, hint, span} = verdict.problem
  return {ok: false, problem: {message, ...(hint === undefined ? {} : {hint}), span}}
}

/** The one event code of a filter's only rule: a filter is asked about every event. */
const EVENT_CODE = 1

/** Turns a checked condition into a filter. */
export function bindFilter(condition: CheckedCondition): Filter {
  const rule = {condition, eventCodes: new Set([EVENT_CODE])}
  const matcher = compileRuleMatcher([rule], fieldEventBinder)
  return {matches: event => matcher.matchFirst(event, EVENT_CODE) === 0}
}
