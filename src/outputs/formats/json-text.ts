import type {AlertValue} from '../../schema/alert.ts'
import {wellFormed} from './visible-text.ts'

/** What {@link jsonText} writes. */
export type JsonTree =
  | AlertValue
  | undefined
  | readonly JsonTree[]
  | {readonly [key: string]: JsonTree}

/**
 * Writes a tree as JSON on one line. Integers are exact at any size, half surrogate pairs are replaced, numbers that JSON
 * lacks become null, members that are undefined are left out; keys are written as they come, `__proto__` included.
 */
export function jsonText(tree: JsonTree): string {
  if (typeof tree === 'string') return JSON.stringify(wellFormed(tree))
  if (typeof tree === 'number') return Number.isFinite(tree) ? String(tree) : 'null'
  if (tree === null || tree === undefined) return 'null'
  if (typeof tree !== 'object') return String(tree)
  if (isList(tree)) return `[${tree.map(jsonText).join(',')}]`
  const members = Object.entries(tree).filter(([, value]) => value !== undefined)
  return `{${members.map(([key, value]) => `${jsonText(key)}:${jsonText(value)}`).join(',')}}`
}

function isList(tree: JsonTree): tree is readonly JsonTree[] {
  return Array.isArray(tree)
}

/** An object from names and values that keeps every name, `__proto__` included; the last value of a name counts. */
export function ownObject<V>(entries: Iterable<readonly [string, V]>): {readonly [key: string]: V} {
  return Object.fromEntries(entries)
}
