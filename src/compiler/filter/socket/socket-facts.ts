import {type EventKind, slotOf} from '../event-kind.ts'
import {
  INTERNET,
  SOCKET_CLASS,
  type SocketClassName,
  type SocketEnd,
  type SocketPlace,
  STREAMS,
} from './socket-atom.ts'

/**
 * What is certain of the descriptor that the state makes of a socket's record, whatever it knew before. What is not certain
 * here is left open, so that a filter goes by the record's own bytes alone.
 */
export interface SocketFacts {
  readonly place: SocketPlace
  /** Classes whose two ends are those of the record; the state may show others of the rest. */
  readonly told: number
  /** Which end is the server: one of them, or either. A listening socket has no other end. */
  readonly server: SocketEnd | 'either' | 'listens'
  /** Classes of which it is certain that they are connected. */
  readonly connected: number
  /** Classes with a name that is made of the record: of addresses, and behind them the path of a unix socket. */
  readonly named: number
  /** The transport protocol of a class; undefined when the state may show another one. */
  readonly protocolOf: (name: SocketClassName) => string | undefined
  /** Whether the state may know nothing of the descriptor: then there is none for rules. */
  readonly mayBeMissing: boolean
  /** An IPv4 socket may show as one of IPv6, and the other way round. */
  readonly isFamilyOpen?: true
}

/** Calls on descriptors whose data goes to a peer or comes from it, and whether a failed one is told a socket of. */
const TRANSFERS: Readonly<Record<string, {readonly failsWithSocket: boolean}>> = {
  sendto: {failsWithSocket: true},
  sendmsg: {failsWithSocket: true},
  sendmmsg: {failsWithSocket: false},
  recvfrom: {failsWithSocket: false},
  recvmsg: {failsWithSocket: false},
  recvmmsg: {failsWithSocket: false},
}

const ACCEPTS: ReadonlySet<string> = new Set(['accept', 'accept4'])

/** What is certain of the sockets of a kind of record; undefined for kinds that tell of none. */
export function socketFacts(kind: EventKind): SocketFacts | undefined {
  const {name} = kind.def
  if (name === 'connect') return connectFacts(kind)
  if (ACCEPTS.has(name)) return acceptFacts(kind)
  if (name === 'bind') return bindFacts(kind)
  return Object.hasOwn(TRANSFERS, name) ? transferFacts(kind, TRANSFERS[name]!) : undefined
}

/** Of a failed call only the family is in the record. A bound datagram socket may have its ends exchanged. */
function connectFacts(kind: EventKind): SocketFacts | undefined {
  const [offset, family] = [offsetOf(kind, 'tuple'), offsetOf(kind, '$family')]
  if (offset === undefined || family === undefined) return undefined
  return {
    place: {offset, form: 'block', isPeerNamed: true, family},
    told: INTERNET,
    server: 'either',
    connected: INTERNET | SOCKET_CLASS.unix,
    named: INTERNET | SOCKET_CLASS.unix,
    protocolOf: withoutAddresses,
    mayBeMissing: false,
  }
}

/** The state makes a new descriptor of the record alone. */
function acceptFacts(kind: EventKind): SocketFacts | undefined {
  const [offset, result] = [offsetOf(kind, 'tuple'), offsetOf(kind, 'fd')]
  if (offset === undefined || result === undefined) return undefined
  const failure = {offset: result, means: 'none'} as const
  return {
    place: {offset, form: 'block', isPeerNamed: false, failure},
    told: INTERNET,
    server: 'local',
    connected: INTERNET | SOCKET_CLASS.unix,
    named: INTERNET | SOCKET_CLASS.unix | SOCKET_CLASS.none,
    protocolOf: name => (name === 'unix' ? NO_PROTOCOL : name === 'none' ? undefined : 'tcp'),
    mayBeMissing: false,
  }
}

/** Of sockets that are no streams the state keeps the first receiver. After a failed call it shows what it showed before. */
function transferFacts(
  kind: EventKind,
  {failsWithSocket}: {readonly failsWithSocket: boolean},
): SocketFacts | undefined {
  const [offset, result] = [offsetOf(kind, 'tuple'), offsetOf(kind, 'res')]
  if (offset === undefined || result === undefined) return undefined
  const failure = {offset: result, means: 'unknown'} as const
  return {
    place: {offset, form: 'block', isPeerNamed: true, ...(failsWithSocket && {failure})},
    told: STREAMS,
    server: 'either',
    connected: STREAMS,
    named: SOCKET_CLASS.unix,
    protocolOf: name =>
      name === 'unix' ? NO_PROTOCOL : name.endsWith('Stream') ? 'tcp' : undefined,
    mayBeMissing: false,
  }
}

/** An address without a port, or of another family, changes nothing but the name. */
function bindFacts(kind: EventKind): SocketFacts | undefined {
  const [offset, result] = [offsetOf(kind, 'addr'), offsetOf(kind, 'res')]
  if (offset === undefined || result === undefined) return undefined
  const failure = {offset: result, means: 'unknown'} as const
  return {
    place: {offset, form: 'address', isPeerNamed: false, failure},
    told: INTERNET,
    server: 'listens',
    connected: 0,
    named: 0,
    protocolOf: () => undefined,
    mayBeMissing: true,
  }
}

/**
 * What is certain of a later event on the descriptor of a connect or accept: an internet socket stays one, and a unix socket has
 * no addresses. Undefined for other kinds.
 */
export function laterSocketFacts(kind: EventKind): SocketFacts | undefined {
  const {name} = kind.def
  const facts =
    name === 'connect' ? connectFacts(kind) : ACCEPTS.has(name) ? acceptFacts(kind) : undefined
  if (facts === undefined) return undefined
  return {
    ...facts,
    told: 0,
    server: 'either',
    connected: 0,
    named: 0,
    protocolOf: withoutAddresses,
    isFamilyOpen: true,
  }
}

/** The text of `fd.l4proto` for descriptors without a transport protocol. */
const NO_PROTOCOL = '<NA>'

function withoutAddresses(name: SocketClassName): string | undefined {
  return name === 'unix' || name === 'unixAlone' || name === 'other' ? NO_PROTOCOL : undefined
}

function offsetOf(kind: EventKind, name: string): number | undefined {
  return slotOf(kind, name)?.offset
}
