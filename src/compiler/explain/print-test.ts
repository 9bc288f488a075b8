import type {CheckedTest} from '../checked.ts'
import {printConstant} from './print-value.ts'

/** Constants of a test that are shown when nothing else is asked for. */
export const CONSTANTS_SHOWN = 8
/** Constants that are shown before and after one that decides. */
const NEIGHBOURS = 1

/** How a test is printed. */
export interface TestPrinting {
  /** Most constants; the rest is counted. Default: {@link CONSTANTS_SHOWN}. */
  readonly constants?: number
  /** Index of a constant that must be among those shown. */
  readonly around?: number | undefined
}

/** A comparison in the words of conditions. Shortened lists, with `…`, are for people only. */
export function printTest(test: CheckedTest, printing: TestPrinting = {}): string {
  const {left, op, modifier, right} = test
  if (op === 'exists') return `${left.text} exists`
  if (op === 'around') return `evt.around[${test.constants[0]}] = ${test.constants[1]}`
  const words = [left.text, op, ...(modifier === undefined ? [] : [modifier])]
  if (right !== undefined) {
    const side = right.kind === 'field' ? `val(${right.text})` : right.text
    return [...words, side].join(' ')
  }
  return [...words, rightSide(test, printing)].join(' ')
}

/** Operators that compare with several values. */
const LIST_OPERATORS: ReadonlySet<string> = new Set(['in', 'intersects', 'pmatch'])

function rightSide(
  {op, modifier, constants, left}: CheckedTest,
  {constants: most = CONSTANTS_SHOWN, around}: TestPrinting,
): string {
  const type = op === 'bcontains' || op === 'bstartswith' ? undefined : left.type
  const print = (at: number): string => {
    const constant = constants[at]!
    if (type === undefined) return Buffer.from(String(constant), 'latin1').toString('hex')
    return printConstant(constant, type)
  }
  if (modifier === undefined && !LIST_OPERATORS.has(op)) return print(0)
  return `(${shownItems(constants.length, most, around)
    .map(place => (typeof place === 'number' ? print(place) : place))
    .join(', ')})`
}

/** Indices of the items that are shown, with texts in between for those that are not. */
function shownItems(
  count: number,
  most: number,
  around: number | undefined,
): readonly (number | string)[] {
  if (count <= most) return Array.from({length: count}, (_, at) => at)
  const first = around === undefined ? 0 : Math.max(0, around - NEIGHBOURS)
  const last = around === undefined ? Math.max(1, most) : Math.min(count, around + NEIGHBOURS + 1)
  const items: (number | string)[] = []
  if (first > 0) items.push(`… ${first} more`)
  for (let at = first; at < last; at++) items.push(at)
  if (last < count) items.push(`… ${count - last} more`)
  return items
}
