import type {ByteString} from '../../schema/bytes.ts'
import type {CapturedRecord} from '../../schema/event.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import {type CapturedFd, FD, isInternet, newFd} from './captured-fd.ts'
import {type CapturedThread, fromList} from './captured-thread.ts'
import {
  type EventHandler,
  type EventScope,
  fdOf,
  intOf,
  numberOf,
  resultOf,
  textParam,
} from './event-scope.ts'
import {FD_HANDLERS} from './fd-events.ts'
import {ID_HANDLERS} from './id-events.ts'
import {Interfaces} from './interfaces.ts'
import type {
  CapturedMachine,
  ListedFd,
  ListedGroup,
  ListedInterface,
  ListedThread,
  ListedUser,
  MetadataSink,
} from './metadata.ts'
import {socketHandlers} from './socket-events.ts'
import {endsText, endText, swapped} from './socket-text.ts'
import {takeClone, takeExec} from './task-events.ts'
import {ThreadTable} from './thread-table.ts'

const TASK_HANDLERS: Readonly<Record<string, EventHandler>> = {
  clone: takeClone,
  clone3: takeClone,
  fork: takeClone,
  vfork: takeClone,
  execve: takeExec,
  execveat: takeExec,
}
/** Exit events of these may follow the enter event of another call. */
const EXECVEAT_ENTER = 330
const EXECVE_EXIT = 293
/** Enter events whose values the exit event's handler reads. */
const STORED_ENTERS: ReadonlySet<string> = new Set([
  'open',
  'openat',
  'openat2',
  'creat',
  'execve',
  'execveat',
  'connect',
])
const STORED_PARAMS = ['name', 'flags', 'mode', 'dirfd', 'filename', 'pathname', 'addr', 'fd']
/** Descriptor parameters in the order in which they say what an event is about. */
const FD_PARAMS = ['fd', 'oldfd', 'out_fd', 'fd_in', 'fdin', 'dirfd', 'linkdirfd']
/** Events that belong to no thread. */
const NO_THREAD: ReadonlySet<string> = new Set([
  'container',
  'useradded',
  'userdeleted',
  'groupadded',
  'groupdeleted',
  'pluginevent',
  'asyncevent',
])
/** Events of threads that are looked up and never made up. */
const LOOKED_UP: ReadonlySet<string> = new Set([
  'clone',
  'clone3',
  'fork',
  'vfork',
  'switch',
  'procexit',
])
/** Descriptors of the list that are kept over all threads. */
const MAX_LISTED_FDS = 4_194_304
/** Accounts and groups that are kept. */
const MAX_ACCOUNTS = 1_048_576

/** How much the state may hold. */
export interface CaptureStateOptions {
  readonly maxThreads: number
}

/**
 * What the machine of a capture looked like, from the lists at its beginning and then from each event in turn:
 * {@link before} ahead of the rules, {@link after} behind them.
 */
export class CaptureState implements MetadataSink {
  readonly table: ThreadTable
  readonly interfaces = new Interfaces()
  readonly users = new Map<number, ListedUser>()
  readonly groups = new Map<number, ListedGroup>()
  readonly #handlers: ReadonlyMap<string, EventHandler>
  readonly #serverPorts = new Set<number>()
  #sockets: CapturedFd[] = []
  #listedFds = 0
  #linked = false
  #machine: CapturedMachine | undefined
  #bootNs = 0n

