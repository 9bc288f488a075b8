import {fail, ProblemSignal} from './check/check-operand.ts'
import {checkTest} from './check/check-test.ts'
import {literalWarnings} from './check/literal-warnings.ts'
import type {CheckedCondition} from './checked.ts'
import type {Expr} from './condition/ast.ts'
import {eventCodesOf} from './event-types.ts'
import {NO_PROBES, type ProbeWords} from './probes/probe-words.ts'
import type {CheckWarning, ConditionVerdict, Problem} from './rules/checker.ts'

/** The answer to a filter: like that to a rule's condition, but without its events. */
export type FilterVerdict =
  | {
      readonly ok: true
      readonly condition: CheckedCondition
      readonly warnings: readonly CheckWarning[]
    }
  | {readonly ok: false; readonly problem: Problem}

/**
 * Checks a filter against the field catalogue: names, types, operators, literals. Stops at the first problem.
 *
 * @param expr - the tree with its macros expanded; one that is left is a problem
 * @param words - where names are looked up; those of the product by default
 */
export function checkFilter(expr: Expr, words: ProbeWords = NO_PROBES): FilterVerdict {
  const warnings: CheckWarning[] = []
  try {
    return {ok: true, condition: checkExpr(expr, {words, warnings, done: new Map()}), warnings}
  } catch (error) {
    if (error instanceof ProblemSignal) return {ok: false, problem: error.problem}
    throw error
  }
}

/** Checks the condition of a rule: a filter whose events can also be told ({@link eventCodesOf}). */
export function checkCondition(
  expr: Expr,
  words: ProbeWords = NO_PROBES,
): ConditionVerdict<CheckedCondition> {
  const verdict = checkFilter(expr, words)
  if (!verdict.ok) return verdict
  const events = eventCodesOf(expr, words.codes)
  return events.ok ? {...verdict, eventCodes: events.codes} : events
}

interface Walk {
  readonly words: ProbeWords
  readonly warnings: CheckWarning[]
  /** Trees of macros come up again: one answer for each object keeps the result as small as the sources. */
  readonly done: Map<Expr, CheckedCondition>
}

function checkExpr(expr: Expr, walk: Walk): CheckedCondition {
  const known = walk.done.get(expr)
  if (known !== undefined) return known
  const checked = checkNode(expr, walk)
  walk.done.set(expr, checked)
  return checked
}

function checkNode(expr: Expr, walk: Walk): CheckedCondition {
  switch (expr.kind) {
    case 'and':
    case 'or':
      return {kind: expr.kind, children: expr.children.map(child => checkExpr(child, walk))}
    case 'not':
      return {kind: 'not', child: checkExpr(expr.child, walk)}
    case 'identifier':
      return fail(`unknown macro '${expr.name}'`, expr.span)
    case 'check':
      walk.warnings.push(...literalWarnings(expr, walk.words.find))
      return checkTest(expr, walk.words)
  }
}
