import {inNet} from '../ip-text.ts'
import type {ScalarOperator} from './operator.ts'

const CLASSES = ['int', 'double', 'bool', 'ip', 'net', 'text', 'bytes'] as const

/** `=` and `==`. Equal values are identical in their canonical form; a network equals every address inside. */
export const equal: ScalarOperator = {
  kind: 'scalar',
  name: '=',
  classes: CLASSES,
  fieldRight: true,
  doc: 'The value equals the right side; an address lies in the network.',
  bind: (constant, valueClass) =>
    valueClass === 'net'
      ? value => inNet(value as string, constant as string)
      : value => value === constant,
}

/** `!=`: the opposite of `=` for a value that is there. */
export const notEqual: ScalarOperator = {
  kind: 'scalar',
  name: '!=',
  classes: CLASSES,
  fieldRight: true,
  everyEnd: true,
  doc: 'The value is there and differs from the right side.',
  bind: (constant, valueClass) =>
    valueClass === 'net'
      ? value => !inNet(value as string, constant as string)
      : value => value !== constant,
}
