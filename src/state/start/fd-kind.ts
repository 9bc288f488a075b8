import type {ByteString} from '../../schema/bytes.ts'
import {fromNative} from '../../schema/flag-table.ts'
import {FLAG_TABLES} from '../../schema/tables/flags.ts'
import {FD} from '../fd.ts'

/** A descriptor of a kind that captures have no number for. */
export const UNSUPPORTED_FD = 10

const S_IFMT = 0o170000
const S_IFDIR = 0o040000
const S_IFIFO = 0o010000
const O_CLOEXEC = 0o2000000
/** Close-on-exec among the flags as captures carry them. */
const CARRIED_CLOEXEC = 1 << 12

const ANONYMOUS: ReadonlyMap<ByteString, number> = new Map([
  ['[eventfd]', FD.event],
  ['[signalfd]', FD.signalfd],
  ['[eventpoll]', FD.eventpoll],
  ['inotify', FD.inotify],
  ['[timerfd]', FD.timerfd],
  ['[io_uring]', FD.ioUring],
  ['[userfaultfd]', FD.userfaultfd],
  ['[pidfd]', FD.pidfd],
])

/** What kind of descriptor a link stands for, and the name that captures give it. Sockets are told by their inode. */
export interface FdKind {
  readonly type: number
  readonly name: ByteString
  readonly isSocket: boolean
  /** Whether the flags of opening and the device belong to it. */
  readonly isFile: boolean
}

/** Tells kinds apart by the link's text and, for what has a path, the mode of the file. */
export function fdKind(link: ByteString, mode: number): FdKind {
  const kind = (type: number, name: ByteString, parts: Partial<FdKind> = {}): FdKind => ({
    type,
    name,
    isSocket: false,
    isFile: false,
    ...parts,
  })
  if (link.startsWith('socket:[')) return kind(FD.unknown, '', {isSocket: true})
  if (link.startsWith('pipe:[')) return kind(FD.pipe, link)
  if (link.startsWith('pidfd:[')) return kind(FD.pidfd, '')
  if (link.startsWith('anon_inode:')) return kind(anonymousType(link.slice(11)), '')
  if (link.startsWith('/memfd:')) return kind(FD.memfd, link)
  if ((mode & S_IFMT) === S_IFIFO) return kind(FD.pipe, link)
  const type = (mode & S_IFMT) === S_IFDIR ? FD.directory : FD.fileWithFlags
  return kind(type, link, {isFile: true})
}

function anonymousType(name: ByteString): number {
  if (name.startsWith('bpf') || name.startsWith('[bpf')) return FD.bpf
  return ANONYMOUS.get(name) ?? UNSUPPORTED_FD
}

/** Flags as captures carry them: all of a file's, close-on-exec of everything else. */
export function carriedFlags(native: number, {isFile}: FdKind): number {
  if (isFile) return fromNative(FLAG_TABLES.file_flags, native, true)
  return (native & O_CLOEXEC) === 0 ? 0 : CARRIED_CLOEXEC
}

/** The number in `socket:[123]`. */
export function inodeOfLink(link: ByteString): number {
  return Number(/\[(\d{1,15})\]$/.exec(link)?.[1] ?? 0)
}
