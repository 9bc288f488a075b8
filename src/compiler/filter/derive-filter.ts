import type {RecordLayout} from '../../schema/record-layout.ts'
import {canMatchEvent} from '../bpf/event-match.ts'
import type {CheckedCondition, CheckedTest} from '../checked.ts'
import {type Bounds, exact, UNKNOWN} from './bounds.ts'
import type {DescriptorCollector} from './descriptor/descriptor-set.ts'
import {type EventKind, eventDefsOf} from './event-kind.ts'
import {fieldTest} from './field-tests.ts'
import {
  anyOfBounded,
  createFilterSizes,
  FILTER_MAX,
  type FilterSizes,
  joinFilters,
} from './join-filters.ts'
import {allOf, anyOf, type KernelFilter, opposite, PASS} from './kernel-filter.ts'
import type {PredicateCollector} from './process/predicate-set.ts'

/**
 * The filter of a kind of record for the conditions of all rules that may be asked about its event: it passes every record
 * whose event one of them accepts. Where they are too many to be told apart it passes more, see `anyOfBounded`.
 */
export function deriveFilter(
  layout: RecordLayout,
  conditions: readonly CheckedCondition[],
  predicates?: PredicateCollector,
  descriptors?: DescriptorCollector,
): KernelFilter {
  const judge = descriptors === undefined ? testBounds : judgeWith(descriptors)
  return deriveFilterBy(layout, ({name}) =>
    conditions
      .filter(condition => canMatchEvent(condition, name))
      .map(condition => ({condition, judge, predicates})),
  )
}

/** What the record does not tell of a test, user space may have told of its descriptor. */
function judgeWith(descriptors: DescriptorCollector): Judge {
  return (test, kind) => {
    const bounds = testBounds(test, kind)
    if (bounds.may.kind !== 'pass' || bounds.must.kind !== 'drop') return bounds
    const atom = descriptors.atomOf(test, kind)
    return atom === undefined ? bounds : exact({kind: 'literal', atom, want: true})
  }
}

/** What a record tells of one test. */
export type Judge = (test: CheckedTest, kind: EventKind) => Bounds

/** A condition with who says what a record tells of it. */
export interface JudgedCondition {
  readonly condition: CheckedCondition
  readonly judge: Judge
  /** Takes what depends on the record's process alone; left out where the condition is not about that process as it is then. */
  readonly predicates?: PredicateCollector | undefined
}

/** The filter of a kind of record that passes what one of the conditions accepts, going by what its judge says of tests. */
export function deriveFilterBy(
  layout: RecordLayout,
  judged: (def: EventKind['def']) => readonly JudgedCondition[],
): KernelFilter {
  const [def, ...others] = eventDefsOf(layout)
  if (def === undefined || others.length > 0) return PASS
  const kind: EventKind = {layout, def}
  const sizeOf = createFilterSizes()
  // Rules share macros: what one of them says of a macro holds for the next one by the same judge.
  const makers = memoized((predicates: PredicateCollector | undefined) =>
    memoized((judge: Judge) => filterMaker(kind, sizeOf, judge, predicates)),
  )
  return joinFilters(
    judged(def).map(({condition, judge, predicates}) => makers(predicates)(judge)(condition)),
  )
}

function memoized<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>()
  return key => {
    const known = made.get(key) ?? make(key)
    made.set(key, known)
    return known
  }
}

/** Makes the filters of conditions that go by the same. */
function filterMaker(
  kind: EventKind,
  sizeOf: FilterSizes,
  judge: Judge,
  predicates: PredicateCollector | undefined,
): (condition: CheckedCondition) => KernelFilter {
  // Macros are objects that rules share: each is looked at once under an even and once under an odd number of `not`.
  const wanted = memoized((node: CheckedCondition) => visitNode(node, true))
  const unwanted = memoized((node: CheckedCondition) => visitNode(node, false))
  const visitNode = (node: CheckedCondition, want: boolean): KernelFilter => {
    const atom = predicates?.atomOf(node)
    if (atom !== undefined) return {kind: 'literal', atom, want}
    if (node.kind === 'not') return want ? unwanted(node.child) : wanted(node.child)
    if (node.kind === 'test') {
      const {may, must} = judge(node, kind)
      return want ? may : opposite(must)
    }
    const parts = predicates?.partsOf(node) ?? node.children
    const children = parts.map(want ? wanted : unwanted)
    // The tree of a condition is in truth a graph: written out it could grow without bound.
    const size = children.reduce((sum, child) => sum + sizeOf(child), 0)
    if (size > FILTER_MAX) {
      const isJoined = (node.kind === 'and') === want
      return isJoined ? smallest(children, sizeOf) : anyOfBounded(children)
    }
    return (node.kind === 'and') === want ? allOf(children) : anyOf(children)
  }
  return wanted
}

/** Of filters that must all pass, as many of the smallest ones as there is room for. */
function smallest(children: readonly KernelFilter[], sizeOf: FilterSizes): KernelFilter {
  const kept: KernelFilter[] = []
  let size = 0
  const ordered = [...children].sort((a, b) => sizeOf(a) - sizeOf(b))
  for (const child of ordered) {
    size += sizeOf(child)
    if (size > FILTER_MAX) break
    kept.push(child)
  }
  return allOf(kept)
}

/** What the record of a kind tells of a test. */
export function testBounds(test: CheckedTest, kind: EventKind): Bounds {
  if (test.right !== undefined || test.left.kind !== 'field' || test.left.list) return UNKNOWN
  return fieldTest(test, test.left.field, kind)
}
