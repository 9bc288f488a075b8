import {
  CLONE,
  type FileSystemPlace,
  isMain,
  isUnknown,
  type Thread,
  type ThreadGroup,
  unknownThread,
} from './thread.ts'

/** Longest chain of ancestors that is walked. */
const MAX_ANCESTORS = 1024

/** The threads of the machine that a capture was taken on, with their groups and kinship. */
export class ThreadTable {
  readonly #threads = new Map<number, Thread>()
  readonly #groups = new Map<number, ThreadGroup>()
  readonly #maxThreads: number
  /** Threads given up because the table was full. */
  evicted = 0
  /** Threads that were replaced or forgotten because their end was missed. */
  #displaced = 0

  constructor(maxThreads: number) {
    this.#maxThreads = maxThreads
  }

  /** Changes that no event told of: threads given up, replaced or forgotten. */
  get untold(): number {
    return this.evicted + this.#displaced
  }

  get size(): number {
    return this.#threads.size
  }

  threads(): IterableIterator<Thread> {
    return this.#threads.values()
  }

  get(tid: number): Thread | undefined {
    return this.#threads.get(tid)
  }

  /** The thread, made up as unknown when no event told of it. */
  getOrUnknown(tid: number): Thread {
    return this.#threads.get(tid) ?? this.#insert(unknownThread(tid))
  }

  /** Puts a thread in; one with its id is gone first. */
  add(thread: Thread): void {
    this.#insert(thread)
    if (!isUnknown(thread)) this.join(thread)
  }

  /** Takes a thread into its process and makes it a child of its parent. */
  join(thread: Thread): void {
    let group = this.#groups.get(thread.pid)
    if (group === undefined) {
      group = {pid: thread.pid, threads: new Set(), reaper: thread.pid === 1}
      this.#groups.set(thread.pid, group)
    }
    group.threads.add(thread)
    thread.group = group
    this.#threads.get(thread.parentTid)?.children.add(thread)
  }

  /** The thread that holds what belongs to the whole process. */
  main(thread: Thread): Thread | undefined {
    if (isMain(thread)) return thread
    return thread.pid < 0 ? undefined : this.#threads.get(thread.pid)
  }

  /** Makes a thread the child of another one. */
  setParent(thread: Thread, parentTid: number): void {
    if (thread.parentTid === parentTid) return
    this.#threads.get(thread.parentTid)?.children.delete(thread)
    thread.parentTid = parentTid
    this.#threads.get(parentTid)?.children.add(thread)
  }

  parent(thread: Thread): Thread | undefined {
    return this.#threads.get(thread.parentTid)
  }

  /** The ancestors, parent first; ids that were given anew may form a circle, which ends the walk. */
  *ancestors(thread: Thread): Generator<Thread> {
    const seen = new Set<Thread>()
    let at = this.parent(thread)
    for (let n = 0; at !== undefined && !seen.has(at) && n < MAX_ANCESTORS; n++) {
      yield at
      seen.add(at)
      at = this.parent(at)
    }
  }

  /** Whether all ancestors of the process are known, up to the one that has no parent. */
  isRooted(thread: Thread): boolean {
    let top = this.main(thread)
    if (top === undefined || isUnknown(top)) return false
    for (const above of this.ancestors(top)) {
      if (isUnknown(above)) return false
      top = above
    }
    return top.parentTid === 0
  }

  /** The ancestor so many levels above the main thread; 0 is the main thread. */
  ancestor(thread: Thread, level: number): Thread | undefined {
    let at = this.main(thread)
    for (let n = 0; n < level && at !== undefined; n++) at = this.parent(at)
    return at
  }

  /** Descriptors that the thread uses: its own, or those of the main thread. */
  fdsOf(thread: Thread): Thread['fds'] | undefined {
    return (thread.flags & CLONE.files) === 0 ? thread.fds : this.main(thread)?.fds
  }

  /** Where the thread stands: its own place, or that of the main thread. */
  placeOf(thread: Thread): FileSystemPlace | undefined {
    return (thread.hasOwnPlace ? thread : this.main(thread))?.fs
  }

  /** Puts in a further thread of a known process: all but its own number is the process's. */
  addThreadOf(main: Thread, tid: number): Thread {
    const thread: Thread = {
      ...main,
      tid,
      madeNs: undefined,
      execId: undefined,
      cgroupKey: undefined,
      vtid: tid === main.tid ? main.vtid : -1,
      flags: CLONE.thread | CLONE.files,
      hasOwnPlace: false,
      fds: new Map(),
      children: new Set(),
      lastFd: -1,
      lastEnterCode: -1,
      storedEnter: undefined,
    }
    this.add(thread)
    return thread
  }

  /** Takes out a process whose id now belongs to another one: its end was missed. */
  forget(thread: Thread): void {
    this.#displaced++
    for (const one of [thread, ...(thread.group?.threads ?? [])]) one.dead = true
    this.remove(thread)
    if (thread.group === undefined) return
    for (const one of [...thread.group.threads]) this.remove(one)
  }

  /** Takes a thread out once it has exited. A main thread stays while others of its process live. */
  remove(thread: Thread): void {
    thread.dead = true
    this.#giveAwayChildren(thread)
    const {group} = thread
    if (group === undefined) {
      this.#delete(thread)
      return
    }
    const othersLive = hasOthers(group, thread)
    if (isMain(thread) && othersLive) return
    this.#delete(thread)
    group.threads.delete(thread)
    if (othersLive) return
    for (const left of group.threads) this.#delete(left)
    this.#groups.delete(group.pid)
  }

  #giveAwayChildren(thread: Thread): void {
    if (thread.children.size === 0) return
    const heir = this.#heirOf(thread)
    for (const child of thread.children) {
      child.parentTid = heir?.tid ?? 0
      heir?.children.add(child)
    }
    thread.children.clear()
  }

  /** Who takes over the children: as the kernel said, else a sibling thread, the nearest reaper above, or init. */
  #heirOf(thread: Thread): Thread | undefined {
    const told = thread.reaperTid > 0 ? this.#threads.get(thread.reaperTid) : undefined
    if (told !== undefined) return told
    for (const sibling of thread.group?.threads ?? []) {
      if (sibling !== thread && !sibling.dead) return sibling
    }
    for (const above of this.ancestors(thread)) {
      if (above.group?.reaper === true && !above.dead) return above
    }
    return this.#threads.get(1)
  }

  #insert(thread: Thread): Thread {
    const old = this.#threads.get(thread.tid)
    if (old !== undefined) {
      this.#displaced++
      this.#delete(old)
    }
    this.#threads.set(thread.tid, thread)
    if (this.#threads.size > this.#maxThreads) this.#evictOldest(thread)
    return thread
  }

  #delete(thread: Thread): void {
    if (this.#threads.get(thread.tid) === thread) this.#threads.delete(thread.tid)
    this.#threads.get(thread.parentTid)?.children.delete(thread)
    thread.group?.threads.delete(thread)
  }

  #evictOldest(keep: Thread): void {
    for (const oldest of this.#threads.values()) {
      if (oldest === keep) continue
      this.evicted++
      this.#delete(oldest)
      return
    }
  }
}

/** Whether another thread of the process lives. */
function hasOthers({threads}: ThreadGroup, thread: Thread): boolean {
  for (const other of threads) if (other !== thread && !other.dead) return true
  return false
}
