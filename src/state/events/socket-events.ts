import type {Event} from '../../schema/event.ts'
import {FD, type FdInfo, isInternet, newFd, PROTOCOL, protocolOf} from '../fd.ts'
import type {Interfaces} from '../interfaces.ts'
import type {SocketEnds} from '../metadata.ts'
import {
  addressOf,
  type CapturedTuple,
  capturedAddressText,
  endsText,
  swapped,
  tupleOf,
  tupleText,
} from '../socket-text.ts'
import {
  addFd,
  type EventHandler,
  type EventScope,
  numberOf,
  resultOf,
  succeeded,
  textParam,
  wideOf,
} from './event-scope.ts'

/** Socket families, types and protocols of the kernel. */
const AF = {unix: 1, inet: 2, inet6: 10, netlink: 16} as const
const SOCK = {stream: 1, dgram: 2, raw: 3} as const
const IPPROTO = {ip: 0, icmp: 1, tcp: 6, udp: 17, raw: 255} as const
const EINPROGRESS = 115
/** Results of calls on what is no open descriptor, or no socket: EBADF, ENOTSOCK. */
const NO_SOCKET: ReadonlySet<number> = new Set([-9, -88])
const NO_ENDS = {sourceAddress: '', sourcePort: 0, targetAddress: '', targetPort: 0}

/** Events of sockets, by name. */
export function socketHandlers(interfaces: Interfaces): Readonly<Record<string, EventHandler>> {
  const receives: EventHandler = scope => takeTransfer(scope, 'in', interfaces)
  const sends: EventHandler = scope => takeTransfer(scope, 'out', interfaces)
  return {
    socket: takeSocket,
    socketpair: takeSocketPair,
    bind: takeBind,
    connect: takeConnect,
    accept: takeAccept,
    accept4: takeAccept,
    ...byName(
      ['read', 'readv', 'pread', 'preadv', 'recv', 'recvfrom', 'recvmsg', 'recvmmsg'],
      receives,
    ),
    ...byName(
      ['write', 'writev', 'pwrite', 'pwritev', 'send', 'sendto', 'sendmsg', 'sendmmsg'],
      sends,
    ),
  }
}

function byName(names: readonly string[], handler: EventHandler): Record<string, EventHandler> {
  return Object.fromEntries(names.map(name => [name, handler]))
}

function takeSocket(scope: EventScope): void {
  const {event} = scope
  const fd = Number(resultOf(event) ?? -1)
  if (fd < 0) return
  const part = (name: string): number => numberOf(event, name) ?? 0
  addFd(scope, fd, newSocket(part('domain'), part('type'), part('proto')))
}

function newSocket(domain: number, type: number, protocol: number): FdInfo {
  switch (domain) {
    case AF.unix:
      return newFd(FD.unix)
    case AF.netlink:
      return newFd(FD.netlink)
    case AF.inet:
      return newFd(FD.ipv4, {protocol: transportOf(type, protocol)})
    case AF.inet6:
      return newFd(FD.ipv6, {protocol: transportOf(type, protocol)})
    default:
      return newFd(FD.unknown)
  }
}

function transportOf(type: number, protocol: number): number {
  if (protocol === IPPROTO.raw) return PROTOCOL.raw
  if (protocol === IPPROTO.ip) {
    const kind = type & 0xff
    return kind === SOCK.stream
      ? PROTOCOL.tcp
      : kind === SOCK.dgram
        ? PROTOCOL.udp
        : PROTOCOL.unknown
  }
  const known = {
    [IPPROTO.tcp]: PROTOCOL.tcp,
    [IPPROTO.udp]: PROTOCOL.udp,
    [IPPROTO.icmp]: PROTOCOL.icmp,
  }
  const transport: number | undefined = Object.hasOwn(known, protocol)
    ? known[protocol as keyof typeof known]
    : undefined
  if (transport === undefined) return PROTOCOL.unknown
  return type === SOCK.raw ? PROTOCOL.raw : transport
}

