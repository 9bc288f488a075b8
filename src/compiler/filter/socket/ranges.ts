import type {ByteString} from '../../../schema/bytes.ts'
import type {Int} from '../../../schema/value.ts'
import type {CheckedTest} from '../../checked.ts'
import type {Range} from './socket-atom.ts'

/** Sets of ports and addresses that tests accept, as sorted ranges. */

/** Addresses by their families. */
export interface AddressRanges {
  readonly ipv4: readonly Range[]
  readonly ipv6: readonly Range[]
}

const PORT_BITS = 16
const [IPV4_BITS, IPV6_BITS] = [32, 128]

/** The ports that a comparison accepts; undefined when they cannot be told. */
export function acceptedPorts({op, constants, modifier}: CheckedTest): Range[] | undefined {
  if (modifier !== undefined) return undefined
  const values = constants.map(value => BigInt(value as Int))
  const [value] = values
  if (op === 'in' || op === 'intersects')
    return joinedRanges(
      values.map(one => [one, one]),
      PORT_BITS,
    )
  if (value === undefined) return undefined
  const last = lastOf(PORT_BITS)
  switch (op) {
    case '=':
      return joinedRanges([[value, value]], PORT_BITS)
    case '!=':
      return without(joinedRanges([[value, value]], PORT_BITS), PORT_BITS)
    case '<':
      return joinedRanges([[0n, value - 1n]], PORT_BITS)
    case '<=':
      return joinedRanges([[0n, value]], PORT_BITS)
    case '>':
      return joinedRanges([[value + 1n, last]], PORT_BITS)
    case '>=':
      return joinedRanges([[value, last]], PORT_BITS)
    default:
      return undefined
  }
}

/** The addresses that a comparison with addresses or networks accepts; undefined when they cannot be told. */
export function acceptedAddresses(
  {op, constants, modifier}: CheckedTest,
  form: 'address' | 'network',
): AddressRanges | undefined {
  const isKnown = op === '=' || op === '!=' || op === 'in' || op === 'intersects'
  if (modifier !== undefined || !isKnown) return undefined
  const texts = constants as readonly ByteString[]
  const of = (size: number): Range[] => {
    const bits = 8 * size
    const ranges = texts.flatMap(text => {
      if (form === 'address') return text.length === size ? [single(text)] : []
      return text.length === size + 1 ? [networkRange(text, size)] : []
    })
    const named = joinedRanges(ranges, bits)
    return op === '!=' ? without(named, bits) : named
  }
  return {ipv4: of(IPV4_BITS / 8), ipv6: of(IPV6_BITS / 8)}
}

/** The number that bytes in network order are. */
export function numberOf(bytes: ByteString): bigint {
  let value = 0n
  for (let i = 0; i < bytes.length; i++) value = (value << 8n) | BigInt(bytes.charCodeAt(i))
  return value
}

/** Whether the ranges hold all ports. */
export function isEveryPort(ranges: readonly Range[]): boolean {
  return without(ranges, PORT_BITS).length === 0
}

/** Whether the ranges hold all addresses. */
export function isEveryAddress({ipv4, ipv6}: AddressRanges): boolean {
  return without(ipv4, IPV4_BITS).length === 0 && without(ipv6, IPV6_BITS).length === 0
}

/** Whether a number lies in one of the ranges. */
export function isInRanges(ranges: readonly Range[], value: bigint): boolean {
  return ranges.some(([first, last]) => value >= first && value <= last)
}

function lastOf(bits: number): bigint {
  return (1n << BigInt(bits)) - 1n
}

function single(address: ByteString): Range {
  const value = numberOf(address)
  return [value, value]
}

/** The addresses of a network: the bytes of one of them, and how many bits they share. */
function networkRange(network: ByteString, size: number): Range {
  const free = BigInt(8 * size - network.charCodeAt(size))
  const first = (numberOf(network.slice(0, size)) >> free) << free
  return [first, first + (1n << free) - 1n]
}

/** The same numbers in sorted ranges that do not touch; numbers of more bits are left out. */
export function joinedRanges(ranges: readonly Range[], bits: number): Range[] {
  const all: [bigint, bigint][] = []
  const limit = lastOf(bits)
  const sorted = ranges
    .filter(([first, last]) => last >= 0n && first <= limit && first <= last)
    .sort((a, b) => (a[0] < b[0] ? -1 : 1))
  for (const [first, last] of sorted) {
    const before = all.at(-1)
    if (before === undefined || first > before[1] + 1n) all.push([first, last])
    else if (last > before[1]) before[1] = last
  }
  const [lowest, highest] = [all[0], all.at(-1)]
  if (lowest !== undefined && lowest[0] < 0n) lowest[0] = 0n
  if (highest !== undefined && highest[1] > limit) highest[1] = limit
  return all
}

/** All other numbers. */
function without(ranges: readonly Range[], bits: number): Range[] {
  const gaps: Range[] = []
  let next = 0n
  for (const [first, last] of ranges) {
    if (first > next) gaps.push([next, first - 1n])
    next = last + 1n
  }
  const limit = lastOf(bits)
  return next > limit ? gaps : [...gaps, [next, limit]]
}
