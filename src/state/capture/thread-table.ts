import {
  type CapturedThread,
  CLONE,
  isMain,
  isUnknown,
  type ThreadGroup,
  unknownThread,
} from './captured-thread.ts'

/** Longest chain of ancestors that is walked. */
const MAX_ANCESTORS = 1024

/** The threads of the machine that a capture was taken on, with their groups and kinship. */
export class ThreadTable {
  readonly #threads = new Map<number, CapturedThread>()
  readonly #groups = new Map<number, ThreadGroup>()
  readonly #maxThreads: number
  /** Threads given up because the table was full. */
  evicted = 0

  constructor(maxThreads: number) {
    this.#maxThreads = maxThreads
  }

  get size(): number {
    return this.#threads.size
  }

  threads(): IterableIterator<CapturedThread> {
    return this.#threads.values()
  }

  get(tid: number): CapturedThread | undefined {
    return this.#threads.get(tid)
  }

  /** The thread, made up as unknown when no event told of it. */
  getOrUnknown(tid: number): CapturedThread {
    return this.#threads.get(tid) ?? this.#insert(unknownThread(tid))
  }

  /** Puts a thread in; one with its id is gone first. */
  add(thread: CapturedThread): void {
    this.#insert(thread)
    if (!isUnknown(thread)) this.join(thread)
  }

  /** Takes a thread into its process and makes it a child of its parent. */
  join(thread: CapturedThread): void {
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
  main(thread: CapturedThread): CapturedThread | undefined {
    if (isMain(thread)) return thread
    return thread.pid < 0 ? undefined : this.#threads.get(thread.pid)
  }

  parent(thread: CapturedThread): CapturedThread | undefined {
    return this.#threads.get(thread.parentTid)
  }

  /** The ancestors, parent first; ids that were given anew may form a circle, which ends the walk. */
  *ancestors(thread: CapturedThread): Generator<CapturedThread> {
    const seen = new Set<CapturedThread>()
    let at = this.parent(thread)
    for (let n = 0; at !== undefined && !seen.has(at) && n < MAX_ANCESTORS; n++) {
      yield at
      seen.add(at)
      at = this.parent(at)
    }
  }

  /** The ancestor so many levels above the main thread; 0 is the main thread. */
  ancestor(thread: CapturedThread, level: number): CapturedThread | undefined {
    let at = this.main(thread)
    for (let n = 0; n < level && at !== undefined; n++) at = this.parent(at)
    return at
  }

  /** Descriptors that the thread uses: its own, or those of the main thread. */
  fdsOf(thread: CapturedThread): CapturedThread['fds'] | undefined {
    return (thread.flags & CLONE.files) === 0 ? thread.fds : this.main(thread)?.fds
  }

  /** Takes a thread out once it has exited. A main thread stays while others of its process live. */
  remove(thread: CapturedThread): void {
    thread.dead = true
    this.#giveAwayChildren(thread)
    const {group} = thread
    if (group === undefined) {
      this.#delete(thread)
      return
    }
    const othersLive = [...group.threads].some(other => other !== thread && !other.dead)
    if (isMain(thread) && othersLive) return
    this.#delete(thread)
    group.threads.delete(thread)
    if (othersLive) return
    for (const left of group.threads) this.#delete(left)
    this.#groups.delete(group.pid)
  }

  #giveAwayChildren(thread: CapturedThread): void {
    if (thread.children.size === 0) return
    const heir = this.#heirOf(thread)
    for (const child of thread.children) {
      child.parentTid = heir?.tid ?? 0
      heir?.children.add(child)
    }
    thread.children.clear()
  }

  /** Who takes over the children: as the kernel said, else a sibling thread, the nearest reaper above, or init. */
  #heirOf(thread: CapturedThread): CapturedThread | undefined {
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

  #insert(thread: CapturedThread): CapturedThread {
    const old = this.#threads.get(thread.tid)
    if (old !== undefined) this.#delete(old)
    this.#threads.set(thread.tid, thread)
    if (this.#threads.size > this.#maxThreads) this.#evictOldest(thread)
    return thread
  }

  #delete(thread: CapturedThread): void {
    if (this.#threads.get(thread.tid) === thread) this.#threads.delete(thread.tid)
    this.#threads.get(thread.parentTid)?.children.delete(thread)
    thread.group?.threads.delete(thread)
  }

  #evictOldest(keep: CapturedThread): void {
    for (const oldest of this.#threads.values()) {
      if (oldest === keep) continue
      this.evicted++
      this.#delete(oldest)
      return
    }
  }
}
