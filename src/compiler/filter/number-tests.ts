import {HEADER, type Slot} from '../../schema/record-layout.ts'
import type {Int} from '../../schema/value.ts'
import type {CheckedTest} from '../checked.ts'
import {type Bounds, exact, NEVER, UNKNOWN} from './bounds.ts'
import {DROP, type KernelFilter, PASS} from './kernel-filter.ts'

/** Where a number stands in a record. */
export interface NumberPlace {
  readonly offset: number
  readonly width: 4 | 8
}

/** The effective ids of the thread. */
export const HEADER_NUMBER = {
  uid: {offset: HEADER.uid, width: 4},
  gid: {offset: HEADER.gid, width: 4},
} as const satisfies Record<string, NumberPlace>

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n

/** The place of a number slot whose 64 bits are the value of the event; undefined for others. */
export function numberPlace({source, offset}: Slot): NumberPlace | undefined {
  const isPlain = source.from === 'ret' || (source.from === 'arg' && source.as !== 'u64')
  return isPlain ? {offset, width: 8} : undefined
}

/** The number is one of these. */
export function isOneOf({offset, width}: NumberPlace, values: readonly bigint[]): KernelFilter {
  const known = [...new Set(values)].filter(value => value >= MIN && value <= MAX)
  if (known.length === 0) return DROP
  return {
    kind: 'literal',
    atom: {kind: 'number', offset, width, op: 'in', values: known},
    want: true,
  }
}

/** The number is smaller. */
export function isBelow({offset, width}: NumberPlace, value: bigint): KernelFilter {
  if (value > MAX) return PASS
  if (value <= MIN) return DROP
  const atom = {kind: 'number', offset, width, op: 'below', values: [value]} as const
  return {kind: 'literal', atom, want: true}
}

/** The number is at least this. */
export function isAtLeast(place: NumberPlace, value: bigint): KernelFilter {
  const below = isBelow(place, value)
  if (below.kind === 'pass') return DROP
  return below.kind === 'literal' ? {...below, want: false} : PASS
}

/** A comparison of the number that stands at this place in every record of the kind. */
export function numberTest(test: CheckedTest, place: NumberPlace): Bounds {
  if (test.op === 'exists') return UNKNOWN
  const values = test.constants.map(value => BigInt(value as Int))
  const [value] = values
  const isList = test.op === 'in' || test.op === 'intersects'
  if (isList) return exact(isOneOf(place, values))
  if (value === undefined || test.modifier !== undefined) return UNKNOWN
  switch (test.op) {
    case '=':
      return exact(isOneOf(place, [value]))
    case '!=': {
      const equal = isOneOf(place, [value])
      return exact(equal.kind === 'literal' ? {...equal, want: false} : PASS)
    }
    case '<':
      return exact(isBelow(place, value))
    case '<=':
      return exact(isBelow(place, value + 1n))
    case '>':
      return exact(isAtLeast(place, value + 1n))
    case '>=':
      return exact(isAtLeast(place, value))
    default:
      return UNKNOWN
  }
}

/** A comparison of a number that is always the same. */
export function constantNumberTest(test: CheckedTest, number: bigint): Bounds {
  const compared = numberTest(test, {offset: 0, width: 8}).may
  if (compared.kind !== 'literal') return compared.kind === 'drop' ? NEVER : UNKNOWN
  const {atom, want} = compared
  if (atom.kind !== 'number') return UNKNOWN
  const holds = atom.op === 'in' ? atom.values.includes(number) : number < atom.values[0]!
  return exact(holds === want ? PASS : DROP)
}
