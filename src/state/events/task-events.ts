import {splitTexts} from '../../schema/bytes.ts'
import {joinPath} from '../join-path.ts'
import {blank, CLONE, directoryText, isUnknown, normalCgroup, type Thread} from '../thread.ts'
import {
  type EventHandler,
  type EventScope,
  intOf,
  numberOf,
  resultOf,
  textParam,
  wideOf,
  workingDirectory,
} from './event-scope.ts'
import {copyOfFds} from './unshare.ts'

/** A child entry older than this is taken for a process whose exit was missed. */
const STALE_NS = 2_000_000_000n
const O_CLOEXEC = 1 << 12
const EXE = {writable: 1, upperLayer: 2, fromMemory: 4, lowerLayer: 8} as const
const AT_EMPTY_PATH = 1
const UNREADABLE = '<NA>'

/** Events that make threads and change their program, by name. */
export const TASK_HANDLERS: Readonly<Record<string, EventHandler>> = {
  clone: takeClone,
  clone3: takeClone,
  fork: takeClone,
  vfork: takeClone,
  execve: takeExec,
  execveat: takeExec,
}

/** What a new process or thread has from the one that made it. */
const INHERITED = [
  'exePath',
  'exeWritable',
  'exeUpperLayer',
  'exeLowerLayer',
  'exeFromMemory',
  'sid',
  'vpgid',
  'pgid',
  'tty',
  'loginUid',
  'capPermitted',
  'capInheritable',
  'capEffective',
  'exeInode',
  'exeDevice',
  'exeCtimeNs',
  'exeMtimeNs',
  'ctimeToCloneNs',
] as const

/** clone, clone3, fork and vfork: on the side of the maker, and of the new thread. */
function takeClone(scope: EventScope): void {
  const result = Number(resultOf(scope.event) ?? -1)
  if (result === 0) takeChildSide(scope)
  else if (result > 0) takeMakerSide(scope, result)
}

function takeMakerSide(scope: EventScope, childTid: number): void {
  const {event, table} = scope
  const maker = table.getOrUnknown(event.tid)
  const known = !isUnknown(maker)
  if (!known) {
    maker.pid = numberOf(event, 'pid') ?? -1
    maker.parentTid = numberOf(event, 'ptid') ?? -1
    const vpid = numberOf(event, 'vpid')
    maker.vtid = vpid === undefined ? event.tid : (numberOf(event, 'vtid') ?? event.tid)
    maker.vpid = vpid ?? -1
    table.join(maker)
  }
  scope.thread = maker
  // Live, each new task has its own event, and may be gone by the time its maker returns.
  if (event.live !== undefined) return
  const flags = numberOf(event, 'flags') ?? 0
  const inNamespace = CLONE.childInPidNamespace | CLONE.newPid | CLONE.parent
  // There the result is a number of the inner namespace: the child's own event makes the entry.
  if ((flags & inNamespace) !== 0 || event.tid !== maker.vtid) return
  // The child of vfork runs first, and may be gone already.
  if ((flags & CLONE.vfork) !== 0 || event.def.name === 'vfork') return
  const existing = table.get(childTid)
  if (existing !== undefined) {
    if ((existing.flags & CLONE.inverted) !== 0) return
    table.remove(existing)
  }
  const child = blank(childTid)
  child.flags = flags
  if ((flags & CLONE.thread) === 0) {
    child.pid = childTid
    child.parentTid = maker.tid
    if (known) copyProcess(scope, child, maker)
  } else {
    child.pid = maker.pid
    child.parentTid = maker.parentTid
    child.flags |= CLONE.files
  }
  child.vtid = child.tid
  child.vpid = child.pid
  takeTaskValues(scope, child)
  child.namespaceStartNs = scope.bootNs
  if (known) inherit(child, maker)
  else Object.assign(maker, {exe: child.exe, comm: child.comm, args: child.args})
  table.add(child)
}

