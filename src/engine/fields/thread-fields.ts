import type {ByteString} from '../../schema/bytes.ts'
import {CAPABILITIES} from '../../schema/tables/names.ts'
import type {Account} from '../../state/accounts.ts'
import type {FdInfo} from '../../state/fd.ts'
import {isMain, NO_LOGIN_UID, type Thread} from '../../state/thread.ts'
import type {MatchContext} from '../match-context.ts'
import {typeName} from './fd-fields.ts'
import {type FieldFactory, type FieldSource, ofThread, plain} from './field-source.ts'

const UNKNOWN: ByteString = '<NA>'
const KB = 1024

/** Fields of the thread, its resources, and whom it acts for. */
export const THREAD_FIELDS: FieldSource = {
  'thread.tid': plain(({event}) => event.tid),
  'thread.ismain': ofThread(isMain),
  'thread.vtid': ofThread(({vtid}) => (vtid === -1 ? undefined : vtid)),
  'thread.nametid': ofThread(({comm}, {event}) => `${comm}${event.tid}`),
  'thread.cap_permitted': ofThread(({capPermitted}) => capabilityNames(capPermitted)),
  'thread.cap_inheritable': ofThread(({capInheritable}) => capabilityNames(capInheritable)),
  'thread.cap_effective': ofThread(({capEffective}) => capabilityNames(capEffective)),
  // Not measured any more by the peers either.
  'thread.exectime': plain(() => 0),
  'thread.totexectime': ofThread(() => 0),
  'thread.cgroups': ofThread(({cgroups}) => (cgroups.length === 0 ? undefined : cgroups.join(' '))),
  'thread.cgroup':
    ({arg}) =>
    context =>
      context.thread?.cgroups
        .find(text => text.startsWith(`${arg}=`))
        ?.slice((arg?.length ?? 0) + 1),
  'proc.nthreads': ofThread(thread => livingThreads(thread).length),
  'proc.nchilds': ofThread(thread => livingThreads(thread).filter(one => !isMain(one)).length),
  'thread.cpu': cpuShare(),
  'thread.cpu.user': cpuShare(),
  'thread.cpu.system': cpuShare(),
  'proc.vmsize': ofThread(({vmSizeKb}) => vmSizeKb),
  'proc.vmrss': ofThread(({vmRssKb}) => vmRssKb),
  'proc.vmswap': ofThread(({vmSwapKb}) => vmSwapKb),
  'thread.vmsize': ofThread(thread => (isMain(thread) ? thread.vmSizeKb : 0)),
  'thread.vmrss': ofThread(thread => (isMain(thread) ? thread.vmRssKb : 0)),
  'thread.vmsize.b': ofThread(thread => (isMain(thread) ? thread.vmSizeKb * KB : 0)),
  'thread.vmrss.b': ofThread(thread => (isMain(thread) ? thread.vmRssKb * KB : 0)),
  'thread.pfmajor': ofThread(({majorFaults}) => majorFaults),
  'thread.pfminor': ofThread(({minorFaults}) => minorFaults),
  'proc.fdopencount': ofThread((thread, {state}) => state.table.main(thread)?.fds.size ?? 0),
  'proc.fdlimit': ofThread((thread, {state}) => state.table.main(thread)?.fdLimit ?? 0),
  'proc.fdusage': ofThread((thread, {state}) => {
    const main = state.table.main(thread)
    const limit = Number(main?.fdLimit ?? 0)
    return limit <= 0 ? 0 : Math.min(100, ((main?.fds.size ?? 0) * 100) / limit)
  }),
  'proc.stdin.type': standard(0, typeName),
  'proc.stdout.type': standard(1, typeName),
  'proc.stderr.type': standard(2, typeName),
  'proc.stdin.name': standard(0, ({name}) => name),
  'proc.stdout.name': standard(1, ({name}) => name),
  'proc.stderr.name': standard(2, ({name}) => name),
  'user.uid': ofThread(({uid}) => uid),
  'user.name': ofThread(({uid}, context) => account(context, uid).name),
  'user.homedir': ofThread(({uid}, context) => account(context, uid).home),
  'user.shell': ofThread(({uid}, context) => account(context, uid).shell),
  'user.loginuid': ofThread(({loginUid}) => (loginUid === NO_LOGIN_UID ? -1 : loginUid)),
  'user.loginname': ofThread(({loginUid}, context) => account(context, loginUid).name),
  'group.gid': ofThread(({gid}) => gid),
  'group.name': ofThread(
    ({gid}, {state}) => state.accounts.groupName(gid) ?? (gid === 0 ? 'root' : UNKNOWN),
  ),
}

function account({state}: MatchContext, uid: number): Account {
  const known = state.accounts.user(uid)
  if (known !== undefined) return known
  return uid === 0
    ? {name: 'root', home: '/root', shell: UNKNOWN}
    : {name: UNKNOWN, home: UNKNOWN, shell: UNKNOWN}
}

/** Living threads of the process; none while the process is unknown. */
function livingThreads({group}: Thread): Thread[] {
  return [...(group?.threads ?? [])].filter(({dead}) => !dead)
}

/** Reports of processor time no longer say how much was used since the last one. */
function cpuShare(): FieldFactory {
  return ofThread((_thread, {event}) => (event.def.name === 'procinfo' ? 0 : undefined))
}

function standard(number: number, value: (fd: FdInfo) => string): FieldFactory {
  return ofThread((thread, {state}) => {
    const fd = state.table.fdsOf(thread)?.get(number)
    return fd === undefined ? undefined : value(fd)
  })
}

function capabilityNames(set: bigint): ByteString {
  return CAPABILITIES.filter(([, bit]) => ((set >> BigInt(bit)) & 1n) === 1n)
    .map(([name]) => name)
    .join(' ')
}
