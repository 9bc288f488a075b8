/** Threads that stop sharing their descriptors or their working directory with others. */
import {CLONE, isMain, type Thread} from '../thread.ts'
import type {ThreadTable} from '../thread-table.ts'

/** Gives a thread a descriptor table of its own, with what is open now. */
export function unshareFiles(table: ThreadTable, thread: Thread): void {
  const shared = table.fdsOf(thread) ?? new Map()
  if (isMain(thread)) {
    // The others keep the table that they had.
    for (const other of thread.group?.threads ?? []) {
      if (other === thread || (other.flags & CLONE.files) === 0) continue
      other.flags &= ~CLONE.files
      other.fds = shared
    }
  }
  thread.flags &= ~CLONE.files
  thread.fds = copyOfFds(shared)
}

/** Gives a thread a working directory of its own, the one where it is. */
export function unsharePlace(table: ThreadTable, thread: Thread): void {
  const shared = table.placeOf(thread)
  if (shared === undefined) return
  if (isMain(thread)) {
    for (const other of thread.group?.threads ?? []) {
      if (other === thread || other.hasOwnPlace) continue
      other.hasOwnPlace = true
      other.fs = shared
    }
  }
  thread.hasOwnPlace = !isMain(thread)
  thread.fs = {...shared}
}

/** The same descriptors in a table of its own. */
export function copyOfFds(fds: Thread['fds']): Thread['fds'] {
  const copy: Thread['fds'] = new Map()
  for (const [fd, info] of fds) copy.set(fd, {...info})
  return copy
}
