import {SLOT_FLAG, SOCKET_BLOCK} from '../../../schema/record-layout.ts'
import {isInRanges, numberOf} from './ranges.ts'
import {IPV4, SOCKET_CLASS, type SocketAtom, type SocketPlace} from './socket-atom.ts'

/** What a record tells of a socket: the plain twin of the program that `emitSocketView` makes. */

/** Address families and what makes a stream (linux v6.8 include/linux/socket.h, include/uapi/linux/in.h, include/linux/net.h). */
export const FAMILY = {unix: 1, inet: 2, inet6: 10} as const
export const IPPROTO_TCP = 6
export const SOCK_RAW = 3
/** Offsets in `struct sockaddr_in` and `struct sockaddr_in6` (linux v6.8 include/uapi/linux/in.h, in6.h). */
export const SOCKADDR = {family: 0, port: 2, inet: 4, inet6: 8} as const
/** Flags of slots that tell nothing. What is cut at its end is told as far as it goes, to the state too. */
export const UNTOLD = SLOT_FLAG.fault | SLOT_FLAG.none
/** The first 12 bytes of an IPv6 address that holds an IPv4 one. */
const MAPPED = '\0\0\0\0\0\0\0\0\0\0\xff\xff'

interface End {
  readonly address: bigint
  readonly port: bigint
}

interface View {
  readonly class: number
  readonly local?: End
  /** Left out where it is not told. */
  readonly remote?: End
}

const UNKNOWN: View = {class: 0}

/** The answer to a question; undefined when the record does not tell. */
export function socketTruth(atom: SocketAtom, bytes: Buffer, start: number): boolean | undefined {
  const view = socketView(atom, bytes, start)
  if (view.class === 0) return undefined
  const {question} = atom
  if (question.ask === 'class') return (view.class & question.classes) !== 0
  if (view.local === undefined) return false
  const isIpv4 = (view.class & IPV4) !== 0
  const holds = (end: End): boolean => {
    if (question.ask === 'port') return isInRanges(question.ranges, end.port)
    return isInRanges(isIpv4 ? question.ipv4 : question.ipv6, end.address)
  }
  if (question.end !== 'remote') {
    const isLocal = holds(view.local)
    if (question.end === 'local' || isLocal === (question.end === 'any')) return isLocal
  }
  return view.remote && holds(view.remote)
}

function socketView(place: SocketPlace, bytes: Buffer, start: number): View {
  const {failure} = place
  if (failure !== undefined && bytes.readBigInt64LE(start + failure.offset) < 0n)
    return failure.means === 'none' ? {class: SOCKET_CLASS.none} : UNKNOWN
  const slot = start + place.offset
  if ((bytes.readUInt16LE(slot + 6) & UNTOLD) !== 0)
    return place.family === undefined ? UNKNOWN : familyView(bytes, start + place.family)
  const from = start + bytes.readUInt32LE(slot)
  const text = bytes.toString('latin1', from, from + bytes.readUInt16LE(slot + 4))
  return place.form === 'block' ? blockView(text, place) : addressView(text)
}

function familyView(bytes: Buffer, at: number): View {
  const family = bytes.readBigUInt64LE(at)
  if (family === BigInt(FAMILY.unix)) return {class: SOCKET_CLASS.unixAlone}
  const isOpen = [0n, BigInt(FAMILY.inet), BigInt(FAMILY.inet6)].includes(family)
  return isOpen ? UNKNOWN : {class: SOCKET_CLASS.other}
}

function blockView(block: string, {isPeerNamed}: SocketPlace): View {
  if (block.length < SOCKET_BLOCK.addresses) return UNKNOWN
  const family = wordAt(block, SOCKET_BLOCK.family)
  if (family === FAMILY.unix)
    return block.length < SOCKET_BLOCK.unixAddress ? UNKNOWN : {class: SOCKET_CLASS.unix}
  const size = family === FAMILY.inet ? 4 : family === FAMILY.inet6 ? 16 : 0
  const from = SOCKET_BLOCK.addresses
  if (size === 0 || block.length < from + 2 * size) return UNKNOWN
  const isStream =
    wordAt(block, SOCKET_BLOCK.protocol) === IPPROTO_TCP &&
    wordAt(block, SOCKET_BLOCK.type) !== SOCK_RAW
  const [localPort, port] = [
    portAt(block, SOCKET_BLOCK.localPort),
    portAt(block, SOCKET_BLOCK.remotePort),
  ]
  const isElsewhere = isPeerNamed && port === 0n
  if (size === 16 && isElsewhere) return UNKNOWN
  const [own, other] = [block.slice(from, from + size), block.slice(from + size, from + 2 * size)]
  const isMapped = own.startsWith(MAPPED) && other.startsWith(MAPPED)
  const address = (raw: string): bigint => numberOf(isMapped ? raw.slice(12) : raw)
  return {
    class: classOf(size === 4 || isMapped, isStream),
    local: {address: address(own), port: localPort},
    ...(!isElsewhere && {remote: {address: address(other), port}}),
  }
}

function addressView(address: string): View {
  if (address.length < SOCKADDR.inet) return UNKNOWN
  const family = wordAt(address, SOCKADDR.family)
  const port = portAt(address, SOCKADDR.port)
  const [at, size] = family === FAMILY.inet ? [SOCKADDR.inet, 4] : [SOCKADDR.inet6, 16]
  if (family !== FAMILY.inet && family !== FAMILY.inet6) return UNKNOWN
  if (port === 0n || address.length < at + size) return UNKNOWN
  const raw = address.slice(at, at + size)
  const isMapped = raw.startsWith(MAPPED)
  return {
    class: classOf(size === 4 || isMapped, false),
    local: {address: numberOf(isMapped ? raw.slice(12) : raw), port},
  }
}

function classOf(isIpv4: boolean, isStream: boolean): number {
  if (isIpv4) return isStream ? SOCKET_CLASS.ipv4Stream : SOCKET_CLASS.ipv4Other
  return isStream ? SOCKET_CLASS.ipv6Stream : SOCKET_CLASS.ipv6Other
}

function wordAt(bytes: string, at: number): number {
  return bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8)
}

function portAt(bytes: string, at: number): bigint {
  return BigInt((bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1))
}
