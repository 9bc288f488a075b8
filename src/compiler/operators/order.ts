import type {OperatorName} from '../checked.ts'
import type {Predicate, ScalarOperator} from './operator.ts'

/**
 * Both sides have the same class, so the built-in order is right for each: numbers and big integers compare by value, byte
 * strings bytewise. The cast only tells the compiler so.
 */
function order(
  name: OperatorName,
  doc: string,
  compare: (value: number, constant: number) => boolean,
): ScalarOperator {
  return {
    kind: 'scalar',
    name,
    classes: ['int', 'double', 'text'],
    fieldRight: true,
    doc,
    bind: (constant): Predicate => {
      const bound = constant as number
      return value => compare(value as number, bound)
    },
  }
}

/** `<` */
export const less = order('<', 'The value is smaller; text compares bytewise.', (a, b) => a < b)

/** `<=` */
export const lessOrEqual = order('<=', 'The value is smaller or equal.', (a, b) => a <= b)

/** `>` */
export const greater = order('>', 'The value is greater; text compares bytewise.', (a, b) => a > b)

/** `>=` */
export const greaterOrEqual = order('>=', 'The value is greater or equal.', (a, b) => a >= b)
