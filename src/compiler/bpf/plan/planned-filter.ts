import {eventsOf} from '../../../schema/capture-table.ts'
import {RECORD_LAYOUTS} from '../../../schema/record-layout.ts'
import type {CheckedCondition} from '../../checked.ts'
import {deriveFilter} from '../../filter/derive-filter.ts'
import type {DescriptorCollector} from '../../filter/descriptor/descriptor-set.ts'
import {madeSocketFilter} from '../../filter/descriptor/made-sockets.ts'
import {isMadeNeeded, makesNameless, openedForTest} from '../../filter/descriptor/opened-before.ts'
import {eventDefsOf} from '../../filter/event-kind.ts'
import {joinFilters} from '../../filter/join-filters.ts'
import {allOf, type KernelFilter, PASS} from '../../filter/kernel-filter.ts'
import {isAtLeast} from '../../filter/number-tests.ts'
import type {PredicateCollector} from '../../filter/process/predicate-set.ts'
import {laterSocketFilter, tellsOfSocket} from '../../filter/socket/later-socket.ts'
import type {DescriptorLook} from './descriptor-looks.ts'

/** Kinds that change the state only by what they opened: calls that failed are free to be filtered. */
const OPENING_KINDS: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'creat'])
/** These and others that open files without a name in the record. */
const FILE_MAKING_KINDS: ReadonlySet<string> = new Set([
  ...OPENING_KINDS,
  'open_by_handle_at',
  'ring_openat',
])

/** Calls that make sockets. */
const MADE_SOCKETS: ReadonlySet<string> = new Set(['socket', 'socketpair'])

/** What a filter is planned by. */
export interface FilterOptions {
  /** The state needs the kind. */
  readonly forState: boolean
  /** Looks at descriptors of before, where these are told by the identity of their files. */
  readonly looks: readonly DescriptorLook[] | undefined
  /** Takes the conditions on processes that the filter asks for. */
  readonly predicates: PredicateCollector
  /** Takes the tests of descriptors that the filter asks for; left out where these are not told by identity. */
  readonly descriptors: DescriptorCollector | undefined
}

/**
 * The filter of a kind under a plan. Kinds that the state needs have none, except those that open files: where descriptors are
 * told by identity, these are for the rules that can match them, and for tests of later events on the file that may hold; else
 * only calls that failed are filtered. Those that connect sockets are likewise filtered by what later events may show. All other kinds have the filter of the rules that can match their events.
 */
export function plannedFilter(
  index: number,
  rules: readonly {readonly condition: CheckedCondition; readonly names: readonly string[]}[],
  {forState, looks, predicates, descriptors}: FilterOptions,
): KernelFilter | undefined {
  const layout = RECORD_LAYOUTS[index]!
  const {capture} = layout
  const opens = OPENING_KINDS.has(capture.kind)
  // What only outputs show of a descriptor is asked of the kernel at that event.
  const tests = looks?.filter(({directory}) => !directory).flatMap(look => look.tests)
  const isNeeded =
    tests !== undefined && makesNameless(capture.kind)
      ? tests.some(test => isMadeNeeded(capture.kind, test))
      : forState
  const isOnlyFile = tests !== undefined && FILE_MAKING_KINDS.has(capture.kind)
  const isSocket = tellsOfSocket(capture.kind)
  const isMadeSocket = looks !== undefined && MADE_SOCKETS.has(capture.kind)
  if (isNeeded && !opens && !isOnlyFile && !isSocket && !isMadeSocket) return undefined
  const events = new Set(eventsOf(capture))
  const asking = rules.filter(({names}) => names.some(name => events.has(name)))
  const filter = deriveFilter(
    layout,
    asking.map(({condition}) => condition),
    predicates,
    descriptors,
  )
  if (!isNeeded) return filter
  if (isSocket) {
    const later = looks?.filter(({directory, name}) => !directory || name === 'connect')
    return joinFilters([filter, laterSocketFilter(layout, later)])
  }
  if (isMadeSocket) return joinFilters([filter, madeSocketFilter(layout, tests ?? [])])
  const result = layout.slots.find(({name}) => name === 'fd')!
  const succeeded = isAtLeast({offset: result.offset, width: 8}, 0n)
  if (tests === undefined) return joinFilters([succeeded, filter])
  const [def] = eventDefsOf(layout)
  const named = tests.map(test => (def === undefined ? PASS : openedForTest({layout, def}, test)))
  return joinFilters([filter, allOf([succeeded, joinFilters(named)])])
}
