import {bytesOf} from '../../schema/bytes.ts'
import {FD, type FdInfo, newFd} from '../fd.ts'
import {joinPath} from '../join-path.ts'
import {
  addFd,
  type EventHandler,
  type EventScope,
  fdOf,
  intOf,
  numberOf,
  resultOf,
  textParam,
  workingDirectory,
} from './event-scope.ts'
import {directoryOf} from './task-events.ts'
import {unshareFiles} from './unshare.ts'

/** Flags of opened files as events carry them. */
const O_DIRECTORY = 1 << 10
const O_CLOEXEC = 1 << 12
/** Bits from here on are the sensor's own and stand only in the exit event. */
const FIRST_ADDED_FLAG = 1 << 14
const UPPER_LAYER = 1 << 15
const LOWER_LAYER = 1 << 16
const CREAT_UPPER_LAYER = 1
const CREAT_LOWER_LAYER = 2
const FCNTL = {dupfd: 1, setfd: 3, dupfdCloexec: 26} as const
const FD_CLOEXEC = 1
const CLOSE_RANGE_UNSHARE = 2
const CLOSE_RANGE_CLOEXEC = 4
const UNREADABLE = bytesOf('<NA>')

/** Events that open, copy and change descriptors, by name. */
export const FD_HANDLERS: Readonly<Record<string, EventHandler>> = {
  open: takeOpen,
  openat: takeOpen,
  openat2: takeOpen,
  creat: takeOpen,
  open_by_handle_at: takeOpen,
  dup: takeDup,
  dup2: takeDup,
  dup3: takeDup,
  fcntl: takeFcntl,
  close_range: takeCloseRange,
  pipe: takePipe,
  pipe2: takePipe,
  eventfd: opens(FD.event),
  eventfd2: opens(FD.event, 'flags'),
  signalfd: opens(FD.signalfd),
  signalfd4: opens(FD.signalfd, 'flags'),
  timerfd_create: opens(FD.timerfd),
  inotify_init: opens(FD.inotify),
  inotify_init1: opens(FD.inotify, 'flags'),
  epoll_create: opens(FD.eventpoll),
  epoll_create1: opens(FD.eventpoll, 'flags'),
  bpf: opens(FD.bpf),
  userfaultfd: opens(FD.userfaultfd, 'flags'),
  io_uring_setup: opens(FD.ioUring),
  memfd_create: scope => {
    const name = textParam(scope.event, 'name') ?? ''
    open(scope, newFd(FD.memfd, {name, openFlags: numberOf(scope.event, 'flags') ?? 0}))
  },
  pidfd_open: scope => {
    const openFlags = numberOf(scope.event, 'flags') ?? 0
    open(scope, newFd(FD.pidfd, {name: `pidfd:${intOf(scope.event, 'pid') ?? 0}`, openFlags}))
  },
  pidfd_getfd: takePidfdGet,
}

/** What an event of the open family asked for; the copy taken before the call wins over the one after it. */
export interface OpenRequest {
  readonly name: string
  readonly path: string
  readonly flags: number
}

/** Reads the name and the flags of an event of the open family. */
export function openRequest(scope: EventScope): OpenRequest {
  const {event, enter} = scope
  let name = textParam(event, 'name') ?? textParam(event, 'path') ?? UNREADABLE
  let flags = numberOf(event, 'flags') ?? creatFlags(event)
  let dirfd = numberOf(event, 'dirfd')
  const enterName = enter === undefined ? undefined : textParam(enter, 'name')
  if (enter !== undefined && enterName !== undefined && enterName !== UNREADABLE) {
    name = enterName
    const added = flags & ~(FIRST_ADDED_FLAG - 1)
    flags = (numberOf(enter, 'flags') ?? 0) | added
    dirfd = numberOf(enter, 'dirfd')
  }
  return {name, path: joinPath(baseOf(scope, dirfd, name), name), flags}
}

function baseOf(scope: EventScope, dirfd: number | undefined, name: string): string {
  const {event, table, thread} = scope
  switch (event.def.name) {
    case 'open_by_handle_at':
      return ''
    case 'openat':
    case 'openat2':
      return dirfd === undefined ? '' : directoryOf(scope, dirfd, name)
    default:
      return thread === undefined ? '' : workingDirectory(table, thread)
  }
}

function creatFlags(event: EventScope['event']): number {
  const flags = numberOf(event, 'creat_flags') ?? 0
  if ((flags & CREAT_UPPER_LAYER) !== 0) return UPPER_LAYER
  return (flags & CREAT_LOWER_LAYER) !== 0 ? LOWER_LAYER : 0
}

