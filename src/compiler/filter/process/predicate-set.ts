import {createHash} from 'node:crypto'
import type {CheckedCondition} from '../../checked.ts'
import type {ProcessAtom} from '../kernel-filter.ts'
import {type ProcessUse, processUses} from './process-fields.ts'

/** Most conditions on the process of one rule set; those beyond are unknown to the kernel. A multiple of 64. */
export const PREDICATES_MAX = 256

/** A condition that depends on the process alone, with its bit. */
export interface ProcessPredicate extends ProcessUse {
  readonly bit: number
  readonly condition: CheckedCondition
}

/** The conditions on the process that the filters of a rule set ask for. */
export interface PredicateSet {
  readonly predicates: readonly ProcessPredicate[]
  /** The same for sets that give every bit the same meaning; never 0. */
  readonly id: bigint
  /** The bits by the meaning of their conditions, for the set that comes after. */
  readonly bits: ReadonlyMap<string, number>
}

const ALL_BITS: readonly number[] = Array.from({length: PREDICATES_MAX}, (_, bit) => bit)

/** The set of a rule set whose filters ask nothing of processes. */
export const NO_PREDICATES: PredicateSet = {predicates: [], id: 1n, bits: new Map()}

/** Hands out the bits. */
export interface PredicateCollector {
  /** What of a condition is known by the process alone: the whole of it; undefined when it is not, or no bit is left. */
  atomOf(condition: CheckedCondition): ProcessAtom | undefined
  /** The children of a condition with those that depend on the process alone made one. */
  partsOf(condition: Joined): readonly CheckedCondition[]
  finish(): PredicateSet
}

type Joined = Extract<CheckedCondition, {kind: 'and' | 'or'}>

/**
 * Starts collecting. Conditions of the set before keep their bits, so that programs which ask for nothing new stay the same.
 * Equal conditions have one bit.
 */
export function collectPredicates(before: PredicateSet = NO_PREDICATES): PredicateCollector {
  const useOf = processUses()
  const meaningOf = createMeanings()
  const numberOf = createNumbers()
  const found = new Map<number, ProcessPredicate & {readonly meaning: string}>()
  const kept = new Set(before.bits.values())
  const taken = new Set<number>()
  const parts = new Map<Joined, readonly CheckedCondition[]>()
  const bitFor = (meaning: string): number => {
    const old = before.bits.get(meaning)
    if (old !== undefined && !taken.has(old)) return old
    const free = ALL_BITS.filter(bit => !taken.has(bit))
    // Bits of before that nobody asked for yet come last: somebody may.
    return free.find(bit => !kept.has(bit)) ?? free[0]!
  }
  const split = (condition: Joined): readonly CheckedCondition[] => {
    const {kind, children} = condition
    const among = (cgroup: boolean) => children.filter(child => useOf(child)?.cgroup === cgroup)
    const others = children.filter(child => useOf(child) === undefined)
    const groups = [among(true), among(false)].filter(group => group.length > 0)
    // Where no bit is left for all of them together, there may be one for each.
    const isOne = groups.length === 1 && others.length === 0
    if (isOne || groups.length + others.length === children.length) return children
    return [...groups.map(group => joined(kind, group)), ...others]
  }
  // What hangs on the control groups alone is known of a process before anything else is.
  const isMixed = (condition: CheckedCondition): boolean => {
    if (condition.kind === 'test' || condition.kind === 'not') return false
    const inGroups = condition.children.filter(child => useOf(child)?.cgroup === true).length
    return inGroups > 0 && inGroups < condition.children.length
  }
  return {
    atomOf(condition) {
      const use = useOf(condition)
      if (use === undefined || isMixed(condition)) return undefined
      const number = numberOf(condition)
      let predicate = found.get(number)
      if (predicate === undefined) {
        if (taken.size === PREDICATES_MAX) return undefined
        const meaning = meaningOf(condition)
        const bit = bitFor(meaning)
        taken.add(bit)
        predicate = {...use, bit, condition, meaning}
        found.set(number, predicate)
      }
      return {kind: 'process', bit: predicate.bit, kin: use.kin, ...(use.cgroup && {cgroup: true})}
    },
    partsOf(condition) {
      let known = parts.get(condition)
      if (known === undefined) {
        known = split(condition)
        parts.set(condition, known)
      }
      return known
    },
    finish() {
      const predicates = [...found.values()]
      const bits = new Map(predicates.map(({meaning, bit}) => [meaning, bit]))
      return {
        predicates: predicates.map(({meaning: _, ...predicate}) => predicate),
        id: idOf(bits),
        bits,
      }
    },
  }
}

function joined(kind: Joined['kind'], children: readonly CheckedCondition[]): CheckedCondition {
  return children.length === 1 ? children[0]! : {kind, children}
}

/** Numbers conditions: those that are made alike have the same number. */
function createNumbers(): (condition: CheckedCondition) => number {
  const known = new Map<CheckedCondition, number>()
  const numbers = new Map<string, number>()
  const keyOf = (condition: CheckedCondition): string => {
    if (condition.kind === 'test') return `= ${condition.text}`
    if (condition.kind === 'not') return `! ${numberOf(condition.child)}`
    const children = new Set(condition.children.map(numberOf))
    return `${condition.kind} ${[...children].sort((a, b) => a - b).join(' ')}`
  }
  const numberOf = (condition: CheckedCondition): number => {
    let number = known.get(condition)
    if (number !== undefined) return number
    const key = keyOf(condition)
    number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    known.set(condition, number)
    return number
  }
  return numberOf
}

/** Says of conditions what they mean, whatever else there is: equal texts for conditions that are made alike. */
function createMeanings(): (condition: CheckedCondition) => string {
  const known = new Map<CheckedCondition, string>()
  const meaningOf = (condition: CheckedCondition): string => {
    let meaning = known.get(condition)
    if (meaning !== undefined) return meaning
    if (condition.kind === 'test') meaning = digest(`= ${condition.text}`)
    else if (condition.kind === 'not') meaning = digest(`! ${meaningOf(condition.child)}`)
    else {
      const children = new Set(condition.children.map(meaningOf))
      meaning = digest(`${condition.kind} ${[...children].sort().join(' ')}`)
    }
    known.set(condition, meaning)
    return meaning
  }
  return meaningOf
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}

function idOf(bits: ReadonlyMap<string, number>): bigint {
  const entries = [...bits].map(([meaning, bit]) => `${bit} ${meaning}`).sort()
  const hash = createHash('sha256').update(entries.join('\n')).digest()
  return hash.readBigUInt64LE(0) | 1n
}
