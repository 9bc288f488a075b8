import {FLAG_TABLES} from '../../schema/tables/flags.ts'
import {CLONE, directoryText, isUnknown} from '../thread.ts'
import {
  changeDirectory,
  type EventHandler,
  type EventScope,
  intOf,
  numberOf,
  resultOf,
  succeeded,
  textParam,
  workingDirectory,
} from './event-scope.ts'
import {takeCapabilities} from './task-events.ts'
import {unshareFiles, unsharePlace} from './unshare.ts'

/** Every capability that kernels of today have. */
const ALL_CAPABILITIES = (1n << 41n) - 1n
const NOFILE = flagValue('rlimit_resources', 'RLIMIT_NOFILE')
/** An id argument that leaves the id as it is. */
const NO_CHANGE = 0xffff_ffff
const SUBREAPER_OPTIONS = [
  flagValue('prctl_options', 'PR_SET_CHILD_SUBREAPER'),
  flagValue('prctl_options', 'PR_GET_CHILD_SUBREAPER'),
]

function flagValue(table: keyof typeof FLAG_TABLES, name: string): number | undefined {
  return FLAG_TABLES[table].values.find(([known]) => known === name)?.[1]
}

/** Events that change who a thread is and what it may do, by name. */
export const ID_HANDLERS: Readonly<Record<string, EventHandler>> = {
  setuid: userFrom('uid'),
  setresuid: userFrom('euid'),
  setreuid: userFrom('euid'),
  setgid: groupFrom('gid'),
  setresgid: groupFrom('egid'),
  setregid: groupFrom('egid'),
  setsid: scope => {
    const sid = Number(resultOf(scope.event) ?? -1)
    if (sid >= 0 && scope.thread !== undefined) scope.thread.sid = sid
  },
  capset: scope => {
    if (succeeded(scope.event) && scope.thread !== undefined)
      takeCapabilities(scope.event, scope.thread)
  },
  unshare: scope => {
    newUserNamespace(scope, 'flags')
    stopSharing(scope)
  },
  setns: scope => newUserNamespace(scope, 'nstype'),
  prctl: scope => {
    const {event, thread} = scope
    const option = numberOf(event, 'option')
    if (!succeeded(event) || thread?.group === undefined || !SUBREAPER_OPTIONS.includes(option))
      return
    thread.group.reaper = Number(intOf(event, 'arg2_int') ?? 0) !== 0
  },
  chdir: scope => moveTo(scope, textParam(scope.event, 'path')),
  getcwd: scope => moveTo(scope, textParam(scope.event, 'path')),
  fchdir: scope => moveTo(scope, scope.fd?.name),
  getrlimit: scope => {
    if (succeeded(scope.event)) limitTo(scope, scope.event.tid, 'cur')
  },
  setrlimit: scope => {
    if (succeeded(scope.event)) limitTo(scope, scope.event.tid, 'cur')
  },
  prlimit: scope => {
    const tid = numberOf(scope.event, 'pid')
    if (resultOf(scope.event) === 0 && tid !== undefined)
      limitTo(scope, tid === 0 ? scope.event.tid : tid, 'newcur')
  },
  brk: takeMemory,
  mmap: takeMemory,
  mmap2: takeMemory,
  munmap: takeMemory,
}

function userFrom(name: string): EventHandler {
  return ({event, thread}) => {
    const uid = numberOf(event, name)
    if (resultOf(event) === 0 && isSet(uid) && thread !== undefined) thread.uid = uid
  }
}

function groupFrom(name: string): EventHandler {
  return ({event, thread}) => {
    const gid = numberOf(event, name)
    if (resultOf(event) === 0 && isSet(gid) && thread !== undefined) thread.gid = gid
  }
}

function isSet(id: number | undefined): id is number {
  return id !== undefined && id >>> 0 !== NO_CHANGE
}

function newUserNamespace({event, thread}: EventScope, name: string): void {
  if (!succeeded(event) || thread === undefined) return
  if (((numberOf(event, name) ?? 0) & CLONE.newUser) === 0) return
  thread.capInheritable = ALL_CAPABILITIES
  thread.capPermitted = ALL_CAPABILITIES
  thread.capEffective = ALL_CAPABILITIES
}

/** A mount or user namespace of its own brings a place of its own (linux v6.8 kernel/fork.c, ksys_unshare). */
function stopSharing({event, table, thread}: EventScope): void {
  if (!succeeded(event) || thread === undefined) return
  const flags = numberOf(event, 'flags') ?? 0
  if ((flags & CLONE.files) !== 0) unshareFiles(table, thread)
  if ((flags & (CLONE.fs | CLONE.newMounts | CLONE.newUser)) !== 0) unsharePlace(table, thread)
}

/** The kernel's word counts more than the path of the event, which may lead through links. */
function moveTo(scope: EventScope, path: string | undefined): void {
  const {event, table, thread} = scope
  if (!succeeded(event) || thread === undefined) return
  if (path !== undefined) changeDirectory(table, thread, path)
  const resolved = textParam(event, '$cwd')
  if (resolved === undefined || directoryText(resolved) === workingDirectory(table, thread)) return
  changeDirectory(table, thread, resolved)
  scope.resolvedCwd = resolved
}

function limitTo({event, table}: EventScope, tid: number, name: string): void {
  const limit = intOf(event, name)
  const thread = table.get(tid)
  if (numberOf(event, 'resource') !== NOFILE || limit === undefined || Number(limit) === -1) return
  const main = thread === undefined || isUnknown(thread) ? undefined : table.main(thread)
  if (main !== undefined) main.fdLimit = limit
}

function takeMemory({event, thread}: EventScope): void {
  if (thread === undefined) return
  thread.vmSizeKb = numberOf(event, 'vm_size') ?? thread.vmSizeKb
  if (event.get('vm_swap') === undefined) return
  thread.vmRssKb = numberOf(event, 'vm_rss') ?? 0
  thread.vmSwapKb = numberOf(event, 'vm_swap') ?? 0
}