function takeChildSide(scope: EventScope): void {
  const {event, table} = scope
  const {live} = event
  const existing = scope.thread
  if (live !== undefined) {
    // The kernel tells of each new thread exactly once: what has its id is gone.
    if (existing !== undefined) table.forget(existing)
  } else if (existing !== undefined && existing.cloneNs !== 0n) {
    if (event.timeNs() - existing.cloneNs < STALE_NS) return
    table.remove(existing)
  }
  const child = blank(event.tid)
  child.pid = numberOf(event, 'pid') ?? -1
  child.parentTid = numberOf(event, 'ptid') ?? -1
  const vpid = numberOf(event, 'vpid')
  child.vtid = vpid === undefined ? child.tid : (numberOf(event, 'vtid') ?? child.tid)
  child.vpid = vpid ?? -1
  child.flags = (numberOf(event, 'flags') ?? 0) | CLONE.inverted
  const isLeader = (child.flags & CLONE.thread) === 0
  // Captures do not say otherwise of threads.
  const ownFiles = !isLeader && numberOf(event, '$sharesFiles') === 0
  if (!isLeader && !ownFiles) child.flags |= CLONE.files
  const modelTid = isLeader ? (numberOf(event, '$maker') ?? child.parentTid) : child.pid
  const model = table.getOrUnknown(modelTid)
  const known = !isUnknown(model)
  if (!known && !isLeader) {
    model.pid = child.pid
    model.parentTid = child.parentTid
    model.vpid = child.vpid
    model.vtid = child.vpid
    table.join(model)
  }
  takeTaskValues(scope, child)
  if (live !== undefined) takeLiveValues(scope, child, known ? model : undefined)
  if (known) {
    inherit(child, model)
    if (isLeader) copyProcess(scope, child, model)
    if (ownFiles) child.fds = copyOfFds(table.fdsOf(makerOf(scope, model)) ?? child.fds)
    if (!isLeader && numberOf(event, '$sharesFs') === 0) {
      child.hasOwnPlace = true
      child.fs = {cwd: workingDirectory(table, makerOf(scope, model))}
    }
  } else if (!isLeader) {
    Object.assign(model, {exe: child.exe, comm: child.comm, args: child.args})
  }
  const inNamespace = (child.flags & (CLONE.childInPidNamespace | CLONE.newPid)) !== 0
  if (!inNamespace && child.tid === child.vtid) child.namespaceStartNs = scope.bootNs
  else if (event.get('pidns_init_start_ts') !== undefined)
    child.namespaceStartNs = wideOf(event, 'pidns_init_start_ts') + scope.bootNs
  table.add(child)
  scope.thread = child
}

/** The thread that made another one of its process. */
function makerOf({event, table}: EventScope, main: Thread): Thread {
  return table.get(numberOf(event, '$maker') ?? -1) ?? main
}

function inherit(child: Thread, from: Thread): void {
  Object.assign(child, Object.fromEntries(INHERITED.map(name => [name, from[name]])))
}

/** What the sensor does not capture because the maker has it: its program. */
function takeLiveValues({event}: EventScope, child: Thread, model: Thread | undefined): void {
  child.startedNs = event.live!.startedNs
  child.madeNs = intOf(event, '$start')
  child.execId = intOf(event, '$execId')
  child.cgroupKey = intOf(event, '$cgroup')
  if (model === undefined) {
    if (child.exe === '') child.exe = child.comm
    return
  }
  if (event.get('exe') === undefined) child.exe = model.exe
  if (event.get('args') === undefined) child.args = model.args
  if (event.get('cgroups') === undefined) {
    child.cgroups = model.cgroups
    child.containerId = model.containerId
  }
  if (event.get('fdlimit') === undefined) child.fdLimit = model.fdLimit
}

/** Whether a new thread shares something with its maker: the kernel's word counts, then the flags of the call. */
function shares(
  event: EventScope['event'],
  child: Thread,
  name: '$sharesFiles' | '$sharesFs',
  flag: number,
): boolean {
  const told = numberOf(event, name)
  return told === undefined ? (child.flags & flag) !== 0 : told === 1
}

