import {FLAG_TABLES} from '../../schema/tables/flags.ts'
import {isUnknown} from './captured-thread.ts'
import {
  changeDirectory,
  type EventHandler,
  type EventScope,
  intOf,
  numberOf,
  resultOf,
  succeeded,
  textParam,
} from './event-scope.ts'
import {takeCapabilities} from './task-events.ts'

const NEW_USER_NAMESPACE = 1 << 20
/** Every capability that kernels of today have. */
const ALL_CAPABILITIES = (1n << 41n) - 1n
const NOFILE = flagValue('rlimit_resources', 'RLIMIT_NOFILE')
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
  unshare: scope => newUserNamespace(scope, 'flags'),
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
    if (resultOf(event) === 0 && uid !== undefined && thread !== undefined) thread.uid = uid
  }
}

function groupFrom(name: string): EventHandler {
  return ({event, thread}) => {
    const gid = numberOf(event, name)
    if (resultOf(event) === 0 && gid !== undefined && thread !== undefined) thread.gid = gid
  }
}

function newUserNamespace({event, thread}: EventScope, name: string): void {
  if (!succeeded(event) || thread === undefined) return
  if (((numberOf(event, name) ?? 0) & NEW_USER_NAMESPACE) === 0) return
  thread.capInheritable = ALL_CAPABILITIES
  thread.capPermitted = ALL_CAPABILITIES
  thread.capEffective = ALL_CAPABILITIES
}

function moveTo({event, table, thread}: EventScope, path: string | undefined): void {
  if (succeeded(event) && thread !== undefined && path !== undefined)
    changeDirectory(table, thread, path)
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
