import assert from 'node:assert/strict'
import {it} from 'mocha'
import {checkFilter, type FilterVerdict} from '../../src/compiler/check.ts'
import type {CheckedCondition} from '../../src/compiler/checked.ts'
import {parseCondition} from '../../src/compiler/condition/parser.ts'
import {
  type FieldEvent,
  fieldEventBinder,
  parseFieldEvent,
} from '../../src/compiler/field-events.ts'
import {evaluate} from '../../src/compiler/interpret.ts'
import {compileRuleMatcher} from '../../src/compiler/js/matcher.ts'

/** One filter on one event. */
export interface EvaluationCase {
  readonly filter: string
  /** Field texts to values, as lines of field events have them. */
  readonly event: Readonly<Record<string, unknown>>
  readonly want: boolean
}

export function mkEvent(fields: Readonly<Record<string, unknown>>): FieldEvent {
  const json = JSON.stringify(fields, (_, value) =>
    typeof value === 'bigint' ? `#${value}#` : value,
  )
  const parsed = parseFieldEvent(json.replace(/"#(-?\d+)#"/g, '$1'))
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  return parsed.event
}

export function mkVerdict(filter: string): FilterVerdict {
  const parsed = parseCondition(filter)
  assert.ok(parsed.ok, parsed.ok ? '' : `${filter}: ${parsed.message}`)
  return checkFilter(parsed.expr)
}

export function mkCondition(filter: string): CheckedCondition {
  const verdict = mkVerdict(filter)
  assert.ok(verdict.ok, verdict.ok ? '' : `${filter}: ${verdict.problem.message}`)
  return verdict.condition
}

/** Makes one test of each case: interpreter and generated matcher must both say what is wanted. */
export function testEvaluations(cases: readonly EvaluationCase[]): void {
  for (const {filter, event, want} of cases) {
    it(`${filter} on ${JSON.stringify(event).slice(0, 80)} is ${want}`, () => {
      const condition = mkCondition(filter)
      const fields = mkEvent(event)
      assert.equal(evaluate(condition, fields, fieldEventBinder), want)
      const rule = {condition, eventCodes: new Set([1])}
      const matcher = compileRuleMatcher([rule], fieldEventBinder)
      assert.equal(matcher.matchFirst(fields, 1), want ? 0 : -1)
    })
  }
}

/** Makes one test of each filter that must be refused with a message that names something. */
export function testRefusals(
  cases: readonly {readonly filter: string; readonly names: string; readonly kind?: string}[],
): void {
  for (const {filter, names, kind} of cases) {
    it(`refuses ${filter}`, () => {
      const verdict = mkVerdict(filter)
      assert.ok(!verdict.ok)
      assert.ok(verdict.problem.message.includes(names), verdict.problem.message)
      assert.equal(verdict.problem.kind, kind ?? 'other')
    })
  }
}
