import type {ByteString} from '../schema/bytes.ts'
import type {Event, LiveFacts} from '../schema/event.ts'
import {type Accounts, ListedAccounts} from './accounts.ts'
import {CgroupContainers} from './containers/cgroup-containers.ts'
import {ContainerTable} from './containers/container-table.ts'
import {DomainNames} from './domain-names.ts'
import {type EventRole, EventRoles} from './events/event-role.ts'
import {type EventScope, fdOf, numberOf, resultOf} from './events/event-scope.ts'
import {FD_HANDLERS} from './events/fd-events.ts'
import {ID_HANDLERS} from './events/id-events.ts'
import {otherHandlers} from './events/other-events.ts'
import {socketHandlers} from './events/socket-events.ts'
import {TASK_HANDLERS} from './events/task-events.ts'
import type {FdInfo, OpenFile} from './fd.ts'
import type {FileIdentity, HostLookup, StateNeeds} from './host-lookup.ts'
import {Interfaces} from './interfaces.ts'
import type {
  ListedFd,
  ListedGroup,
  ListedInterface,
  ListedMachine,
  ListedUser,
  MetadataSink,
} from './metadata.ts'
import {copyOf, isStill, openFileOf, shownFd} from './open-file.ts'
import type {StartThread} from './start/start-sink.ts'
import {StartList} from './start-list.ts'
import {directoryText, isMain, isUnknown, type Thread, unknownThread} from './thread.ts'
import {ThreadTable} from './thread-table.ts'

/** Exit events of this may follow the enter event of the other call. */
const EXECVEAT_ENTER = 330
const EXECVE_EXIT = 293
/** Two start times within this are the same process: /proc rounds to clock ticks of 10 ms. */
const START_TOLERANCE_NS = 20_000_000
/** A call on a number that is no open descriptor. */
const EBADF = 9
const STORED_PARAMS = ['name', 'flags', 'mode', 'dirfd', 'filename', 'pathname', 'addr', 'fd']
/** Ancestors that may stand in for a process that has ended. */
const MAX_STAND_INS = 4
const EVERYTHING: StateNeeds = {fds: true, everyFd: true, env: true}

/** How much the state may hold, and whom it may ask. */
export interface HostStateOptions {
  readonly maxThreads: number
  /** The running host. Left out for captures, which tell all themselves. */
  readonly host?: HostLookup
  /** Left out for captures. */
  readonly accounts?: Accounts
}

/**
 * What a host looks like: threads, their kinship, descriptors, working directories and identities. Fed by a list of what
 * was there at the beginning and then by each event in turn, live or from a capture: {@link before} ahead of the rules
 * (an exec's new name is what rules see), {@link after} behind them (an exiting process is still there for them).
 */
export class HostState implements MetadataSink {
  readonly table: ThreadTable
  readonly interfaces = new Interfaces()
  readonly containers = new ContainerTable()
  readonly domainNames = new DomainNames()
  readonly cgroups = new CgroupContainers()
  readonly accounts: Accounts
  readonly #listed = new ListedAccounts()
  readonly #roles: EventRoles
  readonly #list: StartList
  readonly #host: HostLookup | undefined
  readonly #scope: {-readonly [K in keyof EventScope]: EventScope[K]}
  #needs = EVERYTHING
  #machine: ListedMachine | undefined
  #untold = 0
  /** Threads that no event and no file told of: their fields are unknown. */
  unknownThreads = 0

