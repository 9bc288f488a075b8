import type {StateNeeds} from '../host-lookup.ts'
import {listNumbers, type ProcSource} from './proc-source.ts'
import {readFds} from './read-fds.ts'
import {listedThread, type OwnFacts, readOwn, readShared} from './read-thread.ts'
import {
  type CountingSink,
  countingSink,
  type ScanCounts,
  type ScanLimits,
  type StartSink,
} from './start-sink.ts'

/**
 * Reads every process of /proc, in ascending order: its threads, then its descriptors if they are wanted. Kernel threads,
 * processes that have ended, and those that end meanwhile are left out.
 */
export function scanProc(
  proc: ProcSource,
  sink: StartSink,
  wants: StateNeeds,
  limits: ScanLimits,
): ScanCounts {
  const counting = countingSink(sink, limits)
  for (const pid of listNumbers(proc.root)) scanProcess(proc, pid, counting, wants)
  return counting.counts
}

/** Reads one process with all its threads; false when there is none, or nothing of it was taken. */
export function scanProcess(
  proc: ProcSource,
  pid: number,
  sink: CountingSink,
  wants: StateNeeds,
  main: OwnFacts | undefined = readOwn(proc, `${proc.root}/${pid}`),
): boolean {
  const process = main && readShared(proc, pid, main, wants)
  if (main === undefined || process === undefined) return false
  if (!sink.thread(listedThread(process, pid, main))) return false
  if (main.status.threads > 1) {
    for (const tid of listNumbers(`${proc.root}/${pid}/task`)) {
      const own = tid === pid ? undefined : readOwn(proc, `${proc.root}/${pid}/task/${tid}`)
      if (own !== undefined) sink.thread(listedThread(process, tid, own))
    }
  }
  if (wants.fds) {
    for (const fd of readFds(proc, pid, Number.POSITIVE_INFINITY)) sink.fd(pid, fd)
  }
  return true
}
