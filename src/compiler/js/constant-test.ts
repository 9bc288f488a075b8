import type {FieldValue, Int, Scalar} from '../../schema/value.ts'
import type {CheckedTest} from '../checked.ts'
import type {Modifier} from '../condition/ast.ts'
import type {ListOperator, Predicate, ScalarOperator} from '../operators/operator.ts'
import {operatorOf} from '../operators/operators.ts'
import {type ValueClass, valueClass} from '../value-class.ts'

/** Judges what an operand yielded; the value is not absent. */
export type ValueTest = (value: FieldValue) => boolean

/** Judges two operands against each other; neither value is absent. */
export type PairTest = (left: FieldValue, right: FieldValue) => boolean

/** Prepares a test against constants: patterns are compiled and sets are built once, here. */
export function prepareTest(test: CheckedTest): ValueTest {
  if (test.op === 'exists') return value => !(isAncestors(test) && isEmptyArray(value))
  if (test.op === 'around') return prepareAround(test.constants as readonly Int[])
  const operator = operatorOf(test.op)
  const type = valueClass(test.left.type)
  if (operator.kind === 'list') {
    const predicate = operator.bindAll(test.constants, type)
    return overValues(predicate, test.left.list && operator.everyValue === true)
  }
  return prepareScalar(operator, test, type)
}

/** Prepares a test whose right side is computed from the event too. */
export function preparePair(test: CheckedTest): PairTest {
  const operator = operatorOf(test.op)
  const type = valueClass(test.left.type)
  if (operator.kind === 'list') {
    const every = test.left.list && operator.everyValue === true
    return (left, right) => overValues(bindMembers(operator, right, type), every)(left)
  }
  return (left, right) => operator.bind(right as Scalar, type)(left as Scalar)
}

function bindMembers(operator: ListOperator, right: FieldValue, type: ValueClass): Predicate {
  return operator.bindAll(Array.isArray(right) ? right : [right as Scalar], type)
}

function isAncestors({left}: CheckedTest): boolean {
  return left.kind === 'field' && left.field.gather === 'ancestors'
}

function isEmptyArray(value: FieldValue): boolean {
  return Array.isArray(value) && value.length === 0
}

function prepareAround([centre, distanceMs]: readonly Int[]): ValueTest {
  const from = BigInt(centre!) - BigInt(distanceMs!) * 1_000_000n
  const to = BigInt(centre!) + BigInt(distanceMs!) * 1_000_000n
  return value => (value as Int) >= from && (value as Int) <= to
}

function prepareScalar(operator: ScalarOperator, test: CheckedTest, type: ValueClass): ValueTest {
  const ends = test.left.kind === 'field' && test.left.field.gather === 'ends'
  const every = ends && operator.everyEnd === true
  const tests = test.constants.map(constant => overEnds(operator.bind(constant, type), every))
  return test.modifier === undefined ? tests[0]! : withModifier(tests, test.modifier)
}

/** Of several values one must pass, or every one (and there must be one). */
function overEnds(predicate: Predicate, every: boolean): ValueTest {
  return value => {
    if (!Array.isArray(value)) return predicate(value as Scalar)
    return every ? value.length > 0 && value.every(predicate) : value.some(predicate)
  }
}

function overValues(predicate: Predicate, every: boolean): ValueTest {
  return value => {
    if (!Array.isArray(value)) return predicate(value as Scalar)
    return every ? value.every(predicate) : value.some(predicate)
  }
}

function withModifier(tests: readonly ValueTest[], modifier: Modifier): ValueTest {
  if (modifier === 'anyof') return value => tests.some(test => test(value))
  if (modifier === 'allof') return value => tests.length > 0 && tests.every(test => test(value))
  return value => {
    let holding = 0
    for (const test of tests) if (test(value) && ++holding > 1) return false
    return holding === 1
  }
}
