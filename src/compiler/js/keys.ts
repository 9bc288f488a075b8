import type {ByteString} from '../../schema/bytes.ts'
import type {Scalar} from '../../schema/value.ts'
import type {CheckedOperand, CheckedTest} from '../checked.ts'
import {ANY_BYTE, ANY_RUN, parseGlob} from '../operators/glob-pattern.ts'
import {valueClass} from '../value-class.ts'
import type {GraphNode} from './graph.ts'

/**
 * Something a value must have for a condition to hold: be one of some values, or begin or end with one of some texts. Rules
 * are filed under one of their keys, so that an event only meets those whose key fits.
 */
export interface Key {
  readonly operand: CheckedOperand
  readonly kind: 'exact' | 'prefix' | 'suffix'
  /** None at all: the condition never holds. No text of a prefix or suffix key begins (ends) with another one. */
  readonly values: ReadonlySet<Scalar>
}

/** Keys with more values are not worth their memory. */
const MAX_VALUES = 2000

/** Keys that are looked at for one condition. */
const MAX_KEYS = 16

/** Finds keys of conditions; answers are kept for each node. */
export function createKeyFinder(): (node: GraphNode) => readonly Key[] {
  const done = new Map<GraphNode, readonly Key[]>()
  const find = (node: GraphNode): readonly Key[] => {
    const known = done.get(node)
    if (known !== undefined) return known
    const keys = compute(node, find).filter(key => key.values.size <= MAX_VALUES)
    done.set(node, keys)
    return keys
  }
  return find
}

function compute(node: GraphNode, find: (node: GraphNode) => readonly Key[]): readonly Key[] {
  switch (node.kind) {
    case 'test': {
      const key = keyOfTest(node.test!)
      return key === undefined ? [] : [key]
    }
    case 'and':
      return node.children.flatMap(find).slice(0, MAX_KEYS)
    case 'or':
      return keysOfOr(node.children, find)
    case 'not':
      return []
  }
}

/** A disjunction has a key when every branch has one of the same operand. */
function keysOfOr(
  children: readonly GraphNode[],
  find: (node: GraphNode) => readonly Key[],
): readonly Key[] {
  const [first, ...others] = children
  let merged = find(first!)
  for (const other of others) {
    if (merged.length === 0) return []
    const keys = find(other)
    merged = merged.flatMap(key => {
      const partner = keys.find(candidate => candidate.operand.text === key.operand.text)
      const both = partner === undefined ? undefined : merge(key, partner)
      return both === undefined ? [] : [both]
    })
  }
  return merged
}

function merge(a: Key, b: Key): Key | undefined {
  if (a.values.size + b.values.size > 2 * MAX_VALUES) return undefined
  const kinds = new Set([a.kind, b.kind])
  const values = [...a.values, ...b.values]
  if (kinds.has('prefix'))
    return kinds.has('suffix') ? undefined : affixKey(a.operand, 'prefix', values)
  if (kinds.has('suffix')) return affixKey(a.operand, 'suffix', values)
  return {operand: a.operand, kind: 'exact', values: new Set(values)}
}

/** A text is its own prefix, so exact values may be among them. Texts that another one covers are left out. */
function affixKey(
  operand: CheckedOperand,
  kind: 'prefix' | 'suffix',
  values: readonly Scalar[],
): Key | undefined {
  const texts = values.filter(value => typeof value === 'string')
  if (texts.length < values.length || texts.includes('')) return undefined
  const turn = kind === 'prefix' ? (text: string) => text : reversed
  const kept: ByteString[] = []
  // In sorted order a covering prefix stands directly before all that it covers.
  for (const text of texts.map(turn).sort()) {
    const last = kept.at(-1)
    if (last === undefined || !text.startsWith(last)) kept.push(text)
  }
  return {operand, kind, values: new Set(kept.map(turn))}
}

function reversed(text: string): string {
  return Array.from({length: text.length}, (_, i) => text[text.length - 1 - i]).join('')
}

function keyOfTest(test: CheckedTest): Key | undefined {
  const {left, constants, modifier, right} = test
  const plain = !left.list && !(left.kind === 'field' && left.field.gather !== undefined)
  const comparable = ['int', 'double', 'bool', 'ip', 'text', 'bytes'].includes(
    valueClass(left.type),
  )
  if (!plain || !comparable || right !== undefined) return undefined
  // Of `allof` each right side is needed, so the first one alone is a key too.
  const values = modifier === 'allof' ? constants.slice(0, 1) : constants
  switch (test.op) {
    case '=':
    case 'in':
    case 'intersects':
      return {operand: left, kind: 'exact', values: new Set(values)}
    case 'startswith':
    case 'bstartswith':
      return affixKey(left, 'prefix', values)
    case 'endswith':
      return affixKey(left, 'suffix', values)
    case 'glob':
      return values.length === 1 ? keyOfGlob(left, values[0] as ByteString) : undefined
    default:
      return undefined
  }
}

function keyOfGlob(operand: CheckedOperand, pattern: ByteString): Key | undefined {
  const steps = parseGlob(pattern, false)
  if (steps === undefined) return {operand, kind: 'exact', values: new Set()}
  const plain = steps.map(step => typeof step === 'number' && step !== ANY_BYTE && step !== ANY_RUN)
  const text = (from: number, to: number): string =>
    String.fromCharCode(...(steps.slice(from, to) as readonly number[]))
  const head = plain.indexOf(false)
  if (head < 0) return {operand, kind: 'exact', values: new Set([text(0, steps.length)])}
  if (head > 0) return affixKey(operand, 'prefix', [text(0, head)])
  return affixKey(operand, 'suffix', [text(plain.lastIndexOf(false) + 1, steps.length)])
}
