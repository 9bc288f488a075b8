import {type ByteString, untilNul} from '../../schema/bytes.ts'
import type {Way} from '../../schema/captures/call-sources.ts'
import {SOCKET_BLOCK} from '../../schema/record-layout.ts'

/** Kernel addresses and sockets in the form in which captures carry them. */

const AF = {unix: 1, inet: 2, inet6: 10} as const
/** Offset of the address in struct sockaddr_in and sockaddr_in6; the port is at 2 in both, the path of sockaddr_un too. */
const ADDRESS_AT = {[AF.inet]: 4, [AF.inet6]: 8} as const
const NO_POINTER = '\0\0\0\0\0\0\0\0'

/**
 * A socket address as captures have it: the family in a byte; then address and port (little-endian), or the path with its
 * NUL. Of an address that was cut, and of other families, the family alone. Undefined when even that is missing.
 */
export function capturedAddress(raw: ByteString): ByteString | undefined {
  if (raw.length < 2) return undefined
  const family = wordAt(raw, 0)
  const first = String.fromCharCode(family & 0xff)
  if (family === AF.unix) return `${first}${unixPath(raw)}\0`
  if (family !== AF.inet && family !== AF.inet6) return first
  const at = ADDRESS_AT[family]
  const size = sizeOf(family)
  return raw.length < at + size ? first : first + raw.slice(at, at + size) + swappedWord(raw, 2)
}

/**
 * A socket (`SOCKET_BLOCK`) as captures have it: the family in a byte, then the sender's and the receiver's address and port;
 * for unix sockets the receiver, the sender, and the path of the receiver. A socket without a peer gets the one of
 * `peer`, an address in the form of {@link capturedAddress}. Undefined for other families.
 */
export function capturedTuple(
  block: ByteString,
  way: Way,
  peer: ByteString | undefined,
): ByteString | undefined {
  const family = wordAt(block, SOCKET_BLOCK.family)
  const first = String.fromCharCode(family)
  if (family === AF.unix)
    return block.length < SOCKET_BLOCK.unixAddress ? undefined : first + unixEnds(block, way, peer)
  if (family !== AF.inet && family !== AF.inet6) return undefined
  const size = sizeOf(family)
  const from = SOCKET_BLOCK.addresses
  if (block.length < from + 2 * size) return undefined
  const local = block.slice(from, from + size) + swappedWord(block, SOCKET_BLOCK.localPort)
  const own =
    block.slice(from + size, from + 2 * size) + swappedWord(block, SOCKET_BLOCK.remotePort)
  const isUnconnected = wordAt(block, SOCKET_BLOCK.remotePort) === 0
  const named = peer?.length === 3 + size && peer.startsWith(first) ? peer.slice(1) : undefined
  const remote = isUnconnected && named !== undefined ? named : own
  return way === 'out' ? first + local + remote : first + remote + local
}

/** Kernel protocols and the socket type that says raw (linux v6.8 include/uapi/linux/in.h, include/linux/net.h). */
const TRANSPORT: ReadonlyMap<number, number> = new Map([
  [6, 2],
  [17, 3],
  [1, 4],
  [58, 4],
])
const SOCK_RAW = 3
const RAW = 5

/** The transport protocol of a socket (`SOCKET_BLOCK`) as captures number it; undefined for others. */
export function transportOf(block: ByteString): number | undefined {
  const family = wordAt(block, SOCKET_BLOCK.family)
  if (family !== AF.inet && family !== AF.inet6) return undefined
  if (wordAt(block, SOCKET_BLOCK.type) === SOCK_RAW) return RAW
  return TRANSPORT.get(wordAt(block, SOCKET_BLOCK.protocol))
}

function unixEnds(block: ByteString, way: Way, peer: ByteString | undefined): ByteString {
  const own = block.slice(SOCKET_BLOCK.own, SOCKET_BLOCK.own + 8)
  const other = block.slice(SOCKET_BLOCK.peer, SOCKET_BLOCK.peer + 8)
  const path = unixPath(block.slice(SOCKET_BLOCK.unixAddress))
  if (way === 'in') return `${own}${other}${path}\0`
  const isUnconnected = other === NO_POINTER && peer !== undefined && peer.charCodeAt(0) === AF.unix
  return other + own + (isUnconnected ? peer.slice(1) : `${path}\0`)
}

/** The path of a struct sockaddr_un; of an abstract name what stands behind its first NUL. */
function unixPath(raw: ByteString): ByteString {
  const path = raw.slice(2)
  return untilNul(path.startsWith('\0') ? path.slice(1) : path)
}

function sizeOf(family: number): number {
  return family === AF.inet ? 4 : 16
}

function wordAt(bytes: ByteString, at: number): number {
  return bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8)
}

/** A word in network order as a little-endian one. */
function swappedWord(bytes: ByteString, at: number): ByteString {
  return bytes.charAt(at + 1) + bytes.charAt(at)
}
