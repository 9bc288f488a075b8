import type {ByteString} from '../schema/bytes.ts'
import type {Event} from '../schema/event.ts'
import type {Int} from '../schema/value.ts'
import {afterExec, copyFds, type FdInfo} from './fd-table.ts'
import {resolvePath} from './path.ts'
import {
  listPids,
  type ProcOptions,
  readFd,
  readFds,
  readProcess,
  readThreads,
  splitTexts,
} from './proc-files.ts'
import type {Process, Thread} from './process.ts'
import {ProcessTable, unknownProcess} from './process-table.ts'
import {
  clientConnection,
  connectionInfo,
  endpointOf,
  protocolOf,
  unixPathOf,
} from './socket-address.ts'

/** Flags of opened files as events carry them (`file_flags`). */
const O_DIRECTORY = 1 << 10
const O_CLOEXEC = 1 << 12
const EINPROGRESS = 115
const CLOSE_RANGE_CLOEXEC = 4
/** `fcntl_commands` as events carry them. */
const FCNTL = {dupfd: 1, setfd: 3, dupfdCloexec: 26} as const
const FD_CLOEXEC = 1
/** Two start times within this are the same process: /proc rounds to clock ticks of 10 ms. */
const START_TOLERANCE_NS = 20_000_000n

/** What the state follows, and how much it may hold. */
export interface HostStateOptions {
  /** Folder of the proc file system. */
  readonly procRoot: string
  readonly maxThreads: number
  readonly bootNs: () => bigint
}

/** What the loaded rules need of the state. */
export interface StateNeeds {
  /** Descriptors of existing files and sockets (`fd.*` of write, close, dup). */
  readonly fds: boolean
  /** Environments (`proc.env`). */
  readonly env: boolean
}

/**
 * What the host looks like: processes and threads, their kinship, working directories and descriptors. Fed by every
 * event in order: {@link before} ahead of the rules (an exec's new name is what rules see), {@link after} behind
 * them (an exiting process is still there for them).
 */
export class HostState {
  readonly table: ProcessTable
  readonly #options: HostStateOptions
  #needs: StateNeeds = {fds: false, env: false}
  /** Threads that no event and no file told of: their fields are unknown. */
  unknownThreads = 0

  constructor(options: HostStateOptions) {
    this.#options = options
    this.table = new ProcessTable({maxThreads: options.maxThreads})
  }

  get needs(): StateNeeds {
    return this.#needs
  }

