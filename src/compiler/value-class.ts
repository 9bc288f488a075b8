import type {ValueType} from '../schema/value.ts'

/**
 * How values of a type compare. `opaque` values can only be asked whether they exist. The classes name the rows of the
 * operator table: `int` integers of all kinds, `double`, `bool`, `ip` addresses, `net` networks, `text` (paths too), `bytes`.
 */
export type ValueClass = 'int' | 'double' | 'bool' | 'ip' | 'net' | 'text' | 'bytes' | 'opaque'

/** Width and signedness of an integer type. */
export interface IntShape {
  readonly bits: 8 | 16 | 32 | 64
  readonly signed: boolean
}

const INT_SHAPES: ReadonlyMap<ValueType, IntShape> = new Map<ValueType, IntShape>([
  ['int8', {bits: 8, signed: true}],
  ['int16', {bits: 16, signed: true}],
  ['int32', {bits: 32, signed: true}],
  ['int64', {bits: 64, signed: true}],
  ['fd', {bits: 64, signed: true}],
  ['pid', {bits: 64, signed: true}],
  ['errno', {bits: 64, signed: true}],
  ['fd32', {bits: 32, signed: true}],
  ['pid32', {bits: 32, signed: true}],
  ['uint8', {bits: 8, signed: false}],
  ['flags8', {bits: 8, signed: false}],
  ['enumflags8', {bits: 8, signed: false}],
  ['sigtype', {bits: 8, signed: false}],
  ['uint16', {bits: 16, signed: false}],
  ['flags16', {bits: 16, signed: false}],
  ['enumflags16', {bits: 16, signed: false}],
  ['syscallid', {bits: 16, signed: false}],
  ['port', {bits: 16, signed: false}],
  ['uint32', {bits: 32, signed: false}],
  ['flags32', {bits: 32, signed: false}],
  ['enumflags32', {bits: 32, signed: false}],
  ['mode', {bits: 32, signed: false}],
  ['uint64', {bits: 64, signed: false}],
  ['reltime', {bits: 64, signed: false}],
  ['abstime', {bits: 64, signed: false}],
])

const OTHER_CLASSES: ReadonlyMap<ValueType, ValueClass> = new Map<ValueType, ValueClass>([
  ['double', 'double'],
  ['bool', 'bool'],
  ['ipaddr', 'ip'],
  ['ipv4addr', 'ip'],
  ['ipv6addr', 'ip'],
  ['ipnet', 'net'],
  ['ipv4net', 'net'],
  ['ipv6net', 'net'],
  ['string', 'text'],
  ['charbuf', 'text'],
  ['fspath', 'text'],
  ['fsrelpath', 'text'],
  ['bytebuf', 'bytes'],
])

/** The shape of an integer type; undefined for the others. */
export function intShape(type: ValueType): IntShape | undefined {
  return INT_SHAPES.get(type)
}

/** The class of a type. */
export function valueClass(type: ValueType): ValueClass {
  return INT_SHAPES.has(type) ? 'int' : (OTHER_CLASSES.get(type) ?? 'opaque')
}
