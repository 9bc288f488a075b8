import type {ByteString} from '../schema/bytes.ts'
import {SOCKET_BLOCK} from '../schema/record-layout.ts'
import type {Connection, Endpoint, FdInfo} from './fd-table.ts'

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const V4_MAPPED_PREFIX = '\0\0\0\0\0\0\0\0\0\0\xff\xff'
const PROTOCOL = new Map<number, Connection['protocol']>([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmp'],
  [255, 'raw'],
])

/** Reads a `struct sockaddr` of the internet families: undefined for others and for cut ones. */
export function endpointOf(sockaddr: ByteString): Endpoint | undefined {
  const family = wordAt(sockaddr, 0)
  if (family === AF_INET && sockaddr.length >= 8)
    return {address: sockaddr.slice(4, 8), port: portAt(sockaddr, 2)}
  if (family === AF_INET6 && sockaddr.length >= 24) {
    return {address: plainAddress(sockaddr.slice(8, 24)), port: portAt(sockaddr, 2)}
  }
  return undefined
}

/** The path of a unix `struct sockaddr`; abstract names begin with `@`. Undefined for other families. */
export function unixPathOf(sockaddr: ByteString): ByteString | undefined {
  if (wordAt(sockaddr, 0) !== AF_UNIX) return undefined
  const name = sockaddr.slice(2)
  if (name.startsWith('\0')) return `@${name.slice(1)}`
  const end = name.indexOf('\0')
  return end < 0 ? name : name.slice(0, end)
}

/** The connection of a captured kernel socket (`SOCKET_BLOCK`) whose process asked for it. */
export function clientConnection(block: ByteString): Connection | undefined {
  if (block.length < SOCKET_BLOCK.size) return undefined
  const family = wordAt(block, SOCKET_BLOCK.family)
  if (family !== AF_INET && family !== AF_INET6) return undefined
  const wide = family === AF_INET6
  const local = wide
    ? plainAddress(block.slice(SOCKET_BLOCK.local6, SOCKET_BLOCK.local6 + 16))
    : block.slice(SOCKET_BLOCK.local4, SOCKET_BLOCK.local4 + 4)
  const remote = wide
    ? plainAddress(block.slice(SOCKET_BLOCK.remote6, SOCKET_BLOCK.remote6 + 16))
    : block.slice(SOCKET_BLOCK.remote4, SOCKET_BLOCK.remote4 + 4)
  return {
    client: {address: local, port: wordAt(block, SOCKET_BLOCK.localPort)},
    server: {address: remote, port: portAt(block, SOCKET_BLOCK.remotePort)},
    isServer: false,
    protocol: protocolOf(block),
  }
}

/** The transport protocol of a captured kernel socket. */
export function protocolOf(block: ByteString): Connection['protocol'] {
  return PROTOCOL.get(wordAt(block, SOCKET_BLOCK.protocol)) ?? 'unknown'
}

/** A connection as a descriptor: `10.0.0.1:4711->10.0.0.2:80`. */
export function connectionInfo(connection: Connection, closeOnExec: boolean): FdInfo {
  const {client, server} = connection
  const type = server.address.length === 4 ? 'ipv4' : 'ipv6'
  return {type, name: `${endpointText(client)}->${endpointText(server)}`, connection, closeOnExec}
}

function endpointText({address, port}: Endpoint): string {
  return `${addressText(address)}:${port}`
}

/** An address of 4 or 16 bytes as text; IPv6 compressed (RFC 5952). */
export function addressText(address: ByteString): string {
  if (address.length === 4) return [...address].map(byte => byte.charCodeAt(0)).join('.')
  const words: number[] = []
  for (let at = 0; at < 16; at += 2)
    words.push((address.charCodeAt(at) << 8) | address.charCodeAt(at + 1))
  const [start, length] = longestZeroRun(words)
  const part = (from: number, to: number): string =>
    words
      .slice(from, to)
      .map(word => word.toString(16))
      .join(':')
  return length < 2 ? part(0, 8) : `${part(0, start)}::${part(start + length, 8)}`
}

function longestZeroRun(words: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  for (let start = 0; start < words.length; start++) {
    let end = start
    while (words[end] === 0) end++
    if (end - start > best[1]) best = [start, end - start]
  }
  return best
}

/** An IPv4 address that came in IPv6 clothes becomes plain. */
function plainAddress(address: ByteString): ByteString {
  return address.startsWith(V4_MAPPED_PREFIX) ? address.slice(12) : address
}

function wordAt(bytes: ByteString, at: number): number {
  return bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8)
}

function portAt(bytes: ByteString, at: number): number {
  return (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1)
}
