import type {RecordLayout} from '../../../schema/record-layout.ts'
import type {CheckedCondition, CheckedTest} from '../../checked.ts'
import {ALWAYS, type Bounds, NEVER, UNKNOWN} from '../bounds.ts'
import {deriveFilterBy} from '../derive-filter.ts'
import {type EventKind, eventDefsOf} from '../event-kind.ts'
import {allOf, anyOf, DROP, type KernelFilter, PASS} from '../kernel-filter.ts'
import {isAtLeast, isOneOf} from '../number-tests.ts'
import {constantTextTest} from '../text-tests.ts'
import {laterSocketFacts} from './socket-facts.ts'
import {isOfInternet, socketFieldTest} from './socket-tests.ts'

/** Kinds of record that tell which socket a later event on the descriptor is about, by the values that hold their results. */
const RESULTS: Readonly<Record<string, string>> = {connect: 'res', accept: 'fd', accept4: 'fd'}
/** EINPROGRESS: a connect that goes on. */
const IN_PROGRESS = -115n

/** An event of a rule that may be about a descriptor of before. */
export interface LaterEvent {
  readonly name: string
  readonly condition: CheckedCondition
  /** The tests of its condition that look at the descriptor; none when only its output does. */
  readonly tests: readonly CheckedTest[]
}

/** Whether the state needs only some of the records of such a kind: those that {@link laterSocketFilter} passes. */
export function tellsOfSocket(kind: string): boolean {
  return Object.hasOwn(RESULTS, kind)
}

/**
 * The records of a connect or accept that change what a rule may see later: calls that did not fail, on a socket that one of
 * these events may be about. Left out, any event may. What is only shown counts for sockets of the internet.
 */
export function laterSocketFilter(
  layout: RecordLayout,
  later: readonly LaterEvent[] | undefined,
): KernelFilter {
  const {kind} = layout.capture
  const result = layout.slots.find(({name}) => name === RESULTS[kind])
  if (result === undefined) return PASS
  const place = {offset: result.offset, width: 8} as const
  const goesOn = kind === 'connect' ? [isOneOf(place, [IN_PROGRESS])] : []
  const succeeded = anyOf([isAtLeast(place, 0n), ...goesOn])
  if (later === undefined) return succeeded
  const judges = new Map(later.map(({name}) => [name, laterSocketJudge(name)]))
  const deciding = later.filter(({tests}) => tests.length > 0)
  const seen = deriveFilterBy(layout, () =>
    deciding.map(({condition, name}) => ({condition, judge: judges.get(name)!})),
  )
  const [def] = eventDefsOf(layout)
  const facts = def === undefined ? undefined : laterSocketFacts({layout, def})
  if (facts === undefined) return succeeded
  const shown = deciding.length < later.length ? isOfInternet(facts) : DROP
  return allOf([succeeded, anyOf([seen, shown])])
}

/** Judges what a later event of this name can be: of its socket it goes by what stays the same all its life. */
function laterSocketJudge(laterName: string) {
  return (test: CheckedTest, kind: EventKind): Bounds => {
    const facts = laterSocketFacts(kind)
    if (facts === undefined || test.right !== undefined) return UNKNOWN
    if (test.left.kind !== 'field' || test.left.list) return UNKNOWN
    const {name} = test.left.field.def
    if (name === 'evt.type') return constantTextTest(test, laterName)
    if (laterName === 'connect' && /^evt\.(rawres|res|failed)$/.test(name))
      return failedConnectTest(test)
    return name.startsWith('fd.') ? socketFieldTest(test, name, facts) : UNKNOWN
  }
}

/** A connect that does not fail tells of its socket itself, so only the others show what was before. */
function failedConnectTest({op, constants, left, modifier}: CheckedTest): Bounds {
  const [value] = constants
  if (modifier !== undefined || value === undefined) return UNKNOWN
  if (left.type === 'bool') return op === '=' ? (value === true ? ALWAYS : NEVER) : UNKNOWN
  if (typeof value === 'string') {
    const others = constants.filter(name => name !== 'SUCCESS' && name !== 'EINPROGRESS')
    return (op === '=' || op === 'in') && others.length === 0 ? NEVER : UNKNOWN
  }
  if (typeof value === 'boolean') return UNKNOWN
  return (op === '=' || op === '>' || op === '>=') && value >= 0 ? NEVER : UNKNOWN
}
