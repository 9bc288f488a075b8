import type {FieldValue, ValueType} from '../../schema/value.ts'
import type {CheckedCondition, CheckedField, CheckedOperand, CheckedTest} from '../checked.ts'
import type {FieldBinder} from '../field-ref.ts'
import {evaluate} from '../interpret.ts'
import {bindOperand} from '../operand-value.ts'

/** What an operand of a test yielded. */
export interface OperandValue {
  readonly text: string
  readonly type: ValueType
  /** Undefined: absent. */
  readonly value: FieldValue | undefined
}

/** The answers of the plain interpreter to every part of conditions, for one event. Each part is judged once. */
export interface Tracer {
  holds(condition: CheckedCondition): boolean
  /** Both sides of a test with the fields inside them, each once. Literals are left out. */
  values(test: CheckedTest): readonly OperandValue[]
  /** Index of the first constant that alone makes the test hold; undefined when none does. */
  decidingConstant(test: CheckedTest): number | undefined
}

/** Constants that are tried one by one to find the one that decides. */
const CONSTANTS_TRIED = 10_000

/** Makes the tracer of one event. Values are read when they are asked for: while the event is there. */
export function traceEvent<E>(event: E, binder: FieldBinder<E>): Tracer {
  const truths = new Map<CheckedCondition, boolean>()
  const holds = (condition: CheckedCondition): boolean => {
    const known = truths.get(condition)
    if (known !== undefined) return known
    const truth = judge(condition)
    truths.set(condition, truth)
    return truth
  }
  const judge = (condition: CheckedCondition): boolean => {
    switch (condition.kind) {
      case 'and':
        return condition.children.every(holds)
      case 'or':
        return condition.children.some(holds)
      case 'not':
        return !holds(condition.child)
      case 'test':
        return evaluate(condition, event, binder)
    }
  }
  return {
    holds,
    values: ({left, right}) => {
      const operands = [left, ...(right === undefined ? [] : [right])]
      const found = new Map<string, OperandValue>()
      for (const operand of operands.flatMap(one => [one, ...fieldsIn(one)])) {
        if (operand.kind === 'literal' || found.has(operand.text)) continue
        const value = bindOperand(operand, field => binder.bind(field))(event)
        found.set(operand.text, {text: operand.text, type: operand.type, value})
      }
      return [...found.values()]
    },
    decidingConstant: test => {
      const {modifier: _, ...plain} = test
      const at = test.constants
        .slice(0, CONSTANTS_TRIED)
        .findIndex(constant => evaluate({...plain, constants: [constant]}, event, binder))
      return at < 0 ? undefined : at
    },
  }
}

function fieldsIn(operand: CheckedOperand): CheckedField[] {
  switch (operand.kind) {
    case 'field':
      return [operand]
    case 'call':
      return operand.args.flatMap(fieldsIn)
    case 'items':
      return operand.items.flatMap(fieldsIn)
    case 'literal':
      return []
  }
}
