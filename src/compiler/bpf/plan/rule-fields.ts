import {eventByCode, GENERIC_EVENT_CODES, OWN_EVENT_NAMES} from '../../../schema/event-table.ts'
import type {CheckedCondition, CheckedOperand, CheckedTest} from '../../checked.ts'
import type {FieldRef} from '../../field-ref.ts'
import {canMatchEvent} from '../event-match.ts'

/** What of a rule decides what has to be captured for it. */
export interface PlannedRule {
  readonly condition: CheckedCondition
  /** Fields that its output and extra fields print. */
  readonly outputFields: readonly FieldRef[]
  readonly eventCodes: ReadonlySet<number>
}

/** Names of the events that a rule can match; of those of our own, which share a code, the ones that its condition lets through. */
export function eventNamesOf({condition, eventCodes}: PlannedRule): string[] {
  const names = [...eventCodes].map(code => eventByCode(code)?.name ?? '')
  if (!GENERIC_EVENT_CODES.some(code => eventCodes.has(code))) return names
  return [...names, ...OWN_EVENT_NAMES.filter(name => canMatchEvent(condition, name))]
}

/** Fields that print or compare every parameter of an event. */
export const WHOLE_EVENT_FIELDS: ReadonlySet<string> = new Set(['evt.args', 'evt.info'])

/** Every field that a rule compares or prints; a field may occur more than once. */
export function fieldsOf({condition, outputFields}: PlannedRule): FieldRef[] {
  // Macros are shared objects: each is visited once.
  const seen = new Set<CheckedCondition>()
  const tests: CheckedTest[] = []
  const visit = (node: CheckedCondition): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'not') return visit(node.child)
    if (node.kind !== 'test') return node.children.forEach(visit)
    tests.push(node)
  }
  visit(condition)
  return [...outputFields, ...fieldsIn(tests)]
}

/** Every field that tests compare; a field may occur more than once. */
export function fieldsIn(tests: readonly CheckedTest[]): FieldRef[] {
  const fields: FieldRef[] = []
  const visit = (operand: CheckedOperand): void => {
    if (operand.kind === 'field') fields.push(operand.field)
    else if (operand.kind === 'call') operand.args.forEach(visit)
    else if (operand.kind === 'items') operand.items.forEach(visit)
  }
  for (const {left, right} of tests) {
    visit(left)
    if (right !== undefined) visit(right)
  }
  return fields
}
