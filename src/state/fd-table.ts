import type {ByteString} from '../schema/bytes.ts'

/** Kinds of descriptors, in the words of `fd.type`. */
export type FdType =
  | 'file'
  | 'directory'
  | 'ipv4'
  | 'ipv6'
  | 'unix'
  | 'pipe'
  | 'event'
  | 'eventpoll'
  | 'inotify'
  | 'timerfd'
  | 'signalfd'
  | 'netlink'
  | 'unknown'

/** One end of a connection: an address of 4 or 16 bytes in network order, and a port. */
export interface Endpoint {
  readonly address: ByteString
  readonly port: number
}

/** The two ends of a connection, by the role that each plays. */
export interface Connection {
  readonly client: Endpoint
  readonly server: Endpoint
  /** Whether this host's process is the server. */
  readonly isServer: boolean
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'raw' | 'unknown'
}

/** What an open descriptor stands for. */
export interface FdInfo {
  readonly type: FdType
  /** The path, or the connection as text. */
  readonly name: ByteString
  /** The name as the program passed it. */
  readonly rawName?: ByteString
  readonly connection?: Connection
  readonly closeOnExec: boolean
}

/** The descriptors of a process; shared by tasks that were made with CLONE_FILES. */
export type FdTable = Map<number, FdInfo>

/** A copy for a new process, or for one that stops sharing. */
export function copyFds(table: FdTable): FdTable {
  return new Map(table)
}

/** What is left after an exec: descriptors marked close-on-exec are gone. */
export function afterExec(table: FdTable): FdTable {
  const kept: FdTable = new Map()
  for (const [fd, info] of table) if (!info.closeOnExec) kept.set(fd, info)
  return kept
}