function takeSocketPair(scope: EventScope): void {
  const {event} = scope
  const [first, second] = [numberOf(event, 'fd1'), numberOf(event, 'fd2')]
  if (!succeeded(event) || first === undefined || second === undefined || first === second) return
  const unix = {source: wideOf(event, 'source'), target: wideOf(event, 'peer')}
  addFd(scope, second, newFd(FD.unix, {unix}), '$file2')
  addFd(scope, first, newFd(FD.unix, {unix}))
}

function takeBind({event, fd}: EventScope): void {
  const address = addressOf(textParam(event, 'addr') ?? '')
  if (!succeeded(event) || fd === undefined || address === undefined) return
  if (address.kind === 'internet' && address.port > 0) {
    fd.type = address.address.length === 4 ? FD.ipv4Server : FD.ipv6Server
    fd.listens = {address: address.address, port: address.port}
    fd.ends = undefined
    fd.role = 'server'
  }
  fd.name = capturedAddressText(address)
}

function takeConnect(scope: EventScope): void {
  const {event, enter} = scope
  const result = Number(resultOf(event) ?? -1)
  const hasFailed = result < 0 && result !== -EINPROGRESS
  if (isUnmet(scope.fd, hasFailed) && (hasFailed || event.live !== undefined))
    scope.fd = NO_SOCKET.has(result) ? scope.fd : (unmetSocket(event, scope.fd) ?? scope.fd)
  const tuple = tupleOf(textParam(event, 'tuple') ?? '')
  if (tuple === undefined) settleFamily(scope)
  else if (!hasFailed) settleKind(scope, tuple)
  const {fd} = scope
  if (fd === undefined || hasFailed) return
  fd.connected = true
  const wanted = enter === undefined ? undefined : addressOf(textParam(enter, 'addr') ?? '')
  if (tuple === undefined) {
    if (wanted?.kind === 'internet') {
      const {address, port} = wanted
      fd.type = address.length === 4 ? FD.ipv4 : FD.ipv6
      fd.ends = {...(fd.ends ?? NO_ENDS), targetAddress: address, targetPort: port}
    }
    return
  }
  // The address as it was before the call counts, unless the kernel's own socket says otherwise.
  const passed = addressOf(textParam(event, 'addr') ?? '')
  if (tuple.kind === 'internet') {
    let {ends} = tuple
    const {targetAddress, targetPort} = ends
    const untouched =
      passed?.kind === 'internet' && passed.address === targetAddress && passed.port === targetPort
    if (untouched && wanted?.kind === 'internet')
      ends = {...ends, targetAddress: wanted.address, targetPort: wanted.port}
    const isUdpServer = fd.role === 'server' && protocolOf(fd) === PROTOCOL.udp
    const changed = fd.ends === undefined || !sameEnds(fd.ends, ends)
    fd.type = ends.targetAddress.length === 4 ? FD.ipv4 : FD.ipv6
    if (changed) fd.ends = isUdpServer ? swapped(ends) : ends
    fd.name = endsText(fd.ends ?? ends)
  } else if (tuple.kind === 'unix' && fd.type === FD.unix) {
    const untouched = passed?.kind === 'unix' && passed.path === tuple.path
    const path = untouched && wanted?.kind === 'unix' ? wanted.path : tuple.path
    fd.unix = {source: tuple.source, target: tuple.target}
    fd.name = tupleText({...tuple, path})
  } else return
  if (fd.role === 'none') fd.role = 'client'
}

/**
 * The kernel's own socket counts: a descriptor that is known as something else, or not at all, becomes what the tuple says. In a
 * capture what is known stays.
 */