  constructor({maxThreads, host, accounts}: HostStateOptions) {
    this.table = new ThreadTable(maxThreads)
    this.accounts = accounts ?? this.#listed
    this.#host = host
    this.#list = new StartList(this.table)
    this.#roles = new EventRoles({
      ...TASK_HANDLERS,
      ...ID_HANDLERS,
      ...FD_HANDLERS,
      ...socketHandlers(this.interfaces),
      ...otherHandlers(this.#listed),
    })
    this.#scope = {
      event: undefined as unknown as Event,
      table: this.table,
      cgroups: this.cgroups,
      containers: this.containers,
      bootNs: 0n,
      followsFds: true,
      thread: undefined,
      fd: undefined,
      oldFdName: '',
      resolvedCwd: undefined,
      enter: undefined,
    }
  }

  /**
   * Counts changes of what is known of threads that no event told of: threads that were asked for, listed anew, given up or
   * forgotten, and what containers are.
   */
  get revision(): number {
    return this.#untold + this.table.untold + this.containers.changes
  }

  /** Counts a change that the event did not tell of, for {@link HostState.revision}. */
  noteUntold(): void {
    this.#untold++
  }

  get needs(): StateNeeds {
    return this.#needs
  }

  /** What the capture says of its machine, when it says something. */
  get machineInfo(): ListedMachine | undefined {
    return this.#machine
  }

  machine(machine: ListedMachine): void {
    this.#machine = machine
    this.#scope.bootNs = machine.bootNs
  }

  thread(listed: StartThread): void {
    this.#untold++
    this.#list.thread(listed)
  }

  fd(tid: number, listed: ListedFd): void {
    const thread = this.table.get(tid)
    if (thread !== undefined) this.#list.fd(thread, listed)
  }

  networkInterface(entry: ListedInterface): void {
    this.interfaces.add(entry)
  }

  user(user: ListedUser): void {
    this.#listed.addUser(user)
  }

  group(group: ListedGroup): void {
    this.#listed.addGroup(group)
  }

  /** Says what the rules need, ahead of the lists of the start. */
  follow(needs: StateNeeds): void {
    this.#needs = needs
    this.#scope.followsFds = needs.fds
  }

  /** Forgets a thread whose end was missed. */
  drop(tid: number): void {
    const thread = this.table.get(tid)
    if (thread !== undefined) this.table.forget(thread)
  }

  /** Follows what the rules need from now on; what was not followed so far is asked of the host. */
  setNeeds(needs: StateNeeds): void {
    const old = this.#needs
    this.follow(needs)
    const readFds = needs.fds && (!old.fds || (needs.everyFd === true && old.everyFd !== true))
    const readEnv = needs.env && !old.env
    if (readEnv) this.#untold++
    for (const thread of this.table.threads()) {
      if (!isMain(thread)) continue
      if (!needs.fds || readFds) thread.fds = new Map()
      if (!readFds && !readEnv) continue
      const found = this.#host?.thread(thread.tid, needs)
      if (found === undefined) continue
      if (readEnv) thread.env = found.thread.env
      if (readFds) for (const fd of found.fds) this.#list.fd(thread, fd)
    }
    this.#list.settle()
  }

  /** Events about descriptors were lost: from now on each one is asked of the host when it is used. Nothing for captures. */
  doubtDescriptors(): void {
    if (this.#host === undefined) return
    for (const thread of this.table.threads()) thread.fds.clear()
  }

  /** Events about processes were lost: asks the host where each of them stands now. */
  askPlaces(): void {
    for (const thread of this.table.threads()) {
      if (!isMain(thread) && !thread.hasOwnPlace) continue
      const cwd = this.#host?.cwd?.(thread.pid, thread.tid)
      if (cwd !== undefined) thread.fs.cwd = directoryText(cwd)
    }
  }

  /**
   * The file that a process means by an absolute path, as it is now. Of a process that has ended already the nearest ancestor
   * that lives stands in, for children begin with their parent's root and mounts. Nothing for captures.
   */
  file(thread: Thread, path: ByteString, last: boolean): FileIdentity | undefined {
    const lookUp = this.#host?.file
    if (lookUp === undefined) return undefined
    const found = lookUp(thread.pid, path, last)
    if (found !== undefined) return found
    let levels = 0
    for (const {pid} of this.table.ancestors(thread)) {
      if (++levels > MAX_STAND_INS) return undefined
      const instead = lookUp(pid, path, last)
      if (instead !== undefined) return instead
    }
    return undefined
  }

  /** Asks the host for a thread that an event names by its number alone, unless it is known. */
  know(tid: number): void {
    if (this.table.get(tid) !== undefined) return
    const found = this.#host?.thread(tid, this.#needs)
    if (found === undefined) return
    this.#untold++
    const thread = this.#list.thread(found.thread)
    for (const fd of found.fds) this.#list.fd(thread, fd)
    this.#list.settle()
  }

  /** Applies what an event changes before rules see it; gives what fields are read from. It is good until the next event. */
  before(event: Event): EventScope {
    this.#list.settle()
    const scope = this.#scope
    const role = this.#roles.of(event.def)
    if (role.thread === 'none') this.containers.take(event)
    scope.event = event
    scope.fd = undefined
    scope.oldFdName = ''
    scope.resolvedCwd = undefined
    scope.enter = undefined
    scope.thread = this.#threadOf(event, role)
    if (scope.thread !== undefined && !role.remark) this.#prepare(scope.thread, role)
    role.handler?.(scope)
    return scope
  }

  /** Applies what an event ends, once the rules have seen it. */
  after({event, thread, fd}: EventScope): void {
    if (thread === undefined) return
    const {name, direction} = event.def
    if (direction === 'exit') thread.storedEnter = undefined
    if (name === 'close' && direction === 'exit' && fd !== undefined) {
      if (Number(resultOf(event) ?? -1) >= 0) this.table.fdsOf(thread)?.delete(thread.lastFd)
    }
    if (name === 'procexit') this.table.remove(thread)
  }

  #threadOf(event: Event, role: EventRole): Thread | undefined {
    if (role.thread === 'none') return undefined
    const {live} = event
    if (live !== undefined && live.kind !== 'new_task')
      return this.#liveThread(event.tid, live, role.thread === 'any')
    return role.thread === 'known' ? this.table.get(event.tid) : this.table.getOrUnknown(event.tid)
  }

  /** The thread of a live event. One that is not known, or whose id was given anew, is asked of the host once. */
  #liveThread(tid: number, live: LiveFacts, ask: boolean): Thread | undefined {
    let thread = this.table.get(tid)
    if (thread !== undefined && !isSame(thread, live)) {
      this.table.forget(thread)
      thread = undefined
    }
    if (thread === undefined && ask) thread = this.#ask(tid, live) ?? this.#madeUp(tid, live)
    if (thread === undefined) return undefined
    thread.uid = live.uid
    thread.gid = live.gid
    return thread
  }

  #ask(tid: number, live: LiveFacts): Thread | undefined {
    if (tid !== live.pid) {
      const known = this.table.get(live.pid)
      const main = known !== undefined && isSame(known, live) ? known : this.#find(live.pid, live)
      if (main !== undefined && !isUnknown(main)) return this.table.addThreadOf(main, tid)
    }
    return this.#find(tid, live)
  }

  #find(tid: number, live: LiveFacts): Thread | undefined {
    const found = this.#host?.thread(tid, this.#needs)
    if (found === undefined || found.thread.pid !== live.pid) return undefined
    this.#untold++
    const thread = this.#list.thread(found.thread)
    if (!isSame(thread, live)) {
      this.table.forget(thread)
      return undefined
    }
    for (const fd of found.fds) this.#list.fd(thread, fd)
    this.#list.settle()
    return thread
  }

  #madeUp(tid: number, live: LiveFacts): Thread {
    this.unknownThreads++
    const thread = unknownThread(tid)
    thread.pid = live.pid
    thread.startedNs = live.startedNs
    this.table.add(thread)
    return thread
  }

  /** Finds the descriptor that an event is about, and the enter event that goes with it. */
  #prepare(thread: Thread, role: EventRole): void {
    const scope = this.#scope
    const {event} = scope
    const {def} = event
    if (role.enter) {
      thread.lastFd = -1
      thread.lastEnterCode = def.code
      if (role.storesEnter) thread.storedEnter = storedCopy(event)
      if (role.usesFd) {
        thread.lastFd = numberOf(event, 'fd') ?? -1
        scope.fd = this.#fdOf(thread, role)
        scope.oldFdName = scope.fd?.name ?? ''
      }
      return
    }
    const follows =
      def.code === thread.lastEnterCode + 1 ||
      (def.code === EXECVE_EXIT && thread.lastEnterCode === EXECVEAT_ENTER)
    if (follows && thread.storedEnter?.code === thread.lastEnterCode)
      scope.enter = thread.storedEnter
    if (!follows) thread.lastFd = -1
    if (!role.usesFd) return
    if (thread.lastFd === -1 && role.fdParam !== undefined)
      thread.lastFd = numberOf(event, role.fdParam) ?? -1
    scope.fd = this.#fdOf(thread, role)
    scope.oldFdName = scope.fd?.name ?? ''
  }

  /** A descriptor of a thread: as followed, else as the host shows it now. */
  #fdOf(thread: Thread, {usesDirectory}: EventRole): FdInfo | undefined {
    const fd = thread.lastFd
    if (fd < 0) return undefined
    const {event} = this.#scope
    const now = openFileOf(event)
    // Live the kernel names directories, so that it does not matter who saw them opened.
    const directory = usesDirectory && now !== undefined ? shownFd(event, now) : undefined
    if (directory !== undefined) return directory
    const known = fdOf(this.#scope, fd)
    const fds = this.#needs.fds ? this.table.fdsOf(thread) : undefined
    // By the kernel's word there is no such descriptor: its end was not followed.
    if (event.get('$file') === 0 && resultOf(event) === -EBADF) {
      fds?.delete(fd)
      return undefined
    }
    if (known !== undefined && (now === undefined || isStill(known, now))) return known
    if (known !== undefined) fds?.delete(fd)
    const copied = now && copyOf(this.table.fdsOf(thread)?.values() ?? [], now)
    const info = copied ?? (now && shownFd(event, now)) ?? this.#askFd(thread.pid, fd, now)
    if (info !== undefined) fds?.set(fd, info)
    return info
  }

  /** A descriptor as the host shows it now, unless that is not what the event was about. */
  #askFd(pid: number, fd: number, now: OpenFile | undefined): FdInfo | undefined {
    const {event} = this.#scope
    if (this.#host === undefined || !this.#needs.fds) return undefined
    if (event.def.name === 'close' || resultOf(event) === -EBADF) return undefined
    const listed = this.#host.fd(pid, fd)
    if (listed === undefined) return undefined
    const info = this.#list.info(listed)
    this.#list.settle()
    return now === undefined || isStill(info, now) ? info : undefined
  }
}

function isSame(thread: Thread, live: LiveFacts): boolean {
  if (thread.pid !== live.pid) return false
  if (thread.startedNs === 0) thread.startedNs = live.startedNs
  return Math.abs(thread.startedNs - live.startedNs) <= START_TOLERANCE_NS
}

/** The event's own values do not outlive it. */
function storedCopy(event: Event): Thread['storedEnter'] {
  const values = new Map(STORED_PARAMS.map(name => [name, event.get(name)]))
  return {code: event.def.code, get: name => values.get(name)}
}