function copyProcess({event, table}: EventScope, child: Thread, from: Thread): void {
  const main = table.main(from) ?? from
  const fds = table.fdsOf(from) ?? child.fds
  child.fds = shares(event, child, '$sharesFiles', CLONE.files) ? fds : copyOfFds(fds)
  const place = table.placeOf(from)
  if (place !== undefined)
    child.fs = shares(event, child, '$sharesFs', CLONE.fs) ? place : {...place}
  child.env = main.env
}

/** Values that clone and exec events have in common. */
function takeTaskValues(scope: EventScope, thread: Thread): void {
  const {event} = scope
  takeProgram(scope, thread)
  thread.uid = (numberOf(event, 'uid') ?? thread.uid) >>> 0
  thread.gid = (numberOf(event, 'gid') ?? thread.gid) >>> 0
  thread.cloneNs = event.timeNs()
}

function takeProgram(scope: EventScope, thread: Thread): void {
  const {event} = scope
  thread.exe = textParam(event, 'exe') ?? ''
  thread.args = splitTexts(textParam(event, 'args') ?? '')
  // Old captures know no separate name.
  thread.comm = textParam(event, 'comm') ?? thread.exe
  thread.fdLimit = intOf(event, 'fdlimit') ?? 0
  if (event.get('vm_swap') !== undefined) {
    thread.majorFaults = intOf(event, 'pgft_maj') ?? 0
    thread.minorFaults = intOf(event, 'pgft_min') ?? 0
    thread.vmSizeKb = numberOf(event, 'vm_size') ?? 0
    thread.vmRssKb = numberOf(event, 'vm_rss') ?? 0
    thread.vmSwapKb = numberOf(event, 'vm_swap') ?? 0
  }
  const cgroups = textParam(event, 'cgroups')
  if (cgroups === undefined) return
  thread.cgroups = splitTexts(cgroups).map(normalCgroup)
  const container = scope.cgroups.of(cgroups)
  thread.containerId = container?.id ?? ''
  if (container !== undefined) scope.containers.see(container, thread.pid)
}

/** execve and execveat. A failed one changes nothing. */
function takeExec(scope: EventScope): void {
  const {event, table, thread} = scope
  if (Number(resultOf(event) ?? -1) < 0 || thread === undefined) return
  thread.dead = false
  takeProgram(scope, thread)
  thread.pid = numberOf(event, 'pid') ?? thread.pid
  if (isUnknown(thread)) {
    thread.parentTid = numberOf(event, 'ptid') ?? -1
    if ((thread.flags & CLONE.childInPidNamespace) === 0) {
      thread.vtid = thread.tid
      thread.vpid = thread.pid
    }
    if (!isUnknown(thread)) table.join(thread)
  }
  const env = textParam(event, 'env')
  if (env !== undefined) thread.env = splitTexts(env)
  thread.tty = numberOf(event, 'tty') ?? thread.tty
  thread.exePath = textParam(event, 'trusted_exepath') ?? pathOfEnter(scope) ?? thread.exePath
  thread.vpgid = numberOf(event, 'vpgid') ?? thread.vpgid
  thread.loginUid = (numberOf(event, 'loginuid') ?? thread.loginUid) >>> 0
  takeExecFacts(scope, thread)
  thread.uid = (numberOf(event, 'uid') ?? thread.uid) >>> 0
  thread.pgid = numberOf(event, 'pgid') ?? -1
  thread.gid = (numberOf(event, 'gid') ?? thread.gid) >>> 0
  thread.flags &= CLONE.inverted
  // A new table: those who shared the old one keep theirs.
  const kept: Thread['fds'] = new Map()
  for (const [fd, info] of thread.fds)
    if ((info.openFlags & O_CLOEXEC) === 0) kept.set(fd, {...info})
  thread.fds = kept
  if (event.live !== undefined) takeLiveExec(scope, thread)
  for (const other of [...(thread.group?.threads ?? [])]) {
    if (other !== thread && other.tid !== other.pid) table.remove(other)
  }
}

