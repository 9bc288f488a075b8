import {eventsOf} from '../../../schema/capture-table.ts'
import {RECORD_LAYOUTS} from '../../../schema/record-layout.ts'
import {type KernelFilter, PASS} from '../../filter/kernel-filter.ts'
import {plannedFilter} from './planned-filter.ts'

/** Says the filter of a kind of record: as {@link plannedFilter} does, or faster. */
export type FilterMaker = typeof plannedFilter

/** Filters by kind of record, with all that they were derived from. */
export type KnownFilters = ReadonlyMap<number, KnownFilter>

interface KnownFilter {
  /** Compared one by one: what did not change is the same object. */
  readonly inputs: readonly unknown[]
  readonly filter: KernelFilter | undefined
}

/** Derives filters, and keeps them for later. */
export function rememberingFilters(into: Map<number, KnownFilter>): FilterMaker {
  return (...args) => {
    const filter = plannedFilter(...args)
    into.set(args[0], {inputs: inputsOf(...args), filter})
    return filter
  }
}

/**
 * Derives nothing: a kind whose filter is derived from what it was derived from before has that filter, and is put into `same`; all
 * others have none.
 */
export function hastyFilters(known: KnownFilters, same: Set<number>): FilterMaker {
  return (...args) => {
    const [index] = args
    const before = known.get(index)
    if (before === undefined || !isSame(before.inputs, inputsOf(...args))) return PASS
    same.add(index)
    return before.filter
  }
}

function inputsOf(...[index, rules, {forState, looks}]: Parameters<FilterMaker>): unknown[] {
  const events = new Set(eventsOf(RECORD_LAYOUTS[index]!.capture))
  const asking = rules.filter(({names}) => names.some(name => events.has(name)))
  return [
    forState,
    looks === undefined,
    ...asking.map(({condition}) => condition),
    // Any of them may count for any kind.
    ...(looks ?? []).flatMap(({condition, name}) => [condition, name]),
  ]
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at])
}
