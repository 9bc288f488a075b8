import type {OperatorName} from '../checked.ts'
import {equal, notEqual} from './equality.ts'
import {glob, iglob} from './glob.ts'
import type {Operator} from './operator.ts'
import {greater, greaterOrEqual, less, lessOrEqual} from './order.ts'
import {pmatch} from './pmatch.ts'
import {regex} from './regex.ts'
import {inList, intersects} from './set.ts'
import {bcontains, bstartswith, contains, endswith, icontains, startswith} from './text.ts'

/** Every operator but `exists` and `around`. */
const OPERATORS: readonly Operator[] = [
  equal,
  notEqual,
  less,
  lessOrEqual,
  greater,
  greaterOrEqual,
  contains,
  icontains,
  bcontains,
  startswith,
  bstartswith,
  endswith,
  glob,
  iglob,
  regex,
  inList,
  intersects,
  pmatch,
]

const byName: ReadonlyMap<string, Operator> = new Map(OPERATORS.map(op => [op.name, op]))

/** The operator as rules spell it (`==` is `=`); undefined for others, `exists` included. */
export function findOperator(spelling: string): Operator | undefined {
  return byName.get(spelling === '==' ? '=' : spelling)
}

/** The operator of a checked test. */
export function operatorOf(name: OperatorName): Operator {
  const operator = byName.get(name)
  if (operator === undefined) throw new Error(`operator ${name} has no table entry`)
  return operator
}
