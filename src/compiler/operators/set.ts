import type {Scalar} from '../../schema/value.ts'
import {inNet} from '../ip-text.ts'
import type {ValueClass} from '../value-class.ts'
import type {ListOperator, Predicate} from './operator.ts'

const CLASSES = ['int', 'double', 'bool', 'ip', 'net', 'text', 'bytes'] as const

function member(members: readonly Scalar[], valueClass: ValueClass): Predicate {
  if (valueClass === 'net')
    return value => members.some(net => inNet(value as string, net as string))
  const set = new Set(members)
  return value => set.has(value)
}

/** `in`: of a list-valued field every value must be a member. */
export const inList: ListOperator = {
  kind: 'list',
  name: 'in',
  classes: CLASSES,
  fieldRight: true,
  lists: true,
  everyValue: true,
  doc: 'The value (of a list: every value) is a member of the list.',
  bindAll: member,
}

/** `intersects`: of a list-valued field one member suffices. */
export const intersects: ListOperator = {
  kind: 'list',
  name: 'intersects',
  classes: CLASSES,
  fieldRight: true,
  lists: true,
  doc: 'The value (of a list: at least one value) is a member of the list.',
  bindAll: member,
}
