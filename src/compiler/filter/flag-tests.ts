import {type FlagTable, flagNames} from '../../schema/flag-table.ts'
import type {Slot} from '../../schema/record-layout.ts'
import {FLAG_TABLES} from '../../schema/tables/flags.ts'
import type {CheckedTest} from '../checked.ts'
import {prepareTest} from '../js/constant-test.ts'
import {type Bounds, exact, UNKNOWN} from './bounds.ts'
import {type EventKind, paramOf} from './event-kind.ts'
import {anyOf, type BitsAtom, DROP, type KernelFilter, opposite} from './kernel-filter.ts'

/** Bits that one question to a set of flags may hang on: every combination of them is tried out. */
const MOST_BITS = 6
/** Operators of texts whose answer for a flag that is only a number is plain to see. */
const TEXT_OPERATORS: ReadonlySet<string> = new Set([
  '=',
  '!=',
  'in',
  'startswith',
  'endswith',
  'contains',
])
const WHOLE = 0xffff_ffff

/** Where flags stand in a record, and how they become those of the event. */
export interface FlagPlace extends Pick<BitsAtom, 'offset' | 'table' | 'opens'> {
  /** Bits of the event that stand in the upper half of the slot, in the event's form. */
  readonly bitsAbove: number
}

/** The place of a slot of flags. */
export function flagPlace({def}: EventKind, slot: Slot, table: FlagTable | undefined): FlagPlace {
  return {
    offset: slot.offset,
    ...(table !== undefined && {table}),
    opens: def.params.some(({type}) => type === 'fspath' || type === 'fsrelpath'),
    bitsAbove: bitsAbove(slot),
  }
}

function bitsAbove({source}: Slot): number {
  if (source.from === 'cloneFlags') return WHOLE
  if (source.from !== 'fileState') return 0
  const {created = 0, upper, lower} = source.bits
  return created | upper | lower
}

/** The table of the names of a parameter's values. */
export function tableOf(kind: EventKind, param: string): FlagTable | undefined {
  const name = paramOf(kind, param)?.table
  return name === undefined ? undefined : (FLAG_TABLES as Readonly<Record<string, FlagTable>>)[name]
}

/** At least one of these bits is set. */
export function hasAnyBit(place: FlagPlace, mask: number): KernelFilter {
  return {kind: 'literal', atom: bitsAtom(place, mask, [0]), want: false}
}

/** The bits under the mask are one of the values. */
function bitsAre(place: FlagPlace, mask: number, values: readonly number[]): KernelFilter {
  if (values.length === 0) return DROP
  return {kind: 'literal', atom: bitsAtom(place, mask, values), want: true}
}

function bitsAtom(
  {bitsAbove, ...place}: FlagPlace,
  mask: number,
  values: readonly number[],
): BitsAtom {
  return {kind: 'bits', ...place, hasBitsAbove: (bitsAbove & mask) !== 0, mask, values}
}

/** A test of `evt.arg` for a parameter whose values have names: it compares the names joined with a bar. */
export function flagTextTest(test: CheckedTest, place: FlagPlace, table: FlagTable): Bounds {
  if (test.modifier !== undefined || test.right !== undefined) return UNKNOWN
  // A number without names is printed in digits: these constants are none of it.
  const isNamed = test.constants.every(
    constant => typeof constant === 'string' && /[^0-9]/.test(constant),
  )
  if (!isNamed || !TEXT_OPERATORS.has(test.op)) return UNKNOWN
  if (table.kind === 'enum') return enumTest(test, place, table)
  if (test.op !== 'contains' || table.kind !== 'bits') return UNKNOWN
  if (table.native?.kind === 'enum') return UNKNOWN
  return containsTest(String(test.constants[0]), place, table)
}

function enumTest(test: CheckedTest, place: FlagPlace, table: FlagTable): Bounds {
  const {native} = table
  if (native !== undefined && native.kind !== 'enum') return UNKNOWN
  const holds = prepareTest(test)
  const truth = (carried: number): boolean => holds(flagNames(table, carried) || String(carried))
  const others = native === undefined ? test.op === '!=' : truth(native.otherwise)
  const known: readonly (readonly [number, number])[] =
    native?.map ?? table.values.map(([, value]) => [value, value] as const)
  const seen = new Map<number, boolean>()
  for (const [from, to] of known) {
    const low = from >>> 0
    if (!seen.has(low)) seen.set(low, truth(to))
  }
  const different = [...seen].filter(([, answer]) => answer !== others).map(([value]) => value)
  const plain: FlagPlace = {offset: place.offset, opens: false, bitsAbove: 0}
  const filter = bitsAre(plain, WHOLE, different)
  return exact(others ? opposite(filter) : filter)
}

/** Names are joined with bars, so a text without one is found in one of the names. */
function containsTest(text: string, place: FlagPlace, table: FlagTable): Bounds {
  if (text.includes('|')) return UNKNOWN
  const filters: KernelFilter[] = []
  for (const [name, value] of table.values) {
    if (!name.includes(text)) continue
    const filter = nameFilter(name, value >>> 0, place, table)
    if (filter === undefined) return UNKNOWN
    filters.push(filter)
  }
  return exact(anyOf(filters))
}

/** The name is among those of the flags; undefined when too many bits decide. */
function nameFilter(
  name: string,
  bits: number,
  place: FlagPlace,
  table: FlagTable,
): KernelFilter | undefined {
  if (bits === 0) return undefined
  // Names that share bits take them from one another, in the order of the table.
  let mask = bits
  for (let before = 0; before !== mask; ) {
    before = mask
    for (const [, other] of table.values) if ((other & mask) !== 0) mask = (mask | other) >>> 0
  }
  const single: number[] = []
  for (let bit = 0; bit < 32; bit++) if (((mask >>> bit) & 1) === 1) single.push((1 << bit) >>> 0)
  if (single.length > MOST_BITS) return undefined
  const values: number[] = []
  for (let choice = 0; choice < 1 << single.length; choice++) {
    const value = single.reduce(
      (sum, bit, at) => (((choice >>> at) & 1) === 1 ? sum + bit : sum),
      0,
    )
    if (flagNames(table, value).split('|').includes(name)) values.push(value)
  }
  return bitsAre(place, mask, values)
}
