import type {ByteString} from '../../schema/bytes.ts'
import {FD, PROTOCOL} from '../fd.ts'
import type {ListedFd, SocketEnds} from '../metadata.ts'
import {type ProcSource, readLink, readList} from './proc-source.ts'

/** What the files of a network namespace tell of one socket: the parts of a {@link ListedFd} that belong to it. */
export type NetSocket = Pick<ListedFd, 'type' | 'name' | 'protocol' | 'ends' | 'listens' | 'unix'>

/** Most sockets of one namespace that are kept. */
const MAX_SOCKETS = 4_194_304
const MAPPED = '\0\0\0\0\0\0\0\0\0\0\xff\xff'
const INTERNET_FILES: readonly (readonly [file: string, protocol: number])[] = [
  ['tcp', PROTOCOL.tcp],
  ['tcp6', PROTOCOL.tcp],
  ['udp', PROTOCOL.udp],
  ['udp6', PROTOCOL.udp],
  ['raw', PROTOCOL.raw],
  ['raw6', PROTOCOL.raw],
]

/** The sockets of the thread's network namespace by inode, read once per namespace. */
export function socketsOf(proc: ProcSource, tid: number): ReadonlyMap<number, NetSocket> {
  const folder = `${proc.root}/${tid}`
  const namespace = readLink(`${folder}/ns/net`) ?? `of ${tid}`
  const known = proc.sockets.get(namespace)
  if (known !== undefined) return known
  const sockets = new Map<number, NetSocket>()
  for (const [file, protocol] of INTERNET_FILES)
    parseInternet(readList(proc, `${folder}/net/${file}`) ?? '', protocol, sockets)
  parseUnix(readList(proc, `${folder}/net/unix`) ?? '', sockets)
  parseNetlink(readList(proc, `${folder}/net/netlink`) ?? '', sockets)
  proc.sockets.set(namespace, sockets)
  return sockets
}

/** Reads net/tcp and its like: `sl local remote st queues timer retransmits uid timeout inode …`. */
export function parseInternet(
  text: ByteString,
  protocol: number,
  sockets: Map<number, NetSocket>,
): void {
  for (const line of text.split('\n')) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/ +/)
    if (local === undefined || remote === undefined || !/^\d+$/.test(inode ?? '')) continue
    const [from, to] = [endOf(local), endOf(remote)]
    if (from === undefined || to === undefined || sockets.size >= MAX_SOCKETS) continue
    sockets.set(Number(inode), internetSocket(endsOf(from, to), protocol))
  }
}

interface End {
  readonly address: ByteString
  readonly port: number
}

function endsOf(local: End, remote: End): SocketEnds {
  return {
    sourceAddress: local.address,
    sourcePort: local.port,
    targetAddress: remote.address,
    targetPort: remote.port,
  }
}

/**
 * A socket with its own end first. One without a remote address counts as one that listens; IPv4 in IPv6 clothes becomes
 * plain.
 */
export function internetSocket(ends: SocketEnds, protocol: number): NetSocket {
  const {sourceAddress, sourcePort, targetAddress, targetPort} = ends
  const noRemote = /^\0+$/.test(targetAddress)
  const isPlain =
    sourceAddress.length === 4 ||
    (sourceAddress.startsWith(MAPPED) && (noRemote || targetAddress.startsWith(MAPPED)))
  if (noRemote) {
    const address = isPlain ? sourceAddress.slice(-4) : sourceAddress
    const type = isPlain ? FD.ipv4Server : FD.ipv6Server
    return {type, name: '', protocol, listens: {address, port: sourcePort}}
  }
  const plain = {
    sourceAddress: isPlain ? sourceAddress.slice(-4) : sourceAddress,
    sourcePort,
    targetAddress: isPlain ? targetAddress.slice(-4) : targetAddress,
    targetPort,
  }
  return {type: isPlain ? FD.ipv4 : FD.ipv6, name: '', protocol, ends: plain}
}

/** `0100007F:0016`: the address as words of the machine (little-endian), the port as a number. */
function endOf(text: ByteString): End | undefined {
  const [digits = '', port = ''] = text.split(':')
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(digits) || !/^[0-9A-F]{1,4}$/.test(port))
    return undefined
  let address = ''
  for (let word = 0; word < digits.length; word += 8) {
    for (let at = word + 6; at >= word; at -= 2)
      address += String.fromCharCode(Number.parseInt(digits.slice(at, at + 2), 16))
  }
  return {address, port: Number.parseInt(port, 16)}
}

/**
 * Reads net/unix: `socket: references protocol flags type state inode path`. The path stands there raw, so one with a line
 * feed can make up a line of another socket: of two lines with one inode neither path is believed.
 */
export function parseUnix(text: ByteString, sockets: Map<number, NetSocket>): void {
  const seen = new Set<number>()
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{1,16}): \S+ \S+ \S+ \S+ \S+ +(\d+)(?: (.*))?$/s.exec(line)
    if (match === null || sockets.size >= MAX_SOCKETS) continue
    const inode = Number(match[2])
    const name = seen.has(inode) ? '' : (match[3] ?? '')
    seen.add(inode)
    const unix = {source: BigInt(`0x${match[1]}`), target: 0n}
    sockets.set(inode, {type: FD.unix, name, protocol: PROTOCOL.unknown, unix})
  }
}

/** Reads net/netlink: the inode is the last word. */
export function parseNetlink(text: ByteString, sockets: Map<number, NetSocket>): void {
  for (const line of text.split('\n')) {
    const inode = /^[0-9a-f]+ .* (\d+) *$/.exec(line)?.[1]
    if (inode === undefined || sockets.size >= MAX_SOCKETS) continue
    sockets.set(Number(inode), {type: FD.netlink, name: '', protocol: PROTOCOL.unknown})
  }
}
