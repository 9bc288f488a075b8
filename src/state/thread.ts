import type {ByteString} from '../schema/bytes.ts'
import type {Event} from '../schema/event.ts'
import type {Int} from '../schema/value.ts'
import {containerIdOf} from './containers/container-id.ts'
import type {FdInfo} from './fd.ts'
import type {StartThread} from './start/start-sink.ts'

/** The name that stands for an unknown one; rules test for this text. */
export const UNKNOWN_NAME: ByteString = '<NA>'

/** "No login user" as the kernel says it. */
export const NO_LOGIN_UID = 0xffff_ffff

/** Clone flags as captures carry them, and marks of our own in bits that they leave free. */
export const CLONE = {
  files: 1,
  fs: 2,
  newMounts: 32,
  newPid: 64,
  parent: 256,
  thread: 8192,
  /** The child's event came first. */
  inverted: 1 << 16,
  vfork: 1 << 27,
  newUser: 1 << 20,
  childInPidNamespace: 1 << 29,
} as const

/** The threads of one process. */
export interface ThreadGroup {
  readonly pid: number
  readonly threads: Set<Thread>
  /** Takes over the orphans below it. */
  reaper: boolean
}

/** Values of the last enter event that the state reads. */
export interface StoredEnter {
  readonly code: number
  readonly get: Event['get']
}

/** Where a process stands in the file system; shared by processes that were made with CLONE_FS. */
export interface FileSystemPlace {
  /** The working directory with its closing slash; empty while unknown. */
  cwd: ByteString
}

/** One thread as events left it. Values of the whole process stand at its main thread. */
export interface Thread {
  readonly tid: number
  pid: number
  /** From boot to the start of the process, in nanoseconds: with `pid` its identity. 0 while unknown. */
  startedNs: number
  /** From boot to the making of the thread, in nanoseconds, as the kernel has it; undefined while unknown. */
  madeNs: Int | undefined
  /** Number of the program that the process runs, which each exec counts up; undefined while unknown. */
  execId: Int | undefined
  /** What stands for its control groups when it was made or last executed a program; only live events tell. */
  cgroupKey: Int | undefined
  parentTid: number
  sid: number
  vpgid: number
  pgid: number
  vtid: number
  vpid: number
  comm: ByteString
  exe: ByteString
  exePath: ByteString
  args: readonly ByteString[]
  env: readonly ByteString[]
  cgroups: readonly ByteString[]
  fs: FileSystemPlace
  /** Whether `fs` counts although this is not the main thread. */
  hasOwnPlace: boolean
  fdLimit: Int
  flags: number
  uid: number
  gid: number
  vmSizeKb: number
  vmRssKb: number
  vmSwapKb: number
  majorFaults: Int
  minorFaults: Int
  tty: number
  loginUid: number
  exeWritable: boolean
  exeUpperLayer: boolean
  exeLowerLayer: boolean
  exeFromMemory: boolean
  capInheritable: bigint
  capPermitted: bigint
  capEffective: bigint
  exeInode: Int
  /** Device of the executable; 0 while unknown. */
  exeDevice: number
  exeCtimeNs: bigint
  exeMtimeNs: bigint
  /** Start of the pid namespace; 0n while unknown. */
  namespaceStartNs: bigint
  /** When it was made; 0n for those of the list. */
  cloneNs: bigint
  /** From the change of the executable to the start of the process, wrapping like the peers' unsigned difference; 0n: none. */
  ctimeToCloneNs: bigint
  namespaceToCtimeNs: bigint
  /** Shared by processes that were made with CLONE_FILES. */
  fds: Map<number, FdInfo>
  /** Short id of the container; empty for the host. */
  containerId: string
  group: ThreadGroup | undefined
  dead: boolean
  /** Thread that takes over the children, told by the kernel at exit. */
  reaperTid: number
  readonly children: Set<Thread>
  /** Code of the last enter event that was kept, and its values while they are of use. */
  lastEnterCode: number
  storedEnter: StoredEnter | undefined
  /** Descriptor that the last event was about; -1 for none. */
  lastFd: number
}

