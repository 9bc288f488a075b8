import type {Int} from '../../schema/value.ts'
import type {ListedFd, ListedThread} from '../metadata.ts'

/** A thread that a scan found. What is added to lists only the kernel's own ones tell. */
export interface StartThread extends ListedThread {
  /** From boot to the making of the thread, in nanoseconds. */
  readonly madeNs?: Int
  /** How many programs its process has executed. */
  readonly execId?: Int
}

/** Takes what a scan finds: a thread before its descriptors. `MetadataSink` is one. */
export interface StartSink {
  thread(thread: StartThread): void
  fd(tid: number, fd: ListedFd): void
}

/** How much a scan hands over at most; what is past it is counted. */
export interface ScanLimits {
  readonly maxThreads: number
  readonly maxFds: number
}

/** What a scan found. */
export interface ScanCounts {
  threads: number
  fds: number
  /** Threads and descriptors past the limits; descriptors of processes past them are not counted. */
  skippedThreads: number
  skippedFds: number
}

/** A sink that counts and stops at the limits; `thread` tells whether it took the thread. */
export interface CountingSink {
  readonly counts: ScanCounts
  thread(...args: Parameters<StartSink['thread']>): boolean
  fd(...args: Parameters<StartSink['fd']>): void
}

/** Puts limits in front of a sink. */
export function countingSink(sink: StartSink, limits: ScanLimits): CountingSink {
  const counts: ScanCounts = {threads: 0, fds: 0, skippedThreads: 0, skippedFds: 0}
  return {
    counts,
    thread(thread) {
      if (counts.threads >= limits.maxThreads) {
        counts.skippedThreads++
        return false
      }
      counts.threads++
      sink.thread(thread)
      return true
    },
    fd(tid, fd) {
      if (counts.fds >= limits.maxFds) {
        counts.skippedFds++
        return
      }
      counts.fds++
      sink.fd(tid, fd)
    },
  }
}
