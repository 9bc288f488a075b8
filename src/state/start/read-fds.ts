import {statSync} from 'node:fs'
import type {ByteString} from '../../schema/bytes.ts'
import {canonicalInt} from '../../schema/value.ts'
import type {ListedFd} from '../metadata.ts'
import {carriedFlags, fdKind, inodeOfLink} from './fd-kind.ts'
import {isSlow, mountsOf} from './mounts.ts'
import {type NetSocket, socketsOf} from './net-files.ts'
import {listNumbers, type ProcSource, readLink, readStart} from './proc-source.ts'
import {type FdInfoText, type Mount, parseFdInfo} from './proc-text.ts'

const S_IFDIR = 0o040000
const O_DIRECTORY = 0o200000
/** The lines that count stand in front; an epoll instance adds one for each descriptor that it watches. */
const FDINFO_BYTES = 512

/** What the descriptors of one process share, looked up when the first of them needs it. */
interface Surroundings {
  readonly mounts: () => ReadonlyMap<number, Mount>
  readonly sockets: () => ReadonlyMap<number, NetSocket>
}

function surroundingsOf(proc: ProcSource, tid: number): Surroundings {
  let mounts: ReadonlyMap<number, Mount> | undefined
  let sockets: ReadonlyMap<number, NetSocket> | undefined
  return {
    mounts: () => {
      mounts ??= mountsOf(proc, tid)
      return mounts
    },
    sockets: () => {
      sockets ??= socketsOf(proc, tid)
      return sockets
    },
  }
}

/** The open descriptors of a process (or of a thread), in ascending order, at most `limit`. */
export function* readFds(
  proc: ProcSource,
  tid: number,
  limit: number,
): Generator<ListedFd, void, undefined> {
  const around = surroundingsOf(proc, tid)
  let left = limit
  for (const fd of listNumbers(`${proc.root}/${tid}/fd`)) {
    if (left-- <= 0) return
    const listed = readOne(proc, tid, fd, around)
    if (listed !== undefined) yield listed
  }
}

/**
 * One open descriptor. Undefined when it is closed, and for sockets that the files of the network namespace do not list:
 * those of other families, and internet and netlink ones that were neither bound nor connected.
 */
export function readFd(proc: ProcSource, tid: number, fd: number): ListedFd | undefined {
  return readOne(proc, tid, fd, surroundingsOf(proc, tid))
}

function readOne(
  proc: ProcSource,
  tid: number,
  fd: number,
  around: Surroundings,
): ListedFd | undefined {
  const folder = `${proc.root}/${tid}`
  const path = `${folder}/fd/${fd}`
  const link = readLink(path)
  if (link === undefined) return undefined
  const info = parseFdInfo(readStart(proc, `${folder}/fdinfo/${fd}`, FDINFO_BYTES) ?? '')
  const hasPath = link.startsWith('/') && !link.startsWith('/memfd:')
  const mount = hasPath ? around.mounts().get(info.mount) : undefined
  const kind = fdKind(link, hasPath ? modeOf(path, info, mount) : 0)
  const openFlags = carriedFlags(info.flags, kind)
  if (kind.isSocket) {
    const inode = inodeOfLink(link)
    const socket = around.sockets().get(inode)
    return socket && {fd, inode, openFlags, device: 0, ...socket}
  }
  const {type, name, isFile} = kind
  const device = isFile ? (mount?.device ?? 0) : 0
  const inode = link.startsWith('pipe:[') ? inodeOfLink(link) : inodeOf(path, info, link, mount)
  return {fd, type, inode, name, openFlags, device, protocol: 0}
}

/** The mode of what is open; a file system that may not answer is not asked. */
function modeOf(path: string, info: FdInfoText, mount: Mount | undefined): number {
  const guess = (info.flags & O_DIRECTORY) === 0 ? 0 : S_IFDIR
  if (mount !== undefined && isSlow(mount)) return guess
  try {
    return statSync(path, {throwIfNoEntry: false})?.mode ?? guess
  } catch {
    // Closed meanwhile, or its file system is gone.
    return guess
  }
}

/** Kernels before 5.14 tell the inode by stat alone. */
function inodeOf(
  path: string,
  info: FdInfoText,
  link: ByteString,
  mount: Mount | undefined,
): ListedFd['inode'] {
  if (info.inode !== 0) return info.inode
  if (link.startsWith('/') && mount !== undefined && isSlow(mount)) return 0
  try {
    return canonicalInt(statSync(path, {bigint: true}).ino)
  } catch {
    // As above.
    return 0
  }
}
