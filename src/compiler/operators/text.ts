import {asciiLower} from '../ascii-case.ts'
import {parseHexBytes} from '../check/literals.ts'
import type {ScalarOperator} from './operator.ts'

/** `contains`: bytewise; the empty text is in everything. */
export const contains: ScalarOperator = {
  kind: 'scalar',
  name: 'contains',
  classes: ['text', 'bytes'],
  fieldRight: true,
  doc: 'The right side occurs in the value.',
  bind: constant => value => (value as string).includes(constant as string),
}

/** `icontains`: like `contains` without regard to ASCII case. */
export const icontains: ScalarOperator = {
  kind: 'scalar',
  name: 'icontains',
  classes: ['text'],
  fieldRight: true,
  doc: 'The right side occurs in the value, whatever the ASCII case.',
  bind: constant => {
    const lower = asciiLower(constant as string)
    return value => asciiLower(value as string).includes(lower)
  },
}

/** `startswith`. */
export const startswith: ScalarOperator = {
  kind: 'scalar',
  name: 'startswith',
  classes: ['text', 'bytes'],
  fieldRight: true,
  doc: 'The value begins with the right side.',
  bind: constant => value => (value as string).startsWith(constant as string),
}

/** `endswith`. */
export const endswith: ScalarOperator = {
  kind: 'scalar',
  name: 'endswith',
  classes: ['text', 'bytes'],
  fieldRight: true,
  doc: 'The value ends with the right side.',
  bind: constant => value => (value as string).endsWith(constant as string),
}

/** `bcontains`: `contains` with the bytes written in hexadecimal. */
export const bcontains: ScalarOperator = {
  kind: 'scalar',
  name: 'bcontains',
  classes: ['bytes'],
  fieldRight: true,
  doc: 'The bytes, written in hexadecimal, occur in the value.',
  parse: (_type, literal) => parseHexBytes(literal),
  bind: contains.bind,
}

/** `bstartswith`: `startswith` with the bytes written in hexadecimal. */
export const bstartswith: ScalarOperator = {
  kind: 'scalar',
  name: 'bstartswith',
  classes: ['bytes'],
  fieldRight: true,
  doc: 'The value begins with the bytes, written in hexadecimal.',
  parse: (_type, literal) => parseHexBytes(literal),
  bind: startswith.bind,
}
