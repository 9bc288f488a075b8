import type {FieldRef} from '../../compiler/field-ref.ts'
import type {ByteString} from '../../schema/bytes.ts'
import {CAPABILITIES} from '../../schema/tables/names.ts'
import type {FieldValue, Int, Scalar} from '../../schema/value.ts'
import {canonicalInt} from '../../schema/value.ts'
import type {Process} from '../../state/process.ts'
import type {MatchContext} from '../match-context.ts'
import {type ExtractorFactory, type FieldSource, plain} from './field-source.ts'

type OfProcess = (process: Process) => Scalar | undefined

/** Fields of the process, its kin and its session. */
export const PROCESS_FIELDS: FieldSource = {
  'proc.name': plain(({thread}) => thread.comm),
  'proc.exe': own(({exe}) => exe),
  'proc.exepath': own(({exePath}) => exePath),
  'proc.args': ({index}) =>
    index === undefined ? ({process}) => argsText(process) : ({process}) => process.args[index],
  'proc.cmdline': plain(({thread}) => commandLine(thread.comm, thread.process)),
  'proc.exeline': own(process => `${process.exe} ${argsText(process)}`),
  'proc.cmdnargs': own(({args}) => args.length),
  'proc.cmdlenargs': own(({args}) => args.reduce((sum, arg) => sum + arg.length, 0)),
  'proc.env':
    ({arg}) =>
    ({process}) =>
      environment(process, arg),
  'proc.cwd': own(({cwd}) =>
    cwd.path === undefined ? undefined : cwd.path === '/' ? '/' : `${cwd.path}/`,
  ),
  'proc.tty': own(({tty}) => tty),
  'proc.pid': own(({pid}) => pid),
  'proc.sid': own(({sessionId}) => sessionId),
  'proc.pgid': own(({groupId}) => groupId),
  'proc.sname': plain(context => sessionLeader(context)?.comm),
  'proc.sid.exe': plain(context => sessionLeader(context)?.exe),
  'proc.sid.exepath': plain(context => sessionLeader(context)?.exePath),
  'proc.pgid.name': plain(
    ({state, process}) => leader(state.table.process(process.groupId ?? 0))?.comm,
  ),
  'proc.is_sid_leader': own(({sessionId, pid}) =>
    sessionId === undefined ? undefined : sessionId === pid,
  ),
  'proc.is_pgid_leader': own(({groupId, pid}) =>
    groupId === undefined ? undefined : groupId === pid,
  ),
  'proc.duration': plain(({event, process}) => age(event.timeNs(), process.startNs)),
  'proc.pid.ts': own(({startNs}) => (startNs === undefined ? undefined : canonicalInt(startNs))),
  'proc.exe_ino': own(({exeInode}) => (exeInode === 0 ? undefined : exeInode)),
  'proc.nthreads': own(({threads}) => threads.size + 1),
  'proc.nchilds': own(({children}) => children.size),
  'proc.ppid': parent(({pid}) => pid),
  'proc.pname': parent(({comm}) => comm),
  'proc.pexe': parent(({exe}) => exe),
  'proc.pexepath': parent(({exePath}) => exePath),
  'proc.pcmdline': parent(process => commandLine(process.comm, process)),
  'proc.ppid.duration': plain(({event, parent: of}) =>
    of === undefined ? undefined : age(event.timeNs(), of.startNs),
  ),
  'proc.aname': ancestor(({comm}) => comm),
  'proc.aexe': ancestor(({exe}) => exe),
  'proc.aexepath': ancestor(({exePath}) => exePath),
  'proc.aargs': ancestor(argsText),
  'proc.acmdline': ancestor(process => commandLine(process.comm, process)),
  'proc.apid': ancestor(({pid}) => pid),
  'thread.tid': plain(({event}) => event.tid),
  'thread.ismain': plain(({event}) => event.tid === event.pid),
  'thread.cap_permitted': own(({capabilities}) => capabilityNames(capabilities.permitted)),
  'thread.cap_inheritable': own(({capabilities}) => capabilityNames(capabilities.inheritable)),
  'thread.cap_effective': own(({capabilities}) => capabilityNames(capabilities.effective)),
}

function own(value: OfProcess): ExtractorFactory {
  return plain(({process}) => value(process))
}

function parent(value: OfProcess): ExtractorFactory {
  return plain(context => {
    const process = context.parent
    return process === undefined ? undefined : value(process)
  })
}

/** `[n]`: so many levels up, 0 the process itself. Without index: every ancestor, the parent first. */
function ancestor(value: OfProcess): ExtractorFactory {
  return ({index}: FieldRef) => {
    if (index !== undefined) {
      return ({state, process}) => {
        const at = state.table.ancestor(process, index)
        return at === undefined ? undefined : value(at)
      }
    }
    return ({state, process}) => {
      const values: Scalar[] = []
      for (const at of state.table.ancestors(process)) {
        const one = value(at)
        if (one !== undefined) values.push(one)
      }
      return values
    }
  }
}

function argsText({args}: Process): ByteString {
  return args.join(' ')
}

function commandLine(comm: ByteString, {args}: Process): ByteString {
  return args.length === 0 ? comm : `${comm} ${args.join(' ')}`
}

function environment({env}: Process, name: string | undefined): FieldValue | undefined {
  if (env === undefined) return undefined
  if (name === undefined) return env.join(' ')
  return env.find(word => word.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** The process whose id is the session's, else the oldest ancestor in the same session. */
function sessionLeader({state, process}: MatchContext): Process | undefined {
  const {sessionId} = process
  if (sessionId === undefined) return undefined
  const known = state.table.process(sessionId)
  if (known !== undefined) return leader(known)
  let oldest = process
  for (const at of state.table.ancestors(process)) {
    if (at.sessionId !== sessionId) break
    oldest = at
  }
  return oldest
}

function leader(process: Process | undefined): Process | undefined {
  return process?.unknown === true ? undefined : process
}

function age(timeNs: bigint, startNs: bigint | undefined): Int | undefined {
  return startNs === undefined ? undefined : canonicalInt(timeNs > startNs ? timeNs - startNs : 0n)
}

function capabilityNames(set: Int): ByteString {
  const bits = BigInt(set)
  return CAPABILITIES.filter(([, bit]) => ((bits >> BigInt(bit)) & 1n) === 1n)
    .map(([name]) => name)
    .join(' ')
}