/**
 * Falco 0.44 yields this for every thread of a process list of old captures, where neither time is known: its difference of
 * two times that were never set.
 */
const UNSET_NAMESPACE_TO_CTIME_NS = 18_446_744_073_709_522_288n

/** A thread of which nothing but the id is known. */
export function unknownThread(tid: number): Thread {
  return {
    ...blank(tid),
    comm: UNKNOWN_NAME,
    exe: UNKNOWN_NAME,
    uid: 0xffff_ffff,
    gid: 0xffff_ffff,
  }
}

/** A thread before anything of it is known. */
export function blank(tid: number): Thread {
  return {
    tid,
    pid: -1,
    startedNs: 0,
    madeNs: undefined,
    execId: undefined,
    cgroupKey: undefined,
    parentTid: -1,
    sid: -1,
    vpgid: -1,
    pgid: -1,
    vtid: -1,
    vpid: -1,
    comm: '',
    exe: '',
    exePath: '',
    args: [],
    env: [],
    cgroups: [],
    fs: {cwd: ''},
    hasOwnPlace: false,
    fdLimit: 0,
    flags: 0,
    uid: 0xffff_ffff,
    gid: 0xffff_ffff,
    vmSizeKb: 0,
    vmRssKb: 0,
    vmSwapKb: 0,
    majorFaults: 0,
    minorFaults: 0,
    tty: 0,
    loginUid: NO_LOGIN_UID,
    exeWritable: false,
    exeUpperLayer: false,
    exeLowerLayer: false,
    exeFromMemory: false,
    capInheritable: 0n,
    capPermitted: 0n,
    capEffective: 0n,
    exeInode: 0,
    exeDevice: 0,
    exeCtimeNs: 0n,
    exeMtimeNs: 0n,
    namespaceStartNs: 0n,
    cloneNs: 0n,
    ctimeToCloneNs: 0n,
    namespaceToCtimeNs: 0n,
    fds: new Map(),
    containerId: '',
    group: undefined,
    dead: false,
    reaperTid: -1,
    children: new Set(),
    lastEnterCode: -1,
    storedEnter: undefined,
    lastFd: -1,
  }
}

/** A thread of the process list. */
export function fromList(listed: StartThread): Thread {
  const {cwd, ...facts} = listed
  const isMain = listed.tid === listed.pid
  return {
    ...blank(listed.tid),
    ...facts,
    exePath: listed.exePath.replace(/ \(deleted\)$/, ''),
    env: isMain ? listed.env : [],
    fs: {cwd: isMain ? directoryText(cwd) : ''},
    cgroups: listed.cgroups.map(normalCgroup),
    containerId: containerIdOf(listed.cgroups)?.id ?? '',
    namespaceToCtimeNs:
      listed.exeCtimeNs === 0n && listed.namespaceStartNs === 0n
        ? UNSET_NAMESPACE_TO_CTIME_NS
        : BigInt.asUintN(64, listed.exeCtimeNs - listed.namespaceStartNs),
  }
}

/** Nothing but the id is certain: fields that need more are absent. */
export function isUnknown({tid, pid, parentTid}: Thread): boolean {
  return tid < 0 || pid < 0 || parentTid < 0
}

export function isMain({tid, pid}: Thread): boolean {
  return tid === pid
}

/** A directory with its closing slash. */
export function directoryText(path: ByteString): ByteString {
  return path.endsWith('/') ? path : `${path}/`
}

const CGROUP_NAMES = new Map([
  ['perf', 'perf_event'],
  ['mem', 'memory'],
  ['io', 'blkio'],
])

/** `subsystem=path` with the subsystem's usual name. */
export function normalCgroup(text: ByteString): ByteString {
  const equals = text.lastIndexOf('=')
  if (equals < 0) return text
  const name = text.slice(0, equals).replace('_cgroup', '')
  return `${CGROUP_NAMES.get(name) ?? name}${text.slice(equals)}`
}
