import type {RecordLayout} from '../../../schema/record-layout.ts'
import type {CheckedTest} from '../../checked.ts'
import {allOf, type KernelFilter, opposite, PASS} from '../kernel-filter.ts'
import {isAtLeast, isOneOf} from '../number-tests.ts'
import {mayHold} from './opened-before.ts'

/** Families of which fields show hardly more than that they are no sockets of the internet: AF_UNIX, AF_NETLINK. */
const FAMILIES = [
  {domain: 1n, type: 'unix'},
  {domain: 16n, type: 'netlink'},
] as const

/**
 * The sockets whose making the state must see for these tests of later events: those that succeeded, of families for which one of
 * the tests may hold.
 */
export function madeSocketFilter(
  layout: RecordLayout,
  tests: readonly CheckedTest[],
): KernelFilter {
  const at = (name: string) => layout.slots.find(slot => slot.name === name)
  const [result, domain] = [at('fd') ?? at('res'), at('domain')]
  if (result === undefined || domain === undefined) return PASS
  const needless = FAMILIES.filter(({type}) => !tests.some(test => mayHold(test, type)))
  const ofThese = isOneOf(
    {offset: domain.offset, width: 8},
    needless.map(one => one.domain),
  )
  return allOf([isAtLeast({offset: result.offset, width: 8}, 0n), opposite(ofThese)])
}
