import type {FieldRef} from '../../compiler/field-ref.ts'
import type {EventDef, ParamDef} from '../../schema/event-pair.ts'
import {PATH_PARAMS} from '../../schema/path-params.ts'
import {clockText, dateTimeText, isoTime, withNanoseconds} from '../../schema/time-text.ts'
import type {FieldValue, Int} from '../../schema/value.ts'
import {canonicalInt} from '../../schema/value.ts'
import type {MatchContext} from '../match-context.ts'
import {errnoText} from './errno-text.ts'
import {type ExtractorFactory, type FieldSource, plain} from './field-source.ts'
import {absolutePath, paramText} from './param-text.ts'

const OPEN_EVENTS: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'open_by_handle_at'])
/** `file_flags` as events carry them. */
const FLAG = {read: 1, write: 2, create: 4, tmpfile: 1 << 13, created: 1 << 14} as const
const ANY_EXECUTE = 0o111
/** Results that are no result: these calls yield a descriptor in a parameter of another name. */
const RESULT_NAMES = ['res', 'fd'] as const

/** Fields of the event itself. */
export const EVENT_FIELDS: FieldSource = {
  'evt.num': plain(({event}) => event.num),
  'evt.time': plain(({event}) => time(event.timeNs(), clockText, true)),
  'evt.time.s': plain(({event}) => time(event.timeNs(), clockText, false)),
  'evt.time.iso8601': plain(({event}) => isoTime(event.timeNs(), '+0000')),
  'evt.datetime': plain(({event}) => time(event.timeNs(), dateTimeText, true)),
  'evt.datetime.s': plain(({event}) => time(event.timeNs(), dateTimeText, false)),
  'evt.rawtime': plain(({event}) => canonicalInt(event.timeNs())),
  'evt.rawtime.s': plain(({event}) => Number(event.timeNs() / 1_000_000_000n)),
  'evt.rawtime.ns': plain(({event}) => Number(event.timeNs() % 1_000_000_000n)),
  'evt.source': plain(() => 'syscall'),
  'evt.is_async': plain(() => false),
  'evt.hostname':
    (_field, {hostname}) =>
    () =>
      hostname,
  'evt.dir': plain(({event}) => (event.def.direction === 'exit' ? '<' : '>')),
  'evt.type': plain(({event}) => event.def.name),
  'evt.type.is':
    ({arg}) =>
    ({event}) =>
      event.def.name === arg || String(event.def.code) === arg ? 1 : 0,
  'syscall.type': plain(({event}) => (event.def.name === 'procexit' ? undefined : event.def.name)),
  'evt.category': plain(({event}) => event.def.category),
  'evt.args': argumentTexts(),
  'evt.info': argumentTexts(),
  'evt.arg': (field, environment) => {
    const paramOf = paramFinder(field)
    return context => {
      const param = paramOf(context.event.def)
      if (param === undefined) return undefined
      const {raw, resolved} = paramText(context, param, environment)
      return resolved ?? raw
    }
  },
  'evt.rawarg': field => {
    const paramOf = paramFinder(field)
    return context => {
      const param = paramOf(context.event.def)
      return param === undefined ? undefined : rawParam(context, param)
    }
  },
  'evt.buffer': plain(({event}) => event.get('data')),
  'evt.res': plain(({event}) => {
    const result = resultOf({event})
    return result === undefined ? undefined : result >= 0 ? 'SUCCESS' : errnoText(result)
  }),
  'evt.rawres': plain(resultOf),
  'evt.failed': plain(({event}) => {
    const result = resultOf({event})
    return result === undefined ? undefined : result < 0
  }),
  'evt.count': plain(() => 1),
  'evt.is_io': plain(({event}) => isRead(event.def) || isWrite(event.def)),
  'evt.is_io_read': plain(({event}) => isRead(event.def)),
  'evt.is_io_write': plain(({event}) => isWrite(event.def)),
  'evt.io_dir': plain(({event}) =>
    isRead(event.def) ? 'read' : isWrite(event.def) ? 'write' : undefined,
  ),
  'evt.is_wait': plain(({event}) => event.def.flags.includes('waits')),
  'evt.is_open_read': plain(({event}) => openFlag(event, FLAG.read)),
  'evt.is_open_write': plain(({event}) => openFlag(event, FLAG.write)),
  'evt.is_open_exec': plain(isOpenExec),
  'fs.path.name': path('name', false),
  'fs.path.nameraw': path('name', true),
  'fs.path.source': path('source', false),
  'fs.path.sourceraw': path('source', true),
  'fs.path.target': path('target', false),
  'fs.path.targetraw': path('target', true),
}

function time(timeNs: bigint, text: (timeNs: bigint) => string, fraction: boolean): string {
  return fraction ? withNanoseconds(text(timeNs), timeNs) : text(timeNs)
}

/** Finds the parameter that `evt.arg.NAME` or `evt.arg[N]` means, by event. */
function paramFinder({arg, index}: FieldRef): (def: EventDef) => ParamDef | undefined {
  const known = new Map<EventDef, ParamDef | undefined>()
  return def => {
    if (!known.has(def)) {
      known.set(
        def,
        index === undefined ? def.params.find(({name}) => name === arg) : def.params[index],
      )
    }
    return known.get(def)
  }
}

function rawParam(context: MatchContext, param: ParamDef): FieldValue | undefined {
  return context.event.get(param.name)
}

function argumentTexts(): ExtractorFactory {
  return (_field, environment) => context =>
    context.event.def.params
      .map(param => {
        const {raw, resolved} = paramText(context, param, environment)
        return resolved === undefined ? `${param.name}=${raw}` : `${param.name}=${raw}(${resolved})`
      })
      .join(' ')
}

/** The call's result: the first parameter, when it is one. */
export function resultOf({event}: Pick<MatchContext, 'event'>): Int | undefined {
  const first = event.def.params[0]?.name
  if (first === undefined || !(RESULT_NAMES as readonly string[]).includes(first)) return undefined
  const value = event.get(first)
  return typeof value === 'string' ? undefined : value
}

function isRead({flags}: EventDef): boolean {
  return flags.includes('reads_from_fd')
}

function isWrite({flags}: EventDef): boolean {
  return flags.includes('writes_to_fd')
}

function openFlag(event: MatchContext['event'], flag: number): boolean | undefined {
  if (!OPEN_EVENTS.has(event.def.name)) return false
  const flags = event.get('flags')
  return flags === undefined ? undefined : (Number(flags) & flag) !== 0
}

function isOpenExec({event}: MatchContext): boolean {
  const {name} = event.def
  const creates =
    name === 'creat' ||
    (OPEN_EVENTS.has(name) && (Number(event.get('flags')) & (FLAG.create | FLAG.tmpfile)) !== 0)
  return creates && (Number(event.get('mode')) & ANY_EXECUTE) !== 0
}

/** The path that a successful call worked on. */
function path(which: keyof typeof PATH_PARAMS, raw: boolean): ExtractorFactory {
  const names = PATH_PARAMS[which]
  return plain(context => {
    const {def} = context.event
    const name = Object.hasOwn(names, def.name) ? names[def.name] : undefined
    const result = resultOf(context)
    if (name === undefined || result === undefined || result < 0) return undefined
    const param = def.params.find(candidate => candidate.name === name)
    const value = context.event.get(name)
    if (param === undefined || typeof value !== 'string') return undefined
    return raw ? value : absolutePath(context, param, value)
  })
}
