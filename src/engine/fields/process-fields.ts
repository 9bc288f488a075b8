import type {FieldRef} from '../../compiler/field-ref.ts'
import type {ByteString} from '../../schema/bytes.ts'
import type {FieldValue, Scalar} from '../../schema/value.ts'
import {canonicalInt} from '../../schema/value.ts'
import {workingDirectory} from '../../state/events/event-scope.ts'
import {CLONE, type Thread} from '../../state/thread.ts'
import type {MatchContext} from '../match-context.ts'
import {type FieldFactory, type FieldSource, ofThread, readThread as read} from './field-source.ts'

type OfThread = (thread: Thread) => Scalar | undefined

/** How far up an environment variable is looked for. */
const ENV_LEVELS = 20

const argsText: OfThread = ({args}) => args.join(' ')
const commandLine: OfThread = ({comm, args}) => [comm, ...args].join(' ')

/** Fields of the process, its kin, its session and its program. */
export const PROCESS_FIELDS: FieldSource = {
  'proc.name': ofThread(({comm}) => comm),
  'proc.exe': ofThread(({exe}) => exe),
  'proc.exepath': ofThread(({exePath}) => exePath),
  'proc.args': ({index}) =>
    read(thread => (index === undefined ? argsText(thread) : thread.args[index])),
  'proc.cmdline': ofThread(commandLine),
  'proc.exeline': ofThread(thread => `${thread.exe} ${argsText(thread)}`),
  'proc.cmdnargs': ofThread(({args}) => args.length),
  'proc.cmdlenargs': ofThread(({args}) => args.reduce((sum, arg) => sum + arg.length, 0)),
  'proc.env': ({arg}) => read((thread, context) => variable(envOf(context, thread), arg)),
  'proc.aenv': field => read((thread, context) => ancestorEnv(context, thread, field)),
  'proc.cwd': ofThread((thread, {state}) => workingDirectory(state.table, thread)),
  'proc.tty': ofThread(({tty}) => tty),
  'proc.pid': ofThread(({pid}) => pid),
  'proc.vpid': ofThread(({vpid}) => (vpid === -1 ? undefined : vpid)),
  'proc.sid': ofThread(({sid}) => sid),
  'proc.vpgid': ofThread(({vpgid}) => vpgid),
  'proc.pgid': ofThread(({pgid}) => pgid),
  ...leaderFields('proc.sid', 'sid', 'proc.sname'),
  ...leaderFields('proc.vpgid', 'vpgid', 'proc.vpgid.name'),
  ...leaderFields('proc.pgid', 'pgid', 'proc.pgid.name'),
  'proc.is_sid_leader': ofThread(({sid, vpid}) => sid === vpid),
  'proc.is_vpgid_leader': ofThread(({vpgid, vpid}) => vpgid === vpid),
  'proc.is_pgid_leader': ofThread(({pgid, pid}) => pgid === pid),
  'proc.loginshellid': ofThread((thread, {state}) => {
    const main = state.table.main(thread)
    if (main === undefined) return undefined
    let found: number | undefined
    for (const at of [main, ...state.table.ancestors(main)]) if (/sh$/.test(at.comm)) found = at.pid
    return found
  }),
  'proc.duration': ofThread(({cloneNs}, {event}) =>
    cloneNs === 0n ? undefined : canonicalInt(event.timeNs() - cloneNs),
  ),
  'proc.pid.ts': ofThread(({cloneNs}) => (cloneNs === 0n ? undefined : canonicalInt(cloneNs))),
  'proc.ppid': ofThread((thread, {state}) => {
    const main = state.table.main(thread)
    const above = main === undefined ? undefined : state.table.parent(main)
    // A thread made it: its process is the parent.
    return above === undefined || above.pid < 0 ? above?.tid : above.pid
  }),
  'proc.pname': parent(({comm}) => comm),
  'proc.pexe': parent(({exe}) => exe),
  'proc.pexepath': parent(({exePath}) => exePath),
  'proc.pcmdline': parent(commandLine),
  'proc.pvpid': parent(({vpid}) => vpid),
  'proc.ppid.ts': parent(({cloneNs}) => canonicalInt(cloneNs)),
  // Falco yields the number of open descriptors while the parent's start is unknown.
  'proc.ppid.duration': ofThread((thread, {state, event}) => {
    const above = state.table.parent(thread)
    if (above === undefined) return undefined
    return above.cloneNs === 0n
      ? (state.table.main(thread)?.fds.size ?? 0)
      : canonicalInt(event.timeNs() - above.cloneNs)
  }),
  'proc.aname': ancestor(({comm}) => comm),
  'proc.aexe': ancestor(({exe}) => exe),
  'proc.aexepath': ancestor(({exePath}) => exePath),
  // The peers compare these as one text, unlike the others of their kind.
  'proc.aargs': field => {
    const all = ancestor(argsText)(field, {hostname: ''})
    return context => {
      const texts = all(context)
      if (!Array.isArray(texts)) return texts
      return texts.length === 0 ? undefined : [joined(texts as readonly ByteString[])]
    }
  },
  'proc.acmdline': ancestor(commandLine),
  'proc.apid': ancestor(({pid}) => pid),
  'proc.is_exe_writable': ofThread(({exeWritable}) => exeWritable),
  'proc.is_exe_upper_layer': ofThread(({exeUpperLayer}) => exeUpperLayer),
  'proc.is_exe_lower_layer': ofThread(({exeLowerLayer}) => exeLowerLayer),
  'proc.is_exe_from_memfd': ofThread(({exeFromMemory}) => exeFromMemory),
  'proc.exe_ino': ofThread(({exeInode}) => (exeInode === 0 ? undefined : exeInode)),
  'proc.exe_ino.ctime': ofThread(({exeCtimeNs}) => known(exeCtimeNs)),
  'proc.exe_ino.mtime': ofThread(({exeMtimeNs}) => known(exeMtimeNs)),
  'proc.exe_ino.ctime_duration_proc_start': ofThread(({ctimeToCloneNs}) => known(ctimeToCloneNs)),
  'proc.exe_ino.ctime_duration_pidns_start': ofThread(({namespaceToCtimeNs}) =>
    known(namespaceToCtimeNs),
  ),
  'proc.pidns_init_start_ts': ofThread(({namespaceStartNs}) => known(namespaceStartNs)),
}

