import type {FieldRef} from '../../compiler/field-ref.ts'
import type {EventDef, ParamDef} from '../../schema/event-pair.ts'
import {EVENT_PAIRS} from '../../schema/event-table.ts'
import {SC_NAMES, SYSCALLS_X86_64} from '../../schema/tables/syscalls.ts'
import {numberOf, resultOf, textParam} from '../../state/events/event-scope.ts'
import {paramValue} from '../../state/events/state-params.ts'
import {FD, isFile, isInternet} from '../../state/fd.ts'
import {isMain} from '../../state/thread.ts'
import type {MatchContext} from '../match-context.ts'
import {errnoText} from './errno-text.ts'
import {type FieldSource, plain} from './field-source.ts'
import {paramText} from './param-text.ts'

const OPEN_EVENTS: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'open_by_handle_at'])
const FLAG = {read: 1, write: 2, create: 4, tmpfile: 1 << 13, created: 1 << 14} as const
const ANY_EXECUTE = 0o111
/** The one event that stands for every call without an event of its own. */
const GENERIC = 'syscall'

const syscallCodes = codesOfClass('syscall')
const metaCodes = codesOfClass('metaevent')
const namesByNumber = new Map(SYSCALLS_X86_64.map(([nr, name]) => [nr, name]))

function codesOfClass(name: string): ReadonlySet<number> {
  const pairs = EVENT_PAIRS.filter(pair => pair.class === name)
  return new Set(pairs.flatMap(({enter, exit}) => [enter, exit].flatMap(side => side?.code ?? [])))
}

/** Fields of the event itself. */
export const EVENT_FIELDS: FieldSource = {
  'evt.num': plain(({event}) => event.num),
  'evt.source': plain(() => 'syscall'),
  'evt.is_async': plain(({event}) => isAsync(event.def)),
  'evt.asynctype': plain(context => (isAsync(context.event.def) ? eventName(context) : undefined)),
  'evt.hostname':
    (_field, {hostname}) =>
    () =>
      hostname,
  'evt.dir': plain(({event}) => (event.def.direction === 'exit' ? '<' : '>')),
  'evt.type': plain(eventName),
  'evt.type.is':
    ({arg}) =>
    ({event}) =>
      event.def.name === arg || String(event.def.code) === arg ? 1 : 0,
  'syscall.type': plain(context =>
    syscallCodes.has(context.event.def.code) ? eventName(context) : undefined,
  ),
  'evt.category': plain(category),
  'evt.cpu': plain(({event}) => event.cpu),
  'evt.args': plain(argumentTexts),
  'evt.info': plain(argumentTexts),
  'evt.arg': field => {
    const paramOf = paramFinder(field)
    return context => {
      const param = paramOf(context)
      if (param === undefined) return undefined
      const {raw, resolved} = paramText(context, param)
      return resolved ?? raw
    }
  },
  'evt.rawarg': field => {
    const paramOf = paramFinder(field)
    return context => {
      const param = paramOf(context)
      return param === undefined ? undefined : paramValue(context.scope, param.name)
    }
  },
  'evt.res': plain(({event}) => {
    const result = resultOf(event)
    return result === undefined ? undefined : result >= 0 ? 'SUCCESS' : errnoText(result)
  }),
  'evt.rawres': plain(({event}) => resultOf(event)),
  'evt.failed': plain(({event}) => {
    const result = resultOf(event)
    return result === undefined ? undefined : result < 0
  }),
  'evt.count': plain(() => 1),
  'evt.count.error': plain(errorCount),
  'evt.count.error.file': plain(context =>
    errorClass(context) === 'file' ? errorCount(context) : undefined,
  ),
  'evt.count.error.net': plain(context =>
    errorClass(context) === 'net' ? errorCount(context) : undefined,
  ),
  'evt.count.error.memory': plain(context =>
    context.event.def.category === 'memory' ? errorCount(context) : undefined,
  ),
  'evt.count.error.other': plain(context =>
    errorClass(context) === 'other' && context.event.def.category !== 'memory'
      ? errorCount(context)
      : undefined,
  ),
  'evt.count.exit': plain(({event}) => (event.def.direction === 'exit' ? 1 : undefined)),
  'evt.count.procinfo': plain(({event, thread}) =>
    event.def.name === 'procinfo' && thread !== undefined && isMain(thread) ? 1 : 0,
  ),
  'evt.count.threadinfo': plain(({event}) => (event.def.name === 'procinfo' ? 1 : 0)),
  'evt.is_wait': plain(({event}) => event.def.flags.includes('waits')),
  'evt.is_open_read': plain(({event}) => hasOpenFlag(event, FLAG.read)),
  'evt.is_open_write': plain(({event}) => hasOpenFlag(event, FLAG.write)),
  'evt.is_open_exec': plain(({event}) => {
    const {name} = event.def
    const flags = numberOf(event, 'flags') ?? 0
    const creates =
      name === 'creat' || (OPEN_EVENTS.has(name) && (flags & (FLAG.create | FLAG.tmpfile)) !== 0)
    return creates && ((numberOf(event, 'mode') ?? 0) & ANY_EXECUTE) !== 0
  }),
  'evt.is_open_create': plain(({event}) => {
    if (!OPEN_EVENTS.has(event.def.name)) return false
    const flags = numberOf(event, 'flags') ?? 0
    const temporary = (flags & FLAG.tmpfile) !== 0 && Number(resultOf(event) ?? -1) >= 0
    return (flags & FLAG.created) !== 0 || temporary
  }),
}

