import type {FieldValue, Scalar} from '../../schema/value.ts'
import type {CheckedOperand} from '../checked.ts'
import {type AffixTree, createAffixTree} from './affix-tree.ts'
import type {Key} from './keys.ts'

/** A rule as the index sees it. */
export interface FiledRule {
  readonly index: number
  /** Each is necessary for a match. */
  readonly keys: readonly Key[]
}

/** The rules that one kind of event can match, filed by what their conditions need. */
export interface DispatchIndex {
  /** Rules that have to be asked on every event, ascending. */
  readonly always: readonly number[]
  readonly tables: readonly DispatchTable[]
}

/** Rules filed under the values of one operand. A rule is in one table, and a value finds it at most once. */
export interface DispatchTable {
  readonly operand: CheckedOperand
  /** Calls back with ascending lists of rules that a value leaves possible. */
  visit(value: FieldValue, found: (rules: readonly number[]) => void): void
}

/** Fewer rules are not worth a table: asking them costs no more than looking up. */
const MIN_TABLE = 4

/** Within one kind of event these tell nothing. */
const EVENT_TYPE = new Set(['evt.type', 'syscall.type'])

/** Files rules, given in ascending order. Rules that can never match are left out. */
export function buildIndex(rules: readonly FiledRule[]): DispatchIndex {
  const crowds = countBuckets(rules)
  const byTable = new Map<string, {key: Key; rules: {index: number; key: Key}[]}>()
  const always: number[] = []
  for (const {index, keys} of rules) {
    if (keys.some(key => key.values.size === 0)) continue
    const key = bestKey(keys, crowds)
    if (key === undefined) {
      always.push(index)
      continue
    }
    const id = tableId(key)
    const table = byTable.get(id) ?? {key, rules: []}
    table.rules.push({index, key})
    byTable.set(id, table)
  }
  const tables: DispatchTable[] = []
  for (const table of byTable.values()) {
    if (table.rules.length < MIN_TABLE) always.push(...table.rules.map(rule => rule.index))
    else tables.push(buildTable(table.key, table.rules))
  }
  return {always: always.sort((a, b) => a - b), tables}
}

function tableId(key: Key): string {
  return `${key.kind} ${key.operand.text}`
}

/** How many rules share each value of each possible table: the more, the less a look-up tells. */
function countBuckets(rules: readonly FiledRule[]): ReadonlyMap<string, Map<Scalar, number>> {
  const crowds = new Map<string, Map<Scalar, number>>()
  for (const {keys} of rules) {
    for (const key of keys) {
      const id = tableId(key)
      const counts = crowds.get(id) ?? new Map<Scalar, number>()
      crowds.set(id, counts)
      for (const value of key.values) counts.set(value, (counts.get(value) ?? 0) + 1)
    }
  }
  return crowds
}

/** The key whose values the fewest other rules share; among equals the one of the largest table, so that tables stay few. */
function bestKey(
  keys: readonly Key[],
  crowds: ReadonlyMap<string, ReadonlyMap<Scalar, number>>,
): Key | undefined {
  let best: {key: Key; crowd: number; size: number} | undefined
  for (const key of keys) {
    if (EVENT_TYPE.has(key.operand.text)) continue
    const counts = crowds.get(tableId(key))!
    let crowd = 0
    for (const value of key.values) crowd = Math.max(crowd, counts.get(value) ?? 0)
    const better =
      best === undefined || crowd < best.crowd || (crowd === best.crowd && counts.size > best.size)
    if (better) best = {key, crowd, size: counts.size}
  }
  return best?.key
}

function buildTable(
  key: Key,
  rules: readonly {readonly index: number; readonly key: Key}[],
): DispatchTable {
  const {operand, kind} = key
  if (kind === 'exact') {
    const byValue = new Map<FieldValue, number[]>()
    for (const rule of rules) {
      for (const value of rule.key.values) {
        const list = byValue.get(value)
        if (list === undefined) byValue.set(value, [rule.index])
        else list.push(rule.index)
      }
    }
    return {
      operand,
      visit: (value, found) => {
        const list = byValue.get(value)
        if (list !== undefined) found(list)
      },
    }
  }
  const tree: AffixTree = createAffixTree(kind)
  for (const rule of rules) {
    for (const affix of rule.key.values) tree.add(affix as string, rule.index)
  }
  return {operand, visit: (value, found) => tree.visit(value as string, found)}
}
