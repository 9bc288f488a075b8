import type {ByteString} from '../../schema/bytes.ts'
import type {StateNeeds} from '../host-lookup.ts'
import {listNumbers, type ProcSource, readLink, TICK_NS} from './proc-source.ts'
import {listedThread, type OwnFacts, readOwn, readProcess} from './read-thread.ts'
import {scanProcess} from './scan-proc.ts'
import {
  type CountingSink,
  countingSink,
  type ScanCounts,
  type ScanLimits,
  type StartSink,
} from './start-sink.ts'

/** What the state holds of a thread, as far as a rescan compares it. */
export interface KnownThread {
  readonly tid: number
  readonly pid: number
  /** From boot to the start of its process, nanoseconds; 0 while unknown. */
  readonly startedNs: number
  readonly comm: ByteString
  readonly exePath: ByteString
}

/** What a rescan found. */
export interface RescanResult {
  /** Known threads that are no more, or whose number has gone to another: drop these before the new ones are taken. */
  readonly gone: readonly number[]
  /** Processes that were read anew, and threads that were added to known ones. */
  readonly changed: number
  readonly counts: ScanCounts
}

/** Two start times within this are one process: /proc rounds to clock ticks. */
const START_TOLERANCE_NS = 2 * TICK_NS

/**
 * Compares what is known with /proc. Of a process that seems the same only the stat and status files, the link of its
 * executable and the names of its threads are looked at. New processes, those that have taken another's number, and
 * those that run another program are read whole. The sink is called after everything has been compared, so that the caller
 * may use {@link RescanResult.gone} first: pass a `begin` for that.
 *
 * A process whose descriptors or working directory alone have changed is not told apart.
 */
export function rescanProc(
  proc: ProcSource,
  known: Iterable<KnownThread>,
  sink: StartSink & {begin?(gone: readonly number[]): void},
  wants: StateNeeds,
  limits: ScanLimits,
): RescanResult {
  const processes = byProcess(known)
  const gone: number[] = []
  const reads: ((sink: CountingSink) => void)[] = []
  for (const pid of listNumbers(proc.root)) {
    const own = readOwn(proc, `${proc.root}/${pid}`)
    if (own === undefined) continue
    const threads = processes.get(pid)
    processes.delete(pid)
    if (threads === undefined || !isSame(proc, pid, own, threads)) {
      if (threads !== undefined) gone.push(...threads.keys())
      reads.push(counting => scanProcess(proc, pid, counting, wants, own))
      continue
    }
    compareThreads(proc, pid, own, threads, gone, reads, wants)
  }
  for (const threads of processes.values()) gone.push(...threads.keys())
  sink.begin?.(gone)
  const counting = countingSink(sink, limits)
  for (const read of reads) read(counting)
  return {gone, changed: reads.length, counts: counting.counts}
}

function byProcess(known: Iterable<KnownThread>): Map<number, Map<number, KnownThread>> {
  const processes = new Map<number, Map<number, KnownThread>>()
  for (const thread of known) {
    let threads = processes.get(thread.pid)
    if (threads === undefined) {
      threads = new Map()
      processes.set(thread.pid, threads)
    }
    threads.set(thread.tid, thread)
  }
  return processes
}

function isSame(
  proc: ProcSource,
  pid: number,
  {stat, comm}: OwnFacts,
  threads: ReadonlyMap<number, KnownThread>,
): boolean {
  const main = threads.get(pid)
  if (main === undefined || main.comm !== comm) return false
  if (Math.abs(main.startedNs - stat.startTicks * TICK_NS) > START_TOLERANCE_NS) return false
  const exe = readLink(`${proc.root}/${pid}/exe`)
  return exe === undefined || plain(exe) === plain(main.exePath)
}

function plain(path: ByteString): ByteString {
  return path.replace(/ \(deleted\)$/, '')
}

function compareThreads(
  proc: ProcSource,
  pid: number,
  own: OwnFacts,
  known: ReadonlyMap<number, KnownThread>,
  gone: number[],
  reads: ((sink: CountingSink) => void)[],
  wants: StateNeeds,
): void {
  if (own.status.threads === 1 && known.size === 1) return
  const now = new Set(listNumbers(`${proc.root}/${pid}/task`))
  for (const tid of known.keys()) if (tid !== pid && !now.has(tid)) gone.push(tid)
  const added = [...now].filter(tid => !known.has(tid))
  if (added.length === 0) return
  reads.push(sink => {
    const process = readProcess(proc, pid, wants)
    if (process === undefined) return
    for (const tid of added) {
      const facts = readOwn(proc, `${proc.root}/${pid}/task/${tid}`)
      if (facts !== undefined) sink.thread(listedThread(process, tid, facts))
    }
  })
}