function takeOpen(scope: EventScope): void {
  const {event} = scope
  const {name, path, flags} = openRequest(scope)
  const hasFile = event.get('ino') !== undefined
  open(
    scope,
    newFd((flags & O_DIRECTORY) !== 0 ? FD.directory : FD.fileWithFlags, {
      name: path,
      rawName: name,
      openFlags: flags,
      device: hasFile ? (numberOf(event, 'dev') ?? 0) : 0,
      inode: hasFile ? (intOf(event, 'ino') ?? 0) : 0,
      upperLayer: (flags & UPPER_LAYER) !== 0,
      lowerLayer: (flags & LOWER_LAYER) !== 0,
    }),
  )
}

/** Copies the descriptor of the event; a copy has no new name. */
function copy(scope: EventScope, info: FdInfo): void {
  open(scope, info)
  scope.oldFdName = info.name
}

/** Opens the descriptor that the call yielded, if it did. */
function open(scope: EventScope, info: FdInfo): void {
  const fd = Number(resultOf(scope.event) ?? -1)
  if (fd >= 0) addFd(scope, fd, info)
}

function opens(type: number, flagsName?: string): EventHandler {
  return scope => {
    const openFlags = flagsName === undefined ? 0 : (numberOf(scope.event, flagsName) ?? 0)
    open(scope, newFd(type, {openFlags}))
  }
}

function takeDup(scope: EventScope): void {
  const {event, fd} = scope
  if (fd === undefined) return forgetReplaced(scope)
  const onlyDup3 = event.def.name === 'dup3' && (numberOf(event, 'flags') ?? 0) !== 0
  const openFlags = onlyDup3 ? fd.openFlags | O_CLOEXEC : fd.openFlags & ~O_CLOEXEC
  copy(scope, {...fd, openFlags})
}

/** A copy of something unknown: what had the number before is gone, as far as the kernel itself says so. */
function forgetReplaced({event, table, thread}: EventScope): void {
  const result = Number(resultOf(event) ?? -1)
  if (event.live !== undefined && thread !== undefined && result >= 0)
    table.fdsOf(thread)?.delete(result)
}

function takeFcntl(scope: EventScope): void {
  const {event, fd} = scope
  const command = numberOf(event, 'cmd')
  if (fd === undefined || Number(resultOf(event) ?? -1) < 0) return
  if (command === FCNTL.setfd) {
    const closes = (Number(intOf(event, 'arg') ?? 0) & FD_CLOEXEC) !== 0
    fd.openFlags = closes ? fd.openFlags | O_CLOEXEC : fd.openFlags & ~O_CLOEXEC
  }
  if (command === FCNTL.dupfd) copy(scope, {...fd, openFlags: fd.openFlags & ~O_CLOEXEC})
  if (command === FCNTL.dupfdCloexec) copy(scope, {...fd, openFlags: fd.openFlags | O_CLOEXEC})
}

function takeCloseRange({event, table, thread}: EventScope): void {
  if (resultOf(event) !== 0 || thread === undefined) return
  const [first = 0, last = -1] = [numberOf(event, 'first'), numberOf(event, 'last')]
  const flags = numberOf(event, 'flags') ?? 0
  const markOnly = (flags & CLOSE_RANGE_CLOEXEC) !== 0
  if ((flags & CLOSE_RANGE_UNSHARE) !== 0) unshareFiles(table, thread)
  const fds = table.fdsOf(thread) ?? new Map<number, FdInfo>()
  for (const [fd, info] of fds) {
    if (fd < first || fd > last) continue
    if (markOnly) info.openFlags |= O_CLOEXEC
    else fds.delete(fd)
  }
}

function takePipe(scope: EventScope): void {
  const {event} = scope
  if (Number(resultOf(event) ?? -1) < 0) return
  const parts = {inode: intOf(event, 'ino') ?? 0, openFlags: numberOf(event, 'flags') ?? 0}
  for (const name of ['fd1', 'fd2']) {
    const fd = numberOf(event, name)
    if (fd !== undefined) addFd(scope, fd, newFd(FD.pipe, parts))
  }
}

function takePidfdGet(scope: EventScope): void {
  const {event, table} = scope
  const target = /^pidfd:(\d+)$/.exec(fdOf(scope, numberOf(event, 'pid_fd') ?? -1)?.name ?? '')
  const thread = target === null ? undefined : table.get(Number(target[1]))
  const info = thread && table.fdsOf(thread)?.get(numberOf(event, 'target_fd') ?? -1)
  if (info !== undefined) copy(scope, {...info})
}
