import type {ByteString} from './bytes.ts'

/**
 * An integer of up to 64 bits. Canonical: a `number` when it is a safe integer, else a `bigint`, so that equal values
 * are always `===` and `<` works between the two forms.
 */
export type Int = number | bigint

/**
 * One value of a field.
 *
 * - integers, times, ports, flags: {@link Int}; doubles: `number`
 * - booleans: `boolean`
 * - text and bytes: {@link ByteString}
 * - addresses: a {@link ByteString} of 4 (IPv4) or 16 (IPv6) bytes in network order
 * - networks: address bytes followed by one byte with the prefix length
 */
export type Scalar = Int | boolean | ByteString

/** What a field yields: one value, the values of a list-valued field, or `undefined` when it is absent. */
export type FieldValue = Scalar | readonly Scalar[]

/** The canonical form of a 64-bit integer. */
export function canonicalInt(value: bigint): Int {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value
}

/** Types of event parameters and fields, in the wording of the event tables. */
export type ValueType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'flags8'
  | 'flags16'
  | 'flags32'
  | 'enumflags8'
  | 'enumflags16'
  | 'enumflags32'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'fd'
  | 'fd32'
  | 'pid'
  | 'pid32'
  | 'errno'
  | 'syscallid'
  | 'sigtype'
  | 'sigset'
  | 'l4proto'
  | 'sockfamily'
  | 'port'
  | 'bool'
  | 'double'
  | 'reltime'
  | 'abstime'
  | 'ipaddr'
  | 'ipv4addr'
  | 'ipv6addr'
  | 'ipnet'
  | 'ipv4net'
  | 'ipv6net'
  | 'string'
  | 'charbuf'
  | 'fspath'
  | 'fsrelpath'
  | 'bytebuf'
  | 'sockaddr'
  | 'socktuple'
  | 'fdlist'
  | 'dyn'
  | 'dynamic'
  | 'uidlist'
  | 'gidlist'
  | 'charbufarray'
  | 'charbuf_pair_array'
