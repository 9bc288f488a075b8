import type {FieldValue, Int, Scalar} from '../schema/value.ts'
import type {CheckedCondition, CheckedTest} from './checked.ts'
import type {Modifier} from './condition/ast.ts'
import type {FieldBinder} from './field-ref.ts'
import {bindOperand} from './operand-value.ts'
import type {ListOperator, ScalarOperator} from './operators/operator.ts'
import {operatorOf} from './operators/operators.ts'
import {valueClass} from './value-class.ts'

/**
 * Judges a condition on one event, plainly: no sharing, no order of its own, nothing prepared. Slow, and the reference
 * that the generated matchers are compared with.
 */
export function evaluate<E>(
  condition: CheckedCondition,
  event: E,
  binder: FieldBinder<E>,
): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.children.every(child => evaluate(child, event, binder))
    case 'or':
      return condition.children.some(child => evaluate(child, event, binder))
    case 'not':
      return !evaluate(condition.child, event, binder)
    case 'test':
      return evaluateTest(condition, event, binder)
  }
}

function evaluateTest<E>(test: CheckedTest, event: E, binder: FieldBinder<E>): boolean {
  const left = bindOperand(test.left, field => binder.bind(field))(event)
  if (left === undefined) return false
  if (test.op === 'exists') return exists(test, left)
  if (test.op === 'around') return around(test, left as Int)
  let constants = test.constants
  if (test.right !== undefined) {
    const right = bindOperand(test.right, field => binder.bind(field))(event)
    if (right === undefined) return false
    constants = Array.isArray(right) ? right : [right as Scalar]
  }
  const operator = operatorOf(test.op)
  return operator.kind === 'list'
    ? evaluateList(test, operator, left, constants)
    : evaluateModified(test, operator, left, constants)
}

function exists({left}: CheckedTest, value: FieldValue): boolean {
  const ancestors = left.kind === 'field' && left.field.gather === 'ancestors'
  return !(ancestors && Array.isArray(value) && value.length === 0)
}

function around({constants}: CheckedTest, value: Int): boolean {
  const [centre, distanceMs] = constants as readonly Int[]
  const apart = BigInt(value) - BigInt(centre!)
  return (apart < 0n ? -apart : apart) <= BigInt(distanceMs!) * 1_000_000n
}

function evaluateList(
  {left}: CheckedTest,
  operator: ListOperator,
  value: FieldValue,
  members: readonly Scalar[],
): boolean {
  const holds = (one: Scalar): boolean => operator.bindAll(members, valueClass(left.type))(one)
  if (!Array.isArray(value)) return holds(value as Scalar)
  const values = value as readonly Scalar[]
  return left.list && operator.everyValue === true ? values.every(holds) : values.some(holds)
}

function evaluateModified(
  {left, modifier}: CheckedTest,
  operator: ScalarOperator,
  value: FieldValue,
  constants: readonly Scalar[],
): boolean {
  const holds = (constant: Scalar): boolean => {
    const predicate = operator.bind(constant, valueClass(left.type))
    if (!Array.isArray(value)) return predicate(value as Scalar)
    const values = value as readonly Scalar[]
    const ends = left.kind === 'field' && left.field.gather === 'ends'
    return ends && operator.everyEnd === true
      ? values.length > 0 && values.every(predicate)
      : values.some(predicate)
  }
  return enough(constants.filter(holds).length, constants.length, modifier)
}

/** Whether so many of the right sides hold as the modifier asks for; without one there is a single right side. */
function enough(holding: number, all: number, modifier: Modifier | undefined): boolean {
  switch (modifier) {
    case 'oneof':
      return holding === 1
    case 'allof':
      return all > 0 && holding === all
    default:
      return holding > 0
  }
}