  /** Reads all processes from /proc. Events that come meanwhile are applied later and win. */
  scan(needs: StateNeeds): void {
    this.#needs = needs
    const options = this.#procOptions()
    for (const pid of listPids(this.#options.procRoot)) this.#read(pid, options)
    // Parents may have been read after their children.
    for (const process of this.table.processes())
      this.table.process(process.parentPid)?.children.add(process.pid)
  }

  /** Follows new needs of the rules; what was not followed so far is read from /proc now. */
  setNeeds(needs: StateNeeds): void {
    const old = this.#needs
    this.#needs = needs
    for (const process of this.table.processes()) {
      if (needs.fds && !old.fds) process.fds = readFds(`${this.#options.procRoot}/${process.pid}`)
      if (!needs.fds && old.fds) process.fds = new Map()
      if (needs.env && !old.env) {
        process.env = readProcess(process.pid, {...this.#procOptions(), fds: false})?.env
      }
    }
  }

  /** Applies what an event changes before rules see it; gives the thread that it belongs to. */
  before(event: Event): Thread {
    if (event.kind === 'new_task') return this.#newTask(event)
    const thread = this.#threadOf(event)
    if (event.kind === 'exec') return this.#exec(event, thread)
    if (event.kind === 'chdir' || event.kind === 'fchdir')
      this.#changeDirectory(event, thread.process)
    else if (this.#needs.fds) this.#changeFds(event, thread.process)
    return thread
  }

  /** Applies what an event ends, once the rules have seen it. */
  after(event: Event, thread: Thread): void {
    const {process} = thread
    switch (event.kind) {
      case 'procexit':
        return this.#exit(event, thread)
      case 'close':
        if (event.get('res') === 0) process.fds.delete(Number(event.get('fd')))
        return
      case 'close_range':
        return this.#closeRange(event, process)
    }
  }

  /** The descriptor that an event opened, used, or failed to open; undefined when it has none or it is unknown. */
  fdOf(event: Event, process: Process): FdInfo | undefined {
    switch (event.kind) {
      case 'open':
      case 'openat':
      case 'openat2':
      case 'creat':
        return this.#opened(event, process)
      case 'connect':
        return this.#connected(event, process)
      case 'dup':
      case 'dup2':
      case 'dup3':
        return this.#fd(process, Number(event.get('oldfd')))
      default: {
        const fd = event.get('fd')
        return typeof fd === 'number' ? this.#fd(process, fd) : undefined
      }
    }
  }

  /** The absolute path of a name that an event passed, by the directory descriptor it came with. */
  pathOf(
    process: Process,
    name: ByteString,
    directory: ByteString | undefined,
    dirfd: Int | undefined,
  ): ByteString {
    const AT_FDCWD = -100
    return resolvePath(
      dirfd === undefined || dirfd === AT_FDCWD ? process.cwd.path : directory,
      name,
    )
  }

  #procOptions(): ProcOptions {
    return {root: this.#options.procRoot, bootNs: this.#options.bootNs(), ...this.#needs}
  }

  #read(pid: number, options: ProcOptions): Process | undefined {
    const process = readProcess(pid, options)
    if (process === undefined) return undefined
    this.table.add(process)
    for (const {tid, comm} of readThreads(pid, this.#options.procRoot))
      this.table.addThread(process, tid, comm)
    return process
  }

  /** The thread of an event. One that is not known, or whose id was given anew, is read from /proc once. */
  #threadOf(event: Event): Thread {
    const known = this.table.thread(event.tid)
    if (known !== undefined && known.process.pid === event.pid && isSame(known.process, event))
      return known
    const process = this.#processOf(event)
    if (event.tid === event.pid) return this.table.thread(event.pid)!
    return this.table.thread(event.tid) ?? this.table.addThread(process, event.tid, process.comm)
  }

  #processOf(event: Event): Process {
    const known = this.table.process(event.pid)
    if (known !== undefined && isSame(known, event)) return known
    const read = this.#read(event.pid, this.#procOptions())
    if (read !== undefined && isSame(read, event)) return read
    this.unknownThreads++
    const process = unknownProcess(event.pid)
    process.startNs = event.processStartNs()
    this.table.add(process)
    return process
  }

  #newTask(event: Event): Thread {
    const makerTid = Number(event.get('$maker'))
    const maker = this.table.thread(makerTid) ?? this.#readMaker(event)
    const comm = (event.get('comm') as ByteString | undefined) ?? maker?.comm ?? ''
    if (event.tid !== event.pid) {
      const process = maker?.process.pid === event.pid ? maker.process : this.#processOf(event)
      return this.table.addThread(process, event.tid, comm)
    }
    const parentPid = Number(event.get('ptid') ?? 0)
    const from = maker?.process ?? unknownProcess(event.pid)
    const process: Process = {
      ...from,
      pid: event.pid,
      startNs: event.processStartNs(),
      parentPid,
      comm,
      cwd: event.get('$sharesFs') === 1 ? from.cwd : {...from.cwd},
      fds: event.get('$sharesFiles') === 1 ? from.fds : copyFds(from.fds),
      children: new Set(),
      threads: new Set(),
    }
    return this.table.add(process)
  }

  #readMaker(event: Event): Thread | undefined {
    const pid = Number(event.get('ptid') ?? 0)
    if (pid === 0 || this.#read(pid, this.#procOptions()) === undefined) return undefined
    return this.table.thread(pid)
  }

  #exec(event: Event, thread: Thread): Thread {
    const {process} = thread
    for (const tid of [...process.threads]) {
      const other = this.table.thread(tid)
      if (other !== undefined) this.table.removeThread(other)
    }
    process.comm = text(event, 'comm') ?? process.comm
    process.exe = text(event, 'exe') ?? text(event, 'filename') ?? process.comm
    process.args = splitTexts(text(event, 'args') ?? '')
    process.exePath = text(event, 'trusted_exepath')
    process.exeInode = event.get('exe_ino') as Int | undefined
    process.env = this.#needs.env ? splitTexts(text(event, 'env') ?? '') : undefined
    process.cwd = {path: text(event, 'cwd') ?? process.cwd.path}
    process.sessionId = Number(event.get('$sid'))
    process.groupId = Number(event.get('pgid'))
    process.tty = Number(event.get('tty') ?? 0)
    process.loginUid = Number(event.get('loginuid'))
    process.capabilities = {
      inheritable: event.get('cap_inheritable') as Int,
      permitted: event.get('cap_permitted') as Int,
      effective: event.get('cap_effective') as Int,
    }
    process.fds = afterExec(process.fds)
    process.unknown = false
    this.table.setParent(process, Number(event.get('ptid') ?? 0))
    // An exec in another thread takes over the main thread's id.
    const main = this.table.thread(process.pid) ?? this.table.add(process)
    main.comm = process.comm
    return main
  }

  #exit(event: Event, thread: Thread): void {
    if (Number(event.get('$liveThreads')) > 0) return this.table.removeThread(thread)
    this.table.reparent(thread.process, Number(event.get('reaper_tid') ?? 0))
    this.table.remove(thread.process)
  }

  #changeDirectory(event: Event, process: Process): void {
    if (event.get('res') === 0) process.cwd.path = text(event, '$cwd')
  }

