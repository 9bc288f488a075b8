/** Reads the records of the kernel iterators into the form in which lists carry threads and descriptors. */
import type {ByteString} from '../../schema/bytes.ts'
import {
  FILE_RECORD,
  SOCKET_ENDS,
  type StartLayout,
  TASK_RECORD,
} from '../../schema/captures/start-records.ts'
import {SLOT_FLAG} from '../../schema/record-layout.ts'
import {canonicalInt} from '../../schema/value.ts'
import {FD, PROTOCOL} from '../fd.ts'
import type {ListedFd} from '../metadata.ts'
import {CLONE} from '../thread.ts'
import {canWrite, type ExeFacts, NO_EXE} from './exe-facts.ts'
import {carriedFlags, fdKind} from './fd-kind.ts'
import {internetSocket, type NetSocket} from './net-files.ts'
import {commonCgroups, deviceNumber} from './proc-text.ts'
import type {StartThread} from './start-sink.ts'

const PAGE_KB = 4
const OVERLAYFS_MAGIC = 0x794c7630
/** Flag of a mounted file system (linux v6.8 include/linux/fs.h). */
const SB_RDONLY = 1
/** Flag of an inode that nobody may change (linux v6.8 include/linux/fs.h). */
const S_IMMUTABLE = 8
/** The top bit of the nanoseconds marks times that were looked at (linux v6.13 fs/inode.c, I_CTIME_QUERIED). */
const NANOSECONDS = 0x7fff_ffff
const O_CLOEXEC = 0o2000000
const AF = {unix: 1, inet: 2, inet6: 10, netlink: 16} as const
/** Transport protocols by their number in IP. */
const PROTOCOLS: ReadonlyMap<number, number> = new Map([
  [1, PROTOCOL.icmp],
  [6, PROTOCOL.tcp],
  [17, PROTOCOL.udp],
  [58, PROTOCOL.icmp],
])
const SOCK_RAW = 3

/** A thread as the kernel's own view has it. Its arguments and environment are in user memory: they are not in it. */
export interface KernelThread {
  readonly thread: StartThread
  /** Number of its innermost pid namespace (inode), and its process's number there. */
  readonly pidNamespace: number
  readonly innerPid: number
  /** Whether it has memory of its own: kernel threads and what has ended have none. */
  readonly hasMemory: boolean
  /** Whether nobody may write its executable, whoever asks: a read-only file system, an immutable file. */
  readonly exeFixed: boolean
}

type Numbers = (name: keyof typeof TASK_RECORD.numbers & string) => number

/** Reads a {@link TASK_RECORD}; undefined when it is cut. `bootNs`: nanoseconds from the epoch to boot. */
export function kernelThread(record: Buffer, bootNs: bigint): KernelThread | undefined {
  if (record.length < TASK_RECORD.fixedSize) return undefined
  const number: Numbers = name => low(record, TASK_RECORD.numbers[name])
  const long = (name: keyof typeof TASK_RECORD.numbers & string): bigint =>
    record.readBigUInt64LE(TASK_RECORD.numbers[name])
  const [tid, pid] = [number('tid'), number('pid')]
  const exe = pathOf(slot(record, TASK_RECORD, 'exePath'))
  const cgroup = slot(record, TASK_RECORD, 'cgroup')
  const kilobytes = (...names: Parameters<Numbers>[0][]): number =>
    Math.max(
      0,
      names.reduce((sum, name) => sum + signed(record, name), 0),
    ) * PAGE_KB
  const exeFixed =
    (number('exeMountFlags') & SB_RDONLY) !== 0 || (number('exeInodeFlags') & S_IMMUTABLE) !== 0
  const thread: StartThread = {
    tid,
    pid,
    startedNs: Number(long('processStart')),
    parentTid: number('parentTid'),
    sid: number('session'),
    pgid: number('group'),
    vpgid: number('innerGroup'),
    vtid: number('innerTid'),
    vpid: number('innerPid'),
    comm: slot(record, TASK_RECORD, 'comm').text,
    exe: '',
    exePath: exe.path,
    args: [],
    env: [],
    cgroups: commonCgroups(`/${turned(cgroup.text)}`),
    cwd: pathOf(slot(record, TASK_RECORD, 'cwd')).path,
    fdLimit: canonicalInt(long('fdLimit')),
    flags:
      tid === pid ? 0 : number('sharesFiles') === 0 ? CLONE.thread : CLONE.thread | CLONE.files,
    execId: number('execId'),
    madeNs: canonicalInt(long('threadStart')),
    uid: number('uid'),
    gid: number('gid'),
    vmSizeKb: kilobytes('totalPages'),
    vmRssKb: kilobytes('filePages', 'anonymousPages', 'sharedPages'),
    vmSwapKb: kilobytes('swapPages'),
    majorFaults: canonicalInt(long('majorFaults')),
    minorFaults: canonicalInt(long('minorFaults')),
    namespaceStartNs: long('namespaceStart') === 0n ? 0n : bootNs + long('namespaceStart'),
    tty: deviceNumber(number('ttyMajor'), number('ttyMinor') + number('ttyIndex')),
    loginUid: number('loginUid'),
    capInheritable: long('capInheritable'),
    capPermitted: long('capPermitted'),
    capEffective: long('capEffective'),
    ...exeFacts(number, long, exe.isMemory, exeFixed),
  }
  const hasMemory = number('exeInode') !== 0 || exe.path !== ''
  return {
    thread,
    pidNamespace: number('pidNamespace'),
    innerPid: number('innerPid'),
    hasMemory,
    exeFixed,
  }
}

