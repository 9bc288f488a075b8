import type {ByteString} from '../schema/bytes.ts'
import type {Int} from '../schema/value.ts'
import type {SocketEnds} from './metadata.ts'

/** Types of descriptors: codes of `FD_TYPES`. */
export const FD = {
  unknown: 0,
  file: 1,
  directory: 2,
  ipv4: 3,
  ipv6: 4,
  ipv4Server: 5,
  ipv6Server: 6,
  pipe: 7,
  unix: 8,
  event: 9,
  signalfd: 11,
  eventpoll: 12,
  inotify: 13,
  timerfd: 14,
  netlink: 15,
  fileWithFlags: 16,
  bpf: 17,
  userfaultfd: 18,
  ioUring: 19,
  memfd: 20,
  pidfd: 21,
} as const

/** Transport protocols: codes of captures. */
export const PROTOCOL = {unknown: 0, none: 1, tcp: 2, udp: 3, icmp: 4, raw: 5} as const

/** An open descriptor as events left it. */
export interface FdInfo {
  type: number
  name: ByteString
  /** The name as the program passed it; empty when no program did. */
  rawName: ByteString
  openFlags: number
  device: number
  inode: Int
  role: 'none' | 'client' | 'server'
  connected: boolean
  protocol: number
  /** Client first, once there is a role. */
  ends: SocketEnds | undefined
  /** What a listening socket is bound to. */
  listens: {readonly address: ByteString; readonly port: number} | undefined
  unix: {readonly source: bigint; readonly target: bigint} | undefined
  upperLayer: boolean
  lowerLayer: boolean
  /** What the kernel says it is; empty where nobody asked. */
  identity: OpenFile
}

/** Tells an open file from another one that has its descriptor later: undefined members are not known. */
export interface OpenFile {
  /** Address of the kernel's open file. */
  readonly file: Int | undefined
  /** Number of its node. */
  readonly node: Int | undefined
}

const NO_IDENTITY: OpenFile = {file: undefined, node: undefined}

/** What the number of its node tells of a descriptor. */
export function identityByNode({inode}: Pick<FdInfo, 'inode'>): OpenFile {
  return inode === 0 ? NO_IDENTITY : {file: undefined, node: inode}
}

/** A new descriptor of this type. */
export function newFd(type: number, parts: Partial<FdInfo> = {}): FdInfo {
  // Spelled out: every open makes one, and spreading objects costs many times this.
  return {
    type,
    name: parts.name ?? '',
    rawName: parts.rawName ?? '',
    openFlags: parts.openFlags ?? 0,
    device: parts.device ?? 0,
    inode: parts.inode ?? 0,
    role: parts.role ?? 'none',
    connected: parts.connected ?? false,
    protocol: parts.protocol ?? PROTOCOL.unknown,
    ends: parts.ends,
    listens: parts.listens,
    unix: parts.unix,
    upperLayer: parts.upperLayer ?? false,
    lowerLayer: parts.lowerLayer ?? false,
    identity: parts.identity ?? NO_IDENTITY,
  }
}

export function isFile({type}: FdInfo): boolean {
  return type === FD.file || type === FD.fileWithFlags
}

/** An internet socket with two ends, not one that listens. */
export function isInternet({type}: FdInfo): boolean {
  return type === FD.ipv4 || type === FD.ipv6
}

/** The transport protocol. A socket with two ends has one only once it plays a role, raw ones excepted. */
export function protocolOf(fd: FdInfo): number {
  if (fd.type === FD.ipv4Server || fd.type === FD.ipv6Server) return fd.protocol
  if (!isInternet(fd)) return PROTOCOL.none
  return fd.role === 'none' && fd.protocol !== PROTOCOL.raw ? PROTOCOL.none : fd.protocol
}
