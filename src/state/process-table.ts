import {NO_LOGIN_UID, type Process, type Thread, UNKNOWN_NAME} from './process.ts'

/** Bounds of the table. */
export interface ProcessTableLimits {
  /** Most threads kept; past it the oldest goes, and is counted. */
  readonly maxThreads: number
}

/** A process of which nothing but the id is known. */
export function unknownProcess(pid: number): Process {
  return {
    pid,
    startNs: undefined,
    parentPid: 0,
    comm: UNKNOWN_NAME,
    exe: UNKNOWN_NAME,
    args: [],
    exePath: undefined,
    exeInode: undefined,
    env: undefined,
    cwd: {path: undefined},
    sessionId: undefined,
    groupId: undefined,
    tty: 0,
    loginUid: NO_LOGIN_UID,
    capabilities: {inheritable: 0, permitted: 0, effective: 0},
    fds: new Map(),
    children: new Set(),
    threads: new Set(),
    unknown: true,
  }
}

/** The threads and processes of the host, by id, with their kinship. */
export class ProcessTable {
  readonly #threads = new Map<number, Thread>()
  readonly #processes = new Map<number, Process>()
  readonly #limits: ProcessTableLimits
  /** Threads given up because the table was full. */
  evicted = 0

  constructor(limits: ProcessTableLimits) {
    this.#limits = limits
  }

  get threadCount(): number {
    return this.#threads.size
  }

  thread(tid: number): Thread | undefined {
    return this.#threads.get(tid)
  }

  process(pid: number): Process | undefined {
    return this.#processes.get(pid)
  }

  processes(): IterableIterator<Process> {
    return this.#processes.values()
  }

  /** Puts a process in, with its main thread; one that had the same id is gone first. */
  add(process: Process): Thread {
    const old = this.#processes.get(process.pid)
    if (old !== undefined) this.remove(old)
    this.#processes.set(process.pid, process)
    this.#processes.get(process.parentPid)?.children.add(process.pid)
    return this.#addThread({tid: process.pid, process, comm: process.comm})
  }

  /** Puts a further thread of a process in. */
  addThread(process: Process, tid: number, comm: string): Thread {
    process.threads.add(tid)
    return this.#addThread({tid, process, comm})
  }

  /** Takes a thread out. The main thread's entry stays as long as its process. */
  removeThread(thread: Thread): void {
    if (thread.tid === thread.process.pid) return
    thread.process.threads.delete(thread.tid)
    this.#threads.delete(thread.tid)
  }

  /** Takes a process and its threads out. Its children keep their parent's number until {@link reparent}. */
  remove(process: Process): void {
    for (const tid of process.threads) this.#threads.delete(tid)
    if (this.#threads.get(process.pid)?.process === process) this.#threads.delete(process.pid)
    if (this.#processes.get(process.pid) === process) this.#processes.delete(process.pid)
    this.#processes.get(process.parentPid)?.children.delete(process.pid)
  }

  /** Gives the children of an exiting process to the one that takes them over. */
  reparent(process: Process, reaperPid: number): void {
    const reaper = this.#processes.get(reaperPid)
    for (const pid of process.children) {
      const child = this.#processes.get(pid)
      if (child === undefined || child.parentPid !== process.pid) continue
      child.parentPid = reaperPid
      reaper?.children.add(pid)
    }
    process.children.clear()
  }

  /** Makes `process` the child of another process. */
  setParent(process: Process, parentPid: number): void {
    if (process.parentPid === parentPid) return
    this.#processes.get(process.parentPid)?.children.delete(process.pid)
    process.parentPid = parentPid
    this.#processes.get(parentPid)?.children.add(process.pid)
  }

  /** The ancestors, parent first. A circle (ids reused after drops) ends the walk. */
  *ancestors(process: Process): Generator<Process> {
    const seen = new Set<number>([process.pid])
    for (let pid = process.parentPid; pid !== 0 && !seen.has(pid); ) {
      const parent = this.#processes.get(pid)
      if (parent === undefined) return
      yield parent
      seen.add(pid)
      pid = parent.parentPid
    }
  }

  /** The ancestor so many levels up (1: the parent); the process itself for 0. */
  ancestor(process: Process, level: number): Process | undefined {
    let at: Process | undefined = process
    for (let up = 0; up < level && at !== undefined; up++) {
      at = at.parentPid === 0 ? undefined : this.#processes.get(at.parentPid)
    }
    return at
  }

  #addThread(thread: Thread): Thread {
    this.#threads.delete(thread.tid)
    this.#threads.set(thread.tid, thread)
    if (this.#threads.size > this.#limits.maxThreads) this.#evictOldest(thread)
    return thread
  }

  #evictOldest(keep: Thread): void {
    for (const oldest of this.#threads.values()) {
      if (oldest.process === keep.process) continue
      this.evicted += 1 + (oldest.tid === oldest.process.pid ? oldest.process.threads.size : 0)
      if (oldest.tid === oldest.process.pid) this.remove(oldest.process)
      else this.removeThread(oldest)
      return
    }
  }
}
