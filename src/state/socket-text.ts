import {type ByteString, untilNul} from '../schema/bytes.ts'
import {addressText} from './address-text.ts'
import type {SocketEnds} from './metadata.ts'

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const MAPPED = '\0\0\0\0\0\0\0\0\0\0\xff\xff'

/** A decoded socket address parameter. */
export type CapturedAddress =
  | {readonly kind: 'internet'; readonly address: ByteString; readonly port: number}
  | {readonly kind: 'unix'; readonly path: ByteString}
  | {readonly kind: 'other'; readonly family: number}

/** A decoded socket tuple parameter. */
export type CapturedTuple =
  | {readonly kind: 'internet'; readonly ends: SocketEnds}
  | {
      readonly kind: 'unix'
      readonly source: bigint
      readonly target: bigint
      readonly path: ByteString
    }
  | {readonly kind: 'other'; readonly family: number}

/** Reads a `sockaddr` parameter; undefined when it is cut. IPv4 in IPv6 clothes becomes plain. */
export function addressOf(bytes: ByteString): CapturedAddress | undefined {
  const family = bytes.charCodeAt(0)
  if (bytes === '') return undefined
  if (family === AF_UNIX) return {kind: 'unix', path: untilNul(bytes.slice(1))}
  const size = family === AF_INET ? 4 : family === AF_INET6 ? 16 : undefined
  if (size === undefined) return {kind: 'other', family}
  if (bytes.length < 3 + size) return undefined
  const raw = bytes.slice(1, 1 + size)
  const address = raw.startsWith(MAPPED) ? raw.slice(12) : raw
  return {kind: 'internet', address, port: wordAt(bytes, 1 + size)}
}

/** Reads a `socktuple` parameter; undefined when it is cut. */
export function tupleOf(bytes: ByteString): CapturedTuple | undefined {
  const family = bytes.charCodeAt(0)
  if (bytes === '') return undefined
  if (family === AF_UNIX) {
    if (bytes.length < 17) return undefined
    const [source, target] = [longAt(bytes, 1), longAt(bytes, 9)]
    return {kind: 'unix', source, target, path: untilNul(bytes.slice(17))}
  }
  const size = family === AF_INET ? 4 : family === AF_INET6 ? 16 : undefined
  if (size === undefined) return {kind: 'other', family}
  if (bytes.length < 5 + 2 * size) return undefined
  const source = bytes.slice(1, 1 + size)
  const target = bytes.slice(3 + size, 3 + 2 * size)
  const mapped = source.startsWith(MAPPED) && target.startsWith(MAPPED)
  return {
    kind: 'internet',
    ends: {
      sourceAddress: mapped ? source.slice(12) : source,
      sourcePort: wordAt(bytes, 1 + size),
      targetAddress: mapped ? target.slice(12) : target,
      targetPort: wordAt(bytes, 3 + 2 * size),
    },
  }
}

/** `10.0.0.1:4711->10.0.0.2:80` */
export function endsText(ends: SocketEnds): ByteString {
  const {sourceAddress, sourcePort, targetAddress, targetPort} = ends
  return `${endText(sourceAddress, sourcePort)}->${endText(targetAddress, targetPort)}`
}

/** `10.0.0.1:80` */
export function endText(address: ByteString, port: number): ByteString {
  return `${addressText(address)}:${port}`
}

/** The two ends, exchanged. */
export function swapped(ends: SocketEnds): SocketEnds {
  return {
    sourceAddress: ends.targetAddress,
    sourcePort: ends.targetPort,
    targetAddress: ends.sourceAddress,
    targetPort: ends.sourcePort,
  }
}

/** A tuple as parameters print. */
export function tupleText(tuple: CapturedTuple): ByteString {
  if (tuple.kind === 'internet') return endsText(tuple.ends)
  if (tuple.kind === 'other') return `family ${tuple.family}`
  return `${tuple.source.toString(16)}->${tuple.target.toString(16)} ${tuple.path}`
}

/** An address as parameters print. */
export function capturedAddressText(address: CapturedAddress): ByteString {
  if (address.kind === 'internet') return endText(address.address, address.port)
  return address.kind === 'unix' ? address.path : `family ${address.family}`
}

function wordAt(bytes: ByteString, at: number): number {
  return bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8)
}

function longAt(bytes: ByteString, at: number): bigint {
  let value = 0n
  for (let i = 7; i >= 0; i--) value = (value << 8n) | BigInt(bytes.charCodeAt(at + i))
  return value
}