function settleKind(scope: EventScope, tuple: CapturedTuple | undefined): void {
  const {event, fd} = scope
  if (event.live === undefined || tuple === undefined || tuple.kind === 'other') return
  const number = numberOf(event, 'fd')
  if (number === undefined || (fd !== undefined && isOfKind(fd, tuple.kind))) return
  if (tuple.kind === 'unix') {
    addFd(scope, number, newFd(FD.unix))
    return
  }
  const protocol = numberOf(event, '$l4proto') ?? PROTOCOL.unknown
  addFd(scope, number, newFd(typeOf(tuple.ends), {protocol}))
}

/** Of a socket without a tuple the kernel tells the family, for the moment of the event. */
function settleFamily(scope: EventScope): void {
  const {event, fd} = scope
  const family = numberOf(event, '$family') ?? 0
  if (event.live === undefined || family === 0) return
  if (family === AF.inet || family === AF.inet6) return
  if (family === AF.unix) {
    if (fd === undefined || !isOfKind(fd, 'unix')) scope.fd = newFd(FD.unix)
  } else if (
    fd === undefined ||
    isOfKind(fd, 'internet') ||
    isOfKind(fd, 'unix') ||
    fd.ends !== undefined
  )
    scope.fd = newSocket(family, 0, 0)
}

function isOfKind(fd: FdInfo, kind: 'internet' | 'unix'): boolean {
  const {type, ends, listens} = fd
  if (kind === 'unix') return type === FD.unix && ends === undefined && listens === undefined
  return isInternet(fd) || type === FD.ipv4Server || type === FD.ipv6Server
}

function typeOf({sourceAddress}: SocketEnds): number {
  return sourceAddress.length === 4 ? FD.ipv4 : FD.ipv6
}

/** Whether only the event tells whom the socket was to be connected to. */
function isUnmet(fd: FdInfo | undefined, hasFailed: boolean): boolean {
  return fd === undefined || (hasFailed && fd.ends === undefined && fd.name === '')
}

/**
 * What fields show of a socket by the address that it is to be connected to, for the moment of the event: of one whose making
 * was not followed, and of one that stays as it was because the call failed.
 */
function unmetSocket(event: Event, known: FdInfo | undefined): FdInfo | undefined {
  const wanted = addressOf(textParam(event, 'addr') ?? '')
  const protocol = known?.protocol ?? numberOf(event, '$l4proto') ?? PROTOCOL.unknown
  if (wanted?.kind === 'unix') return newFd(FD.unix, {name: wanted.path})
  if (wanted?.kind !== 'internet') return undefined
  const {address, port} = wanted
  const any = '\0'.repeat(address.length)
  const ends = {sourceAddress: any, sourcePort: 0, targetAddress: address, targetPort: port}
  const type = address.length === 4 ? FD.ipv4 : FD.ipv6
  return newFd(type, {protocol, ends, name: endsText(ends), role: 'client'})
}

function takeAccept(scope: EventScope): void {
  const {event, thread} = scope
  const number = Number(resultOf(event) ?? -1)
  if (number < 0 || thread === undefined) return
  thread.lastFd = number
  const tuple = tupleOf(textParam(event, 'tuple') ?? '')
  if (tuple === undefined || tuple.kind === 'other') return
  const common = {name: tupleText(tuple), role: 'server', connected: true} as const
  if (tuple.kind === 'unix') {
    addFd(scope, number, newFd(FD.unix, {...common, unix: tuple}))
    return
  }
  const type = tuple.ends.sourceAddress.length === 4 ? FD.ipv4 : FD.ipv6
  addFd(scope, number, newFd(type, {...common, ends: tuple.ends, protocol: PROTOCOL.tcp}))
}