function isAsync({code, name}: EventDef): boolean {
  return metaCodes.has(code) || name === 'asyncevent'
}

/** Calls without an event of their own, and remarks of others, carry their name inside. */
function eventName({event}: MatchContext): string {
  const {def} = event
  if (def.name === GENERIC) {
    const id = numberOf(event, 'ID') ?? 0
    const native = numberOf(event, 'nativeID')
    const byNumber = id === 0 && native !== undefined ? namesByNumber.get(native) : undefined
    return byNumber ?? SC_NAMES[id] ?? 'unknown'
  }
  return def.name === 'asyncevent' ? (textParam(event, 'name') ?? def.name) : def.name
}

/** Calls on descriptors count by the kind of descriptor. */
function category({event, fd}: MatchContext): string {
  const {category: name} = event.def
  if (!name.startsWith('io_')) return name === 'ipc' ? 'IPC' : name
  if (fd === undefined) return 'unknown'
  if (isFile(fd) || fd.type === FD.directory) return 'file'
  if (isInternet(fd) || fd.type === FD.ipv4Server || fd.type === FD.ipv6Server) return 'net'
  const isIpc = ([FD.pipe, FD.unix, FD.event, FD.signalfd, FD.inotify] as number[]).includes(
    fd.type,
  )
  return isIpc ? 'ipc' : 'unknown'
}

/** Finds the parameter that `evt.arg.NAME` or `evt.arg[N]` means. */
function paramFinder({arg, index}: FieldRef): (context: MatchContext) => ParamDef | undefined {
  const known = new Map<EventDef, number>()
  return ({event}) => {
    const {def} = event
    let at = known.get(def)
    if (at === undefined) {
      at = index ?? def.params.findIndex(({name}) => name === arg)
      known.set(def, at)
    }
    return at < event.paramCount ? def.params[at] : undefined
  }
}

function argumentTexts(context: MatchContext): string {
  const {event} = context
  if (event.def.name === GENERIC) return ''
  return event.def.params
    .slice(0, event.paramCount)
    .map(param => {
      const {raw, resolved} = paramText(context, param)
      return resolved === undefined ? `${param.name}=${raw}` : `${param.name}=${raw}(${resolved})`
    })
    .join(' ')
}

function errorCount({event}: MatchContext): number | undefined {
  const result = resultOf(event)
  return result === undefined ? undefined : result < 0 ? 1 : 0
}

function errorClass({event, fd}: MatchContext): 'file' | 'net' | 'other' {
  const {name} = event.def
  if (fd === undefined) {
    if (OPEN_EVENTS.has(name) || name === 'creat') return 'file'
    return ['accept', 'accept4', 'connect'].includes(name) ? 'net' : 'other'
  }
  if (isFile(fd) || fd.type === FD.directory) return 'file'
  const isNet =
    isInternet(fd) || ([FD.ipv4Server, FD.ipv6Server, FD.unix] as number[]).includes(fd.type)
  return isNet ? 'net' : 'other'
}

function hasOpenFlag(event: MatchContext['event'], flag: number): boolean {
  return OPEN_EVENTS.has(event.def.name) && ((numberOf(event, 'flags') ?? 0) & flag) !== 0
}