  constructor({maxThreads}: CaptureStateOptions) {
    this.table = new ThreadTable(maxThreads)
    this.#handlers = new Map(
      Object.entries({
        ...TASK_HANDLERS,
        ...ID_HANDLERS,
        ...FD_HANDLERS,
        ...socketHandlers(this.interfaces),
      }),
    )
  }

  /** What the capture says of its machine, when it says something. */
  get machineInfo(): CapturedMachine | undefined {
    return this.#machine
  }

  machine(machine: CapturedMachine): void {
    this.#machine = machine
    this.#bootNs = machine.bootNs
  }

  thread(listed: ListedThread): void {
    this.table.add(fromList(listed))
  }

  fd(tid: number, listed: ListedFd): void {
    const thread = this.table.get(tid)
    if (thread === undefined || this.#listedFds >= MAX_LISTED_FDS) return
    this.#listedFds++
    const {type, name, openFlags, device, inode, protocol, ends, listens, unix} = listed
    const info = newFd(type, {name, openFlags, device, inode, protocol, ends, listens, unix})
    if (listens !== undefined) {
      info.name = endText(listens.address, listens.port)
      info.role = 'server'
      this.#serverPorts.add(listens.port)
    }
    if (type === FD.unix) info.role = name === '' ? 'client' : 'server'
    if (isInternet(info)) this.#sockets.push(info)
    thread.fds.set(listed.fd, info)
  }

  networkInterface(entry: ListedInterface): void {
    this.interfaces.add(entry)
  }

  user(user: ListedUser): void {
    if (this.users.size < MAX_ACCOUNTS) this.users.set(user.uid, user)
  }

  group(group: ListedGroup): void {
    if (this.groups.size < MAX_ACCOUNTS) this.groups.set(group.gid, group)
  }

  /** Applies what an event changes before rules see it; gives what fields are read from. */
  before(event: CapturedRecord): EventScope {
    if (this.#sockets.length > 0) this.#giveRoles()
    this.#linkParents()
    const scope: {-readonly [K in keyof EventScope]: EventScope[K]} = {
      event,
      table: this.table,
      bootNs: this.#bootNs,
      thread: this.#threadOf(event),
      fd: undefined,
      oldFdName: '',
      enter: undefined,
    }
    if (scope.thread !== undefined) this.#prepare(scope, scope.thread)
    const {def} = event
    if (def.direction === 'exit') this.#handlers.get(def.name)?.(scope)
    else this.#takeOther(scope)
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

  #threadOf(event: CapturedRecord): CapturedThread | undefined {
    const {name, flags} = event.def
    if (flags.includes('skip_parser_reset'))
      return name === 'procinfo' ? this.table.get(event.tid) : undefined
    if (NO_THREAD.has(name)) return undefined
    return LOOKED_UP.has(name) ? this.table.get(event.tid) : this.table.getOrUnknown(event.tid)
  }

  /** Finds the descriptor that an event is about, and the enter event that goes with it. */
  #prepare(
    scope: {-readonly [K in keyof EventScope]: EventScope[K]},
    thread: CapturedThread,
  ): void {
    const {event} = scope
    const {def} = event
    if (def.flags.includes('skip_parser_reset') || def.name === 'switch') return
    if (def.direction === 'enter') {
      thread.lastFd = -1
      thread.lastEnterCode = def.code
      if (STORED_ENTERS.has(def.name)) thread.storedEnter = storedCopy(event)
      if (def.flags.includes('uses_fd')) {
        thread.lastFd = numberOf(event, 'fd') ?? -1
        scope.fd = fdOf(scope, thread.lastFd)
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
    if (!def.flags.includes('uses_fd')) return
    if (thread.lastFd === -1) thread.lastFd = fdParam(event) ?? -1
    scope.fd = fdOf(scope, thread.lastFd)
    scope.oldFdName = scope.fd?.name ?? ''
  }

  /** Events that are no calls. */
  #takeOther(scope: EventScope): void {
    const {event, thread} = scope
    switch (event.def.name) {
      case 'procexit':
        if (thread === undefined) return
        thread.dead = true
        thread.reaperTid = numberOf(event, 'reaper_tid') ?? -1
        return
      case 'switch':
        if (thread !== undefined) takeSwitch(scope, thread)
        return
      case 'useradded': {
        const text = (name: string): ByteString => textParam(event, name) ?? ''
        if (text('container_id') !== '') return
        const uid = numberOf(event, 'uid') ?? 0
        this.user({uid, name: text('name'), home: text('home'), shell: text('shell')})
        return
      }
      case 'userdeleted':
        if ((textParam(event, 'container_id') ?? '') === '')
          this.users.delete(numberOf(event, 'uid') ?? -1)
        return
      case 'groupadded':
        if ((textParam(event, 'container_id') ?? '') === '')
          this.group({gid: numberOf(event, 'gid') ?? 0, name: textParam(event, 'name') ?? ''})
        return
      case 'groupdeleted':
        if ((textParam(event, 'container_id') ?? '') === '')
          this.groups.delete(numberOf(event, 'gid') ?? -1)
    }
  }

  /** Which end of a listed socket is the client: the local one, unless its port is listened on. */
  #giveRoles(): void {
    for (const socket of this.#sockets) {
      const {ends} = socket
      if (ends === undefined) continue
      const isServer = this.#serverPorts.has(ends.sourcePort)
      socket.role = isServer ? 'server' : 'client'
      socket.ends = isServer ? swapped(ends) : ends
      socket.name = endsText(socket.ends)
    }
    this.#sockets = []
  }

  /** Children may stand before their parents in the list. */
  #linkParents(): void {
    if (this.#linked) return
    this.#linked = true
    for (const thread of this.table.threads()) this.table.parent(thread)?.children.add(thread)
  }
}

function takeSwitch({event, table}: EventScope, thread: CapturedThread): void {
  if (event.get('vm_swap') === undefined) return
  thread.majorFaults = intOf(event, 'pgft_maj') ?? 0
  thread.minorFaults = intOf(event, 'pgft_min') ?? 0
  const main = table.main(thread)
  if (main === undefined) return
  main.vmSizeKb = numberOf(event, 'vm_size') ?? 0
  main.vmRssKb = numberOf(event, 'vm_rss') ?? 0
  main.vmSwapKb = numberOf(event, 'vm_swap') ?? 0
}

const fdNames = new WeakMap<EventDef, string | null>()

/** The descriptor parameter that an event is about. */
function fdParam(event: CapturedRecord): number | undefined {
  let name = fdNames.get(event.def)
  if (name === undefined) {
    name =
      FD_PARAMS.find(candidate => event.def.params.some(param => param.name === candidate)) ?? null
    fdNames.set(event.def, name)
  }
  return name === null ? undefined : numberOf(event, name)
}

/** The event's own values do not outlive it. */
function storedCopy(event: CapturedRecord): CapturedThread['storedEnter'] {
  const values = new Map(STORED_PARAMS.map(name => [name, event.get(name)]))
  return {code: event.def.code, get: name => values.get(name)}
}