/** Data that came or went: datagrams tell who the peer is. */
function takeTransfer(scope: EventScope, way: 'in' | 'out', interfaces: Interfaces): void {
  const {event} = scope
  const result = resultOf(event)
  if (result === undefined) return
  const bytes = textParam(event, 'tuple') ?? ''
  const isTold = event.live !== undefined && bytes !== ''
  if (isTold && result >= 0) settleKind(scope, tupleOf(bytes))
  if (scope.fd === undefined && way === 'out' && result >= 0) guessSocket(scope, bytes)
  const {fd} = scope
  if (fd === undefined || result < 0) return
  if (isInternet(fd)) fd.connected = true
  if (!isTold && fd.name !== '' && protocolOf(fd) === PROTOCOL.tcp) return
  const tuple = tupleOf(bytes)
  if (tuple === undefined || tuple.kind === 'other') return
  if (tuple.kind === 'unix') {
    fd.type = FD.unix
    fd.unix = {source: tuple.source, target: tuple.target}
    fd.name = tupleText(tuple)
    return
  }
  if (isTold && numberOf(event, '$l4proto') === PROTOCOL.tcp) {
    settleStream(fd, tuple.ends, way)
    return
  }
  if (!updateEnds(fd, tuple.ends)) return
  if (fd.protocol === PROTOCOL.unknown) fd.protocol = PROTOCOL.udp
  fd.ends = interfaces.completed(fd.ends ?? tuple.ends)
  if (fd.role === 'none') fd.role = way === 'in' && fd.type === FD.ipv4 ? 'server' : 'client'
  // Kept as client and server; the tuple runs from the sender to the receiver.
  if ((way === 'in') === (fd.role === 'client')) fd.ends = swapped(fd.ends)
  fd.name = endsText(fd.ends)
}

/** A stream has the ends of the kernel's socket, whatever was known of it. */
function settleStream(fd: FdInfo, ends: SocketEnds, way: 'in' | 'out'): void {
  const old = fd.ends
  const isKnown =
    old !== undefined && (sameEnds(old, ends) || sameEnds(old, swapped(ends))) && fd.name !== ''
  fd.type = typeOf(ends)
  fd.protocol = PROTOCOL.tcp
  fd.connected = true
  if (isKnown && fd.role !== 'none') return
  if (fd.role === 'none') fd.role = way === 'in' && fd.type === FD.ipv4 ? 'server' : 'client'
  // Kept as client and server; the tuple runs from the sender to the receiver.
  fd.ends = (way === 'in') === (fd.role === 'client') ? swapped(ends) : ends
  fd.name = endsText(fd.ends)
}

/** The call that made the socket was missed: what carries an address is taken for a datagram socket. */
function guessSocket(scope: EventScope, tuple: string): void {
  const {event} = scope
  if (!['send', 'sendto', 'sendmsg'].includes(event.def.name)) return
  const family = tuple.charCodeAt(0)
  const fd = numberOf(event, 'fd')
  if (fd !== undefined && (family === AF.inet || family === AF.inet6))
    addFd(scope, fd, newSocket(family, SOCK.dgram, IPPROTO.udp))
}

/** Takes over the ends of a tuple; a target that is known already stays. False when nothing is new. */
function updateEnds(fd: FdInfo, ends: SocketEnds): boolean {
  fd.type = typeOf(ends)
  const old = fd.ends
  if (old !== undefined && (sameEnds(old, ends) || sameEnds(old, swapped(ends)))) return false
  const keepsAddress = old !== undefined && !isZero(old.targetAddress)
  const next = {
    ...ends,
    targetAddress: keepsAddress ? old.targetAddress : ends.targetAddress,
    targetPort: old !== undefined && old.targetPort !== 0 ? old.targetPort : ends.targetPort,
  }
  fd.ends = next
  return old === undefined || !sameEnds(old, next)
}

function isZero(address: string): boolean {
  return /^\0*$/.test(address)
}

function sameEnds(a: SocketEnds, b: SocketEnds): boolean {
  return (
    a.sourceAddress === b.sourceAddress &&
    a.sourcePort === b.sourcePort &&
    a.targetAddress === b.targetAddress &&
    a.targetPort === b.targetPort
  )
}
