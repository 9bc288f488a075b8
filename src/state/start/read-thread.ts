import {type ByteString, splitTexts} from '../../schema/bytes.ts'
import type {FoundThread, HostLookup, StateNeeds} from '../host-lookup.ts'
import type {ListedThread} from '../metadata.ts'
import {CLONE, NO_LOGIN_UID} from '../thread.ts'
import {type ExeFacts, NO_EXE, readExe} from './exe-facts.ts'
import {namespaceStart} from './namespace-start.ts'
import {
  listNumbers,
  type ProcSource,
  procSource,
  readLink,
  readStart,
  TICK_NS,
} from './proc-source.ts'
import {
  parseCgroups,
  parseFdLimit,
  parseStat,
  parseStatus,
  type StatText,
  type StatusText,
} from './proc-text.ts'
import {readFd, readFds} from './read-fds.ts'

/** Bytes of arguments and of environment that are kept, as captures do. */
const TEXT_MAX = 4096
const PF_KTHREAD = 0x200000
/** Flags that listed threads have beside their process. */
const THREAD_FLAGS = CLONE.thread | CLONE.files
/** Most descriptors of one process that are handed over in one piece. */
const MAX_FDS = 1_048_576

/**
 * What all threads of a process share, as one of them shows it. `startedNs`: from boot to the start of the process,
 * nanoseconds, rounded down to a clock tick.
 */
export type SharedFacts = ExeFacts & {readonly startedNs: number} & Pick<
    ListedThread,
    | 'pid'
    | 'exe'
    | 'args'
    | 'env'
    | 'exePath'
    | 'cwd'
    | 'cgroups'
    | 'fdLimit'
    | 'loginUid'
    | 'namespaceStartNs'
  >

/** The two files that every thread has of its own. */
export interface OwnFacts {
  readonly stat: StatText
  readonly status: StatusText
  readonly comm: ByteString
}

/**
 * Reads one thread, with the descriptors of its process if they are wanted: a thread shares them with its main thread, and
 * its own list is empty. Undefined when it is gone, a kernel thread, or a process that has ended.
 */
export function readThread(
  proc: ProcSource,
  tid: number,
  wants: StateNeeds,
): FoundThread | undefined {
  const own = readOwn(proc, `${proc.root}/${tid}`)
  if (own === undefined) return undefined
  const {pid} = own.status
  const process = readProcess(proc, pid, wants)
  if (process === undefined) return undefined
  const thread = listedThread(process, tid, own)
  const fds = wants.fds && tid === pid ? [...readFds(proc, pid, MAX_FDS)] : []
  return {thread, fds}
}

/** Asks /proc for what no event told; each question sees /proc anew. */
export function procLookup(root: string, bootNs: () => bigint): HostLookup {
  return {
    thread: (tid, needs) => readThread(procSource(root, bootNs()), tid, needs),
    fd: (pid, fd) => readFd(procSource(root, bootNs()), pid, fd),
    cwd: (pid, tid) => readLink(`${root}/${pid}/task/${tid}/cwd`),
  }
}

/** The stat and status of a thread in its folder; undefined when it is gone or a kernel thread. */
export function readOwn(proc: ProcSource, folder: string): OwnFacts | undefined {
  const stat = parseStat(readStart(proc, `${folder}/stat`) ?? '')
  if (stat === undefined || (stat.flags & PF_KTHREAD) !== 0) return undefined
  const text = readStart(proc, `${folder}/status`)
  if (text === undefined) return undefined
  // Only a name with a backslash differs from what stat holds: the file with the plain one is spared otherwise.
  const plain = stat.escapedComm.includes('\\') ? readStart(proc, `${folder}/comm`) : undefined
  return {stat, status: parseStatus(text), comm: plain?.replace(/\n$/, '') ?? stat.escapedComm}
}

/**
 * What the threads of a process share. When its main thread has ended but others live, one of these tells. Undefined when
 * there is neither a command line nor an executable: a kernel thread, a process that has ended, or one not for us to see.
 */
export function readProcess(
  proc: ProcSource,
  pid: number,
  wants: Pick<StateNeeds, 'env'>,
): SharedFacts | undefined {
  const own = readOwn(proc, `${proc.root}/${pid}`)
  return own && readShared(proc, pid, own, wants)
}

/** {@link readProcess} when the main thread's own files have been read. */
export function readShared(
  proc: ProcSource,
  pid: number,
  own: OwnFacts,
  wants: Pick<StateNeeds, 'env'>,
): SharedFacts | undefined {
  const folder = `${proc.root}/${pid}`
  const teller = tellerOf(proc, pid, own.status.threads)
  if (teller === undefined) return undefined
  const {tid, command, exeLink} = teller
  const at = tid === pid ? folder : `${folder}/task/${tid}`
  const words = splitTexts(command)
  return {
    pid,
    startedNs: own.stat.startTicks * TICK_NS,
    exe: words[0] ?? '',
    args: words.slice(1),
    env: wants.env ? splitTexts(readStart(proc, `${at}/environ`, TEXT_MAX) ?? '') : [],
    exePath: exeLink ?? '',
    cwd: readLink(`${at}/cwd`) ?? '',
    cgroups: parseCgroups(readStart(proc, `${folder}/cgroup`) ?? ''),
    fdLimit: parseFdLimit(readStart(proc, `${folder}/limits`) ?? ''),
    loginUid: loginUidOf(readStart(proc, `${folder}/loginuid`) ?? ''),
    namespaceStartNs: namespaceStart(proc, pid, own.status),
    ...(exeLink === undefined ? NO_EXE : readExe(proc, tid, exeLink, own.status)),
  }
}

interface Teller {
  readonly tid: number
  readonly command: ByteString
  readonly exeLink: ByteString | undefined
}

/** The main thread, or a living thread of a process whose main thread has ended. */
function tellerOf(proc: ProcSource, pid: number, threads: number): Teller | undefined {
  const folder = `${proc.root}/${pid}`
  const ask = (tid: number): Teller | undefined => {
    const at = tid === pid ? folder : `${folder}/task/${tid}`
    const command = readStart(proc, `${at}/cmdline`, TEXT_MAX) ?? ''
    const exeLink = readLink(`${at}/exe`)
    return command === '' && exeLink === undefined ? undefined : {tid, command, exeLink}
  }
  const main = ask(pid)
  if (main !== undefined || threads < 2) return main
  const other = listNumbers(`${folder}/task`).find(tid => tid !== pid)
  return other === undefined ? undefined : ask(other)
}

function loginUidOf(text: ByteString): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : NO_LOGIN_UID
}

/** Puts a thread together. What belongs to the whole process stands at its main thread, the same for the others. */
export function listedThread(
  process: SharedFacts,
  tid: number,
  {stat, status, comm}: OwnFacts,
): ListedThread {
  return {
    ...process,
    tid,
    parentTid: status.parentPid,
    sid: stat.session,
    vpgid: status.pgids.at(-1) ?? stat.group,
    pgid: stat.group,
    vtid: status.tids.at(-1) ?? tid,
    vpid: status.pids.at(-1) ?? process.pid,
    comm,
    flags: tid === process.pid ? 0 : THREAD_FLAGS,
    uid: status.uid,
    gid: status.gid,
    vmSizeKb: status.vmSizeKb,
    vmRssKb: status.vmRssKb,
    vmSwapKb: status.vmSwapKb,
    majorFaults: stat.majorFaults,
    minorFaults: stat.minorFaults,
    tty: stat.tty,
    capInheritable: status.capInheritable,
    capPermitted: status.capPermitted,
    capEffective: status.capEffective,
  }
}