function exeFacts(
  number: Numbers,
  long: (name: keyof typeof TASK_RECORD.numbers & string) => bigint,
  isMemory: boolean,
  exeFixed: boolean,
): ExeFacts {
  if (number('exeInode') === 0) return {...NO_EXE, exeFromMemory: isMemory}
  const time = (sec: 'exeCtimeSec' | 'exeMtimeSec', nsec: 'exeCtimeNsec' | 'exeMtimeNsec') =>
    BigInt.asIntN(64, long(sec)) * 1_000_000_000n + BigInt(number(nsec) & NANOSECONDS)
  const isOverlay = number('exeMagic') === OVERLAYFS_MAGIC
  const isUpper = isOverlay && number('exeUpperInode') !== 0
  const writer = {
    uid: number('fsUid'),
    gid: number('fsGid'),
    groups: [],
    capEffective: long('capEffective'),
    // Which ids a user namespace maps is not in the record; /proc tells where it can.
    mapsFile: () => true,
  }
  const file = {uid: number('exeUid'), gid: number('exeGid'), mode: number('exeMode')}
  return {
    exeInode: canonicalInt(long('exeInode')),
    exeCtimeNs: time('exeCtimeSec', 'exeCtimeNsec'),
    exeMtimeNs: time('exeMtimeSec', 'exeMtimeNsec'),
    exeWritable: !exeFixed && canWrite(writer, file),
    exeUpperLayer: isUpper,
    exeLowerLayer: isOverlay && !isUpper,
    exeFromMemory: isMemory,
  }
}

/** A descriptor with the thread whose table holds it. */
export interface KernelFd {
  readonly tid: number
  readonly pid: number
  readonly fd: ListedFd
}

/** Reads a {@link FILE_RECORD}; undefined when it is cut, and for sockets of families that lists do not carry. */
export function kernelFd(record: Buffer): KernelFd | undefined {
  if (record.length < FILE_RECORD.fixedSize) return undefined
  const number = (name: keyof typeof FILE_RECORD.numbers & string): number =>
    low(record, FILE_RECORD.numbers[name])
  const link = slot(record, FILE_RECORD, 'link').text
  const kind = fdKind(link, number('mode'))
  const native = number('flags') | (number('closeOnExec') === 0 ? 0 : O_CLOEXEC)
  const device = number('device')
  const base = {
    fd: number('fd'),
    inode: canonicalInt(record.readBigUInt64LE(FILE_RECORD.numbers.inode)),
    openFlags: carriedFlags(native, kind),
    device: kind.isFile ? deviceNumber(device >>> 20, device & 0xfffff) : 0,
  }
  const owner = {tid: number('tid'), pid: number('pid')}
  if (!kind.isSocket)
    return {...owner, fd: {...base, type: kind.type, name: kind.name, protocol: 0}}
  const socket = kernelSocket(record, number)
  return socket && {...owner, fd: {...base, ...socket}}
}

