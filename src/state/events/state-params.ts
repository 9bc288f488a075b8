import type {ByteString} from '../../schema/bytes.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import type {Int} from '../../schema/value.ts'
import type {Thread} from '../thread.ts'
import type {EventScope} from './event-scope.ts'

type Value = Int | ByteString | undefined

/** Parameters that the sensor does not capture because the state knows them. */
const FROM_THREAD: Readonly<Record<string, (thread: Thread) => Value>> = {
  exe: ({exe}) => exe,
  args: ({args}) => args.map(text => `${text}\0`).join(''),
  comm: ({comm}) => comm,
  cgroups: ({cgroups}) => cgroups.map(text => `${text}\0`).join(''),
  cwd: ({fs}) => fs.cwd,
  pid: ({pid}) => pid,
  tid: ({tid}) => tid,
  ptid: ({parentTid}) => parentTid,
  vtid: ({vtid}) => vtid,
  vpid: ({vpid}) => vpid,
  uid: ({uid}) => uid,
  gid: ({gid}) => gid,
  fdlimit: ({fdLimit}) => fdLimit,
  tty: ({tty}) => tty,
  loginuid: ({loginUid}) => loginUid,
}
/** Events about whole threads: only there these names mean the thread that calls. */
const TASK_EVENTS: ReadonlySet<string> = new Set([
  'execve',
  'execveat',
  'clone',
  'clone3',
  'fork',
  'vfork',
])

function isData({params}: EventDef, name: string): boolean {
  return params.some(param => param.name === name && param.type === 'bytebuf')
}

/** A parameter of the moment's event: as it was captured, else as the state knows it. */
export function paramValue(scope: EventScope, name: string): Value {
  const {event} = scope
  const value = knownValue(scope, name)
  // Captures have no empty data: it is missing.
  return value === '' && event.live !== undefined && isData(event.def, name) ? undefined : value
}

function knownValue({event, thread}: EventScope, name: string): Value {
  const value = event.get(name)
  if (value !== undefined || event.live === undefined || thread === undefined) return value
  if (!TASK_EVENTS.has(event.def.name) || !Object.hasOwn(FROM_THREAD, name)) return undefined
  return FROM_THREAD[name]!(thread)
}
