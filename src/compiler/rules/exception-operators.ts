import {LIST_WORDS, MODIFIERS, TEXT_SYMBOLS, TEXT_WORDS} from '../condition/words.ts'

const TEXT_OPERATORS = [...TEXT_SYMBOLS, ...TEXT_WORDS]

const MODIFIED = TEXT_OPERATORS.flatMap(operator =>
  MODIFIERS.map(modifier => `${operator} ${modifier}`),
)

/** Operators of exceptions whose `fields` is one field. */
export const SINGLE_OPERATORS: ReadonlySet<string> = new Set([...LIST_WORDS, ...MODIFIED])

/** Operators of exceptions whose `fields` is a sequence. */
export const TUPLE_OPERATORS: ReadonlySet<string> = new Set([
  'exists',
  '<',
  '<=',
  '>',
  '>=',
  ...TEXT_OPERATORS,
  ...SINGLE_OPERATORS,
])

/** Whether an operator of an exception takes a list: the list operators and those with a modifier. */
export function takesList(operator: string): boolean {
  return SINGLE_OPERATORS.has(operator)
}