function kernelSocket(
  record: Buffer,
  number: (name: keyof typeof FILE_RECORD.numbers & string) => number,
): NetSocket | undefined {
  const family = number('family')
  if (family === AF.netlink) return {type: FD.netlink, name: '', protocol: PROTOCOL.unknown}
  if (family === AF.unix) {
    const name = unixName(slot(record, FILE_RECORD, 'unixAddress').text.slice(2))
    const unix = {
      source: record.readBigUInt64LE(FILE_RECORD.numbers.socket),
      target: record.readBigUInt64LE(FILE_RECORD.numbers.peer),
    }
    return {type: FD.unix, name, protocol: PROTOCOL.unknown, unix}
  }
  if (family !== AF.inet && family !== AF.inet6) return undefined
  const protocol =
    number('socketType') === SOCK_RAW
      ? PROTOCOL.raw
      : (PROTOCOLS.get(number('protocol')) ?? PROTOCOL.unknown)
  const ends = slot(record, FILE_RECORD, 'ends').text
  const unbound: NetSocket = {type: family === AF.inet ? FD.ipv4 : FD.ipv6, name: '', protocol}
  if (ends.length < SOCKET_ENDS.size) return unbound
  const bytes = (at: number, size: number): ByteString => ends.slice(at, at + size)
  const size = family === AF.inet ? 4 : 16
  const {local4, local6, remote4, remote6, localPort, remotePort} = SOCKET_ENDS
  const sourcePort = ends.charCodeAt(localPort) | (ends.charCodeAt(localPort + 1) << 8)
  const targetAddress = bytes(size === 4 ? remote4 : remote6, size)
  // Neither bound nor connected: no file of /proc/net lists it, and it listens to nothing.
  if (sourcePort === 0 && /^\0+$/.test(targetAddress)) return unbound
  return internetSocket(
    {
      sourceAddress: bytes(size === 4 ? local4 : local6, size),
      sourcePort,
      targetAddress,
      targetPort: (ends.charCodeAt(remotePort) << 8) | ends.charCodeAt(remotePort + 1),
    },
    protocol,
  )
}

/** As /proc/net/unix writes it: abstract names begin with `@`, and so do the NULs in them. */
function unixName(name: ByteString): ByteString {
  if (name.startsWith('\0')) return name.replaceAll('\0', '@')
  const end = name.indexOf('\0')
  return end < 0 ? name : name.slice(0, end)
}

interface SlotText {
  readonly text: ByteString
  readonly flags: number
}

function slot<N extends string, V extends string>(
  record: Buffer,
  layout: StartLayout<N, V>,
  name: V,
): SlotText {
  const {offset} = layout.slots[name]
  const from = record.readUInt32LE(offset)
  const to = from + record.readUInt16LE(offset + 4)
  return {text: record.toString('latin1', from, to), flags: record.readUInt16LE(offset + 6)}
}

/** Names from the last to the first, NUL between them, into a path without its first slash. */
function turned(names: ByteString): ByteString {
  return names
    .split('\0')
    .filter(name => name !== '')
    .reverse()
    .join('/')
}

/** The path of a walk; empty when there was none, it was cut, or it leads to no file system root. */
function pathOf({text, flags}: SlotText): {readonly path: ByteString; readonly isMemory: boolean} {
  const path = `/${turned(text)}`
  if ((flags & SLOT_FLAG.detached) !== 0) {
    const isMemory = path.startsWith('/memfd:')
    return {path: isMemory ? `${path} (deleted)` : '', isMemory}
  }
  return {path: (flags & SLOT_FLAG.whole) === 0 ? '' : path, isMemory: false}
}

/** A number of at most 53 bits; larger ones are no ids, modes or flags. */
function low(record: Buffer, at: number): number {
  return record.readUInt32LE(at) + (record.readUInt32LE(at + 4) & 0x1fffff) * 2 ** 32
}

function signed(record: Buffer, name: Parameters<Numbers>[0]): number {
  return Number(record.readBigInt64LE(TASK_RECORD.numbers[name]))
}
