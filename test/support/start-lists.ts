import type {ListedFd} from '../../src/state/metadata.ts'
import type {ScanLimits, StartSink, StartThread} from '../../src/state/start/start-sink.ts'

/** Limits that no test reaches. */
export const WIDE_LIMITS: ScanLimits = {maxThreads: 1_000_000, maxFds: 1_000_000}

/** A sink that keeps everything, by id. */
export interface StartLists extends StartSink {
  readonly threads: Map<number, StartThread>
  /** By thread, then by number. */
  readonly fds: Map<number, Map<number, ListedFd>>
}

/** An empty {@link StartLists}. */
export function startLists(): StartLists {
  const threads = new Map<number, StartThread>()
  const fds = new Map<number, Map<number, ListedFd>>()
  return {
    threads,
    fds,
    thread: thread => threads.set(thread.tid, thread),
    fd: (tid, fd) => {
      if (!threads.has(tid)) throw new Error(`descriptor ${fd.fd} came before its thread ${tid}`)
      const table = fds.get(tid) ?? new Map<number, ListedFd>()
      fds.set(tid, table.set(fd.fd, fd))
    },
  }
}
