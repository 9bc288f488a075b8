import {CodedError} from '../../diagnostics/error.ts'
import type {StateNeeds} from '../host-lookup.ts'
import {type KernelThread, kernelFd, kernelThread} from './kernel-records.ts'
import {listNumbers, type ProcSource, readLink, TICK_NS} from './proc-source.ts'
import {readFds} from './read-fds.ts'
import {readProcess, type SharedFacts} from './read-thread.ts'
import {scanProc, scanProcess} from './scan-proc.ts'
import {
  type CountingSink,
  countingSink,
  type ScanCounts,
  type ScanLimits,
  type StartSink,
  type StartThread,
} from './start-sink.ts'

/**
 * Runs a kernel iterator once and hands over its records, each in a buffer that the next one overwrites.
 * @throws CodedError when the kernel has no iterators or refuses ours
 */
export type RunIterator = (kind: 'task' | 'file', onRecord: (record: Buffer) => void) => void

/** How the host was read. */
export interface StartReport {
  readonly source: 'iterators' | 'proc'
  /** Why /proc was read instead of the kernel's own lists, for the descriptors at least; undefined when these were. */
  readonly reason: string | undefined
  /** Whether the ids are those that events carry. False when /proc, which had to do, numbers another pid namespace. */
  readonly kernelIds: boolean
  readonly counts: ScanCounts
}

/** Two start times within this are one process: /proc rounds to clock ticks. */
const START_TOLERANCE_NS = 2 * TICK_NS
/** Inode of the kernel's first pid namespace (linux v6.8 include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const FIRST_PID_NAMESPACE = 0xeffffffc

/**
 * Reads what already runs: from the kernel's own lists where its iterators run, from /proc otherwise. The order of events
 * that come meanwhile is the caller's business: keep them and apply them after.
 */
export function startScan(
  proc: ProcSource,
  run: RunIterator,
  sink: StartSink,
  wants: StateNeeds,
  limits: ScanLimits,
): StartReport {
  const own = readLink('/proc/self/ns/pid')
  const shown = readLink(`${proc.root}/1/ns/pid`)
  const namespace = namespaceNumber(shown)
  const fallBack = (reason: string): StartReport => {
    const counts = scanProc(proc, sink, wants, limits)
    return {source: 'proc', reason, kernelIds: namespace === FIRST_PID_NAMESPACE, counts}
  }
  if (shown !== undefined && own !== shown)
    return fallBack('the kernel lists the pid namespace of this process, and /proc shows another')
  const threads = new Map<number, KernelThread[]>()
  let listed = 0
  try {
    run('task', record => {
      const found = kernelThread(record, proc.bootNs)
      if (found === undefined || ++listed > limits.maxThreads) return
      const process = threads.get(found.thread.pid)
      if (process === undefined) threads.set(found.thread.pid, [found])
      else process.push(found)
    })
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return fallBack(error.message)
  }
  const taken = takeKernelLists(proc, run, threads, sink, wants, limits, namespace)
  taken.counts.skippedThreads += Math.max(0, listed - limits.maxThreads)
  return {source: 'iterators', kernelIds: true, ...taken}
}

/**
 * Hands over what the kernel listed, completed from /proc, then the descriptors, then the processes that only /proc shows:
 * those that have started since, and any that the kernel keeps out of its lists.
 */
function takeKernelLists(
  proc: ProcSource,
  run: RunIterator,
  processes: ReadonlyMap<number, readonly KernelThread[]>,
  sink: StartSink,
  wants: StateNeeds,
  limits: ScanLimits,
  namespace: number,
): Pick<StartReport, 'counts' | 'reason'> {
  const counting = countingSink(sink, limits)
  const taken = new Set<number>()
  for (const [pid, threads] of processes) {
    const teller =
      threads.find(({thread, hasMemory}) => thread.tid === pid && hasMemory) ??
      threads.find(({hasMemory}) => hasMemory)
    if (teller === undefined) continue
    const known = procFacts(proc, teller, namespace, wants)
    for (const {thread} of threads)
      if (counting.thread(merged(thread, teller, known))) taken.add(thread.tid)
  }
  const reason = wants.fds ? takeKernelFds(proc, run, taken, counting, namespace) : undefined
  if (namespace === FIRST_PID_NAMESPACE) {
    for (const pid of listNumbers(proc.root))
      if (!processes.has(pid)) scanProcess(proc, pid, counting, wants)
  }
  return {counts: counting.counts, reason}
}

/**
 * Hands over the descriptors that the kernel lists. When it breaks off, those of every process are read from /proc, some of
 * them again; gives the reason then.
 */
function takeKernelFds(
  proc: ProcSource,
  run: RunIterator,
  taken: ReadonlySet<number>,
  sink: CountingSink,
  namespace: number,
): string | undefined {
  try {
    run('file', record => {
      const found = kernelFd(record)
      if (found !== undefined && taken.has(found.tid)) sink.fd(found.tid, found.fd)
    })
    return undefined
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    if (namespace !== FIRST_PID_NAMESPACE) return error.message
    for (const pid of listNumbers(proc.root)) {
      if (!taken.has(pid)) continue
      for (const fd of readFds(proc, pid, Number.POSITIVE_INFINITY)) sink.fd(pid, fd)
    }
    return error.message
  }
}

/** What /proc shows of the same process: it may have ended, and its number may be another's by now. */
function procFacts(
  proc: ProcSource,
  {thread, innerPid, pidNamespace}: KernelThread,
  namespace: number,
  wants: StateNeeds,
): SharedFacts | undefined {
  // /proc numbers processes as its own namespace does.
  const isFirst = namespace === FIRST_PID_NAMESPACE
  if (!isFirst && pidNamespace !== namespace) return undefined
  const facts = readProcess(proc, isFirst ? thread.pid : innerPid, wants)
  if (facts === undefined) return undefined
  const apart = Math.abs(facts.startedNs - (thread.startedNs ?? 0))
  return apart > START_TOLERANCE_NS ? undefined : facts
}

/** One thread: the kernel's numbers, the teller's executable and directory, and what only /proc has. */
function merged(
  thread: StartThread,
  teller: KernelThread,
  known: SharedFacts | undefined,
): StartThread {
  const {exeFixed, thread: from} = teller
  const shared: StartThread = {
    ...thread,
    exe: from.comm,
    exePath: from.exePath,
    cwd: from.cwd,
    exeInode: from.exeInode,
    exeCtimeNs: from.exeCtimeNs,
    exeMtimeNs: from.exeMtimeNs,
    exeWritable: from.exeWritable,
    exeUpperLayer: from.exeUpperLayer,
    exeLowerLayer: from.exeLowerLayer,
    exeFromMemory: from.exeFromMemory,
  }
  if (known === undefined) return shared
  const {exe, args, env} = known
  return {
    ...shared,
    exe,
    args,
    env,
    exePath: known.exePath || from.exePath,
    cwd: known.cwd || from.cwd,
    cgroups: known.cgroups.length > 0 ? known.cgroups : thread.cgroups,
    // Further groups and what a user namespace maps are known to /proc alone.
    exeWritable: known.exeInode === 0 ? from.exeWritable : known.exeWritable && !exeFixed,
  }
}

function namespaceNumber(link: string | undefined): number {
  return Number(/\[(\d+)\]/.exec(link ?? '')?.[1] ?? FIRST_PID_NAMESPACE)
}
