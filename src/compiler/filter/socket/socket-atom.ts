/** Questions to the socket of a record. */

/**
 * What a socket can be, a bit each. `none`: the call failed and there is no descriptor; `unixAlone`: a unix socket of which no more
 * is told; `other`: of another family.
 */
export const SOCKET_CLASS = {
  unix: 1,
  ipv4Stream: 2,
  ipv6Stream: 4,
  ipv4Other: 8,
  ipv6Other: 16,
  none: 32,
  unixAlone: 64,
  other: 128,
} as const

/** Name of a class. */
export type SocketClassName = keyof typeof SOCKET_CLASS

/** IPv4 sockets; those of IPv6 whose two addresses are IPv4 ones are among them. */
export const IPV4: number = SOCKET_CLASS.ipv4Stream | SOCKET_CLASS.ipv4Other
/** IPv6 sockets. */
export const IPV6: number = SOCKET_CLASS.ipv6Stream | SOCKET_CLASS.ipv6Other
/** Sockets with addresses and ports. */
export const INTERNET: number = IPV4 | IPV6
/** TCP connections. */
export const STREAMS: number = SOCKET_CLASS.ipv4Stream | SOCKET_CLASS.ipv6Stream
/** Every class. */
export const EVERY_CLASS: number =
  INTERNET | SOCKET_CLASS.unix | SOCKET_CLASS.none | SOCKET_CLASS.unixAlone | SOCKET_CLASS.other

/** Where a record tells of a socket. A slot that is empty, too short or of another family tells nothing. */
export interface SocketPlace {
  /** Of the variable slot, from the record's start. */
  readonly offset: number
  /**
   * `block`: a kernel socket (`SOCKET_BLOCK`); `address`: a socket address, of an internet family and with a port, as the
   * local end. Whether it is a stream is not told by an address.
   */
  readonly form: 'block' | 'address'
  /** A socket without a remote port has a peer that stands elsewhere: its remote end is not told, and no IPv6 class. */
  readonly isPeerNamed: boolean
  /** The slot of the socket's family, which tells where the other slot does not; 0 there is no socket. */
  readonly family?: number
  /** The slot of the call's result, and what a failed call means. */
  readonly failure?: {readonly offset: number; readonly means: 'unknown' | 'none'}
}

/** One end of a socket, any of the two, or all. */
export type SocketEnd = 'local' | 'remote' | 'any' | 'all'

/** Numbers from the first to the last, both included. */
export type Range = readonly [first: bigint, last: bigint]

/** What is asked of a socket. Ports and addresses are in no set where the socket is not of the internet. */
export type SocketQuestion =
  | {readonly ask: 'class'; readonly classes: number}
  /** Ranges are sorted, and none touches the next. */
  | {readonly ask: 'port'; readonly end: SocketEnd; readonly ranges: readonly Range[]}
  | {
      readonly ask: 'address'
      readonly end: SocketEnd
      readonly ipv4: readonly Range[]
      readonly ipv6: readonly Range[]
    }

/** A question to the socket of a record. All questions of one filter are about the same place. */
export interface SocketAtom extends SocketPlace {
  readonly kind: 'socket'
  readonly question: SocketQuestion
}

/** Instructions that the code of a question has for what it compares with, at most. */
export function questionSize(question: SocketQuestion): number {
  switch (question.ask) {
    case 'class':
      return 0
    case 'port':
      return ends(question) * Math.min(2 * question.ranges.length, TABLE)
    case 'address':
      return (
        ends(question) * (Math.min(6 * question.ipv4.length, TABLE) + 18 * question.ipv6.length)
      )
  }
}

/** Instructions of a look into a table, at most: long lists stand in one. */
const TABLE = 100

function ends({end}: {readonly end: SocketEnd}): number {
  return end === 'any' || end === 'all' ? 2 : 1
}