/** Joins texts with blanks; nothing separates what comes before the first text. */
function joined(texts: readonly ByteString[]): ByteString {
  return texts.reduce((all, text) => (all === '' ? text : `${all} ${text}`), '')
}

function known(value: bigint): Scalar | undefined {
  return value === 0n ? undefined : canonicalInt(value)
}

/** A field of the parent. */
export function parent(value: OfThread): FieldFactory {
  return ofThread((thread, {state}) => {
    const above = state.table.parent(thread)
    return above === undefined ? undefined : value(above)
  })
}

/** `[n]`: so many levels above the main thread. Without index: every ancestor, the parent first. */
export function ancestor(value: OfThread): FieldFactory {
  return ({index}) =>
    ({thread, state}) => {
      if (thread === undefined) return undefined
      const {table} = state
      if (index !== undefined) {
        const at = table.ancestor(thread, index)
        return at === undefined ? undefined : value(at)
      }
      const main = table.main(thread)
      if (main === undefined) return undefined
      return [...table.ancestors(main)].map(value).filter(found => found !== undefined)
    }
}

/** Name, argv[0] and path of whoever leads a session or group. */
function leaderFields(
  prefix: string,
  id: 'sid' | 'vpgid' | 'pgid',
  nameField: string,
): FieldSource {
  const field = (value: OfThread): FieldFactory =>
    ofThread((thread, context) => {
      const leader = leaderOf(context, thread, id)
      return leader === undefined ? '' : value(leader)
    })
  return {
    [nameField]: field(({comm}) => comm),
    [`${prefix}.exe`]: field(({exe}) => exe),
    [`${prefix}.exepath`]: field(({exePath}) => exePath),
  }
}

/** The process with the number; where it is gone, or the number is that of a pid namespace, the topmost ancestor that has it too. */
function leaderOf(
  {state}: MatchContext,
  thread: Thread,
  id: 'sid' | 'vpgid' | 'pgid',
): Thread | undefined {
  const number = thread[id]
  if (number < 0) return undefined
  const inNamespace = (thread.flags & CLONE.childInPidNamespace) !== 0 || thread.tid !== thread.vtid
  const found = inNamespace && id !== 'pgid' ? undefined : state.table.get(number)
  if (found !== undefined) return found
  let leader: Thread | undefined
  for (const above of state.table.ancestors(thread)) {
    if (above[id] !== number) break
    leader = above
  }
  return leader
}

function envOf({state}: MatchContext, thread: Thread): readonly ByteString[] {
  return (state.table.main(thread) ?? thread).env
}

/** All variables, or the value of one: empty when it is not set. */
function variable(env: readonly ByteString[], name: string | undefined): ByteString {
  if (name === undefined) return env.join(' ')
  const found = env.find(text => text.startsWith(`${name}=`) && text.length > name.length + 1)
  return found?.slice(name.length + 1).replace(/^ +| +$/g, '') ?? ''
}

function ancestorEnv(
  context: MatchContext,
  thread: Thread,
  {index, arg}: FieldRef,
): FieldValue | undefined {
  const {table} = context.state
  if (index !== undefined) {
    const at = table.ancestor(thread, index)
    return at === undefined ? undefined : variable(envOf(context, at), undefined)
  }
  const main = table.main(thread)
  if (arg === undefined) {
    if (main === undefined) return undefined
    return [...table.ancestors(main)].map(at => variable(envOf(context, at), undefined))
  }
  if (main === undefined) return ''
  let level = 0
  for (const at of table.ancestors(main)) {
    if (level++ >= ENV_LEVELS) break
    const value = variable(envOf(context, at), arg)
    if (value !== '') return value
  }
  return ''
}