  #changeFds(event: Event, process: Process): void {
    const result = Number(event.get('res') ?? event.get('fd') ?? -1)
    switch (event.kind) {
      case 'open':
      case 'openat':
      case 'openat2':
      case 'creat':
      case 'connect': {
        const fd = event.kind === 'connect' ? Number(event.get('fd')) : result
        const failed = event.kind === 'connect' ? result < 0 && result !== -EINPROGRESS : result < 0
        const info = failed ? undefined : this.fdOf(event, process)
        if (info !== undefined) process.fds.set(fd, info)
        return
      }
      case 'dup':
      case 'dup2':
      case 'dup3': {
        const cloexec = event.kind === 'dup3' && (Number(event.get('flags')) & O_CLOEXEC) !== 0
        return this.#duplicate(process, Number(event.get('oldfd')), result, cloexec)
      }
      case 'fcntl':
        return this.#control(event, process, result)
    }
  }

  #duplicate(process: Process, from: number, to: number, closeOnExec: boolean): void {
    if (to < 0 || from === to) return
    const info = this.#fd(process, from)
    if (info === undefined) process.fds.delete(to)
    else process.fds.set(to, {...info, closeOnExec})
  }

  #control(event: Event, process: Process, result: number): void {
    if (result < 0) return
    const fd = Number(event.get('fd'))
    const command = Number(event.get('cmd'))
    if (command === FCNTL.dupfd) return this.#duplicate(process, fd, result, false)
    if (command === FCNTL.setfd) {
      const info = process.fds.get(fd)
      if (info === undefined) return
      process.fds.set(fd, {...info, closeOnExec: (Number(event.get('arg')) & FD_CLOEXEC) !== 0})
      return
    }
    if (command === FCNTL.dupfdCloexec) this.#duplicate(process, fd, result, true)
  }

  #closeRange(event: Event, process: Process): void {
    if (event.get('res') !== 0) return
    const [first, last] = [Number(event.get('first')), Number(event.get('last'))]
    const markOnly = (Number(event.get('flags')) & CLOSE_RANGE_CLOEXEC) !== 0
    for (const [fd, info] of [...process.fds]) {
      if (fd < first || fd > last) continue
      if (markOnly) process.fds.set(fd, {...info, closeOnExec: true})
      else process.fds.delete(fd)
    }
  }

  /** A descriptor of a process: as followed, else as /proc shows it now. */
  #fd(process: Process, fd: number): FdInfo | undefined {
    const known = process.fds.get(fd)
    if (known !== undefined || fd < 0) return known
    return readFd(`${this.#options.procRoot}/${process.pid}`, fd)
  }

  #opened(event: Event, process: Process): FdInfo | undefined {
    const rawName = text(event, 'name')
    if (rawName === undefined) return undefined
    const flags = Number(event.get('flags') ?? 0)
    const name = this.pathOf(
      process,
      rawName,
      text(event, '$dir'),
      event.get('dirfd') as Int | undefined,
    )
    const type = (flags & O_DIRECTORY) !== 0 ? 'directory' : 'file'
    return {type, name, rawName, closeOnExec: (flags & O_CLOEXEC) !== 0}
  }

  #connected(event: Event, process: Process): FdInfo | undefined {
    const block = text(event, 'tuple') ?? ''
    const address = text(event, 'addr') ?? ''
    const closeOnExec = process.fds.get(Number(event.get('fd')))?.closeOnExec ?? false
    const path = unixPathOf(address)
    if (path !== undefined) return {type: 'unix', name: path, closeOnExec}
    const result = Number(event.get('res'))
    const connection = result >= 0 || result === -EINPROGRESS ? clientConnection(block) : undefined
    if (connection !== undefined) return connectionInfo(connection, closeOnExec)
    const server = endpointOf(address)
    if (server === undefined) return undefined
    const client = {address: '\0'.repeat(server.address.length), port: 0}
    return connectionInfo(
      {client, server, isServer: false, protocol: protocolOf(block)},
      closeOnExec,
    )
  }
}

function text(event: Event, name: string): ByteString | undefined {
  const value = event.get(name)
  return typeof value === 'string' ? value : undefined
}

function isSame(process: Process, event: Event): boolean {
  if (process.startNs === undefined) return true
  const apart = process.startNs - event.processStartNs()
  return apart < START_TOLERANCE_NS && apart > -START_TOLERANCE_NS
}