/** What the kernel itself says of a process at exec, where captures leave it to be worked out. */
function takeLiveExec({event, table}: EventScope, thread: Thread): void {
  thread.madeNs = intOf(event, '$start')
  thread.execId = intOf(event, '$execId')
  thread.cgroupKey = intOf(event, '$cgroup')
  thread.sid = numberOf(event, '$sid') ?? thread.sid
  thread.exeDevice = numberOf(event, '$dev') ?? 0
  thread.vtid = numberOf(event, '$vtid') ?? thread.vtid
  thread.vpid = numberOf(event, '$vpid') ?? thread.vpid
  const cwd = textParam(event, 'cwd')
  // Others may share the place: it stays theirs too unless it turns out to be another one.
  if (cwd !== undefined && directoryText(cwd) !== thread.fs.cwd)
    thread.fs = {cwd: directoryText(cwd)}
  const parentTid = numberOf(event, 'ptid')
  if (parentTid !== undefined) table.setParent(thread, parentTid)
}

function takeExecFacts({event}: EventScope, thread: Thread): void {
  const flags = numberOf(event, 'flags')
  if (flags !== undefined) {
    thread.exeWritable = (flags & EXE.writable) !== 0
    thread.exeUpperLayer = (flags & EXE.upperLayer) !== 0
    thread.exeFromMemory = (flags & EXE.fromMemory) !== 0
    thread.exeLowerLayer = (flags & EXE.lowerLayer) !== 0
  }
  if (event.get('cap_effective') !== undefined) takeCapabilities(event, thread)
  if (event.get('exe_ino_mtime') === undefined) return
  thread.exeInode = intOf(event, 'exe_ino') ?? 0
  thread.exeCtimeNs = wideOf(event, 'exe_ino_ctime')
  thread.exeMtimeNs = wideOf(event, 'exe_ino_mtime')
  if (thread.cloneNs !== 0n)
    thread.ctimeToCloneNs = BigInt.asUintN(64, thread.cloneNs - thread.exeCtimeNs)
  if (thread.namespaceStartNs !== 0n && thread.exeCtimeNs > thread.namespaceStartNs)
    thread.namespaceToCtimeNs = thread.exeCtimeNs - thread.namespaceStartNs
}

/** Takes the three capability sets of an event. */
export function takeCapabilities(event: EventScope['event'], thread: Thread): void {
  thread.capInheritable = wideOf(event, 'cap_inheritable')
  thread.capPermitted = wideOf(event, 'cap_permitted')
  thread.capEffective = wideOf(event, 'cap_effective')
}

/** Old captures tell the path of the program only in the enter event, as it was passed. */
function pathOfEnter(scope: EventScope): string | undefined {
  const {enter, table, thread} = scope
  if (enter === undefined || thread === undefined) return undefined
  const fileName = textParam(enter, 'filename')
  if (fileName !== undefined)
    return fileName === UNREADABLE
      ? UNREADABLE
      : joinPath(workingDirectory(table, thread), fileName)
  const path = textParam(enter, 'pathname')
  if (path === undefined) return undefined
  const directory = directoryOf(scope, numberOf(enter, 'dirfd') ?? -1, path)
  const emptyPath = ((numberOf(enter, 'flags') ?? 0) & AT_EMPTY_PATH) !== 0
  if (directory === UNKNOWN || (!emptyPath && path === UNREADABLE)) return UNREADABLE
  return emptyPath ? joinPath('', directory) : joinPath(directory, path)
}

const UNKNOWN = '<UNKNOWN>'
const AT_FDCWD = -100

/** The directory that a name given with a descriptor is relative to. */
export function directoryOf(scope: EventScope, dirfd: number, name: string): string {
  const {table, thread} = scope
  if (name.startsWith('/')) return '.'
  if (thread === undefined) return UNKNOWN
  if (dirfd === AT_FDCWD) return workingDirectory(table, thread)
  const known = table.fdsOf(thread)?.get(dirfd)?.name
  return known ?? textParam(scope.event, '$dir') ?? UNKNOWN
}
