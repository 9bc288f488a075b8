import {FD_TYPES} from '../../schema/tables/names.ts'
import type {FieldValue, Scalar} from '../../schema/value.ts'
import {textParam} from '../../state/events/event-scope.ts'
import {openRequest} from '../../state/events/fd-events.ts'
import {FD, type FdInfo, isFile, isInternet, PROTOCOL, protocolOf} from '../../state/fd.ts'
import type {SocketEnds} from '../../state/metadata.ts'
import {tupleOf, tupleText} from '../../state/socket-text.ts'
import type {MatchContext} from '../match-context.ts'
import {
  type FieldFactory,
  type FieldSource,
  fdOfEvent,
  hasFdFields,
  ofFd,
  plain,
} from './field-source.ts'
import {typeLetter} from './param-text.ts'

const names = new Map(FD_TYPES.map(([code, name]) => [code, name.replace(/ .*/, '')]))
const PROTOCOL_NAMES = new Map<number, string>([
  [PROTOCOL.tcp, 'tcp'],
  [PROTOCOL.udp, 'udp'],
  [PROTOCOL.icmp, 'icmp'],
  [PROTOCOL.raw, 'raw'],
])
const OPEN_EVENTS: ReadonlySet<string> = new Set([
  'open',
  'openat',
  'openat2',
  'creat',
  'open_by_handle_at',
])
/** Letters of what a failed call would have yielded. */
const CREATED_LETTERS: Readonly<Record<string, string>> = {
  open: 'f',
  openat: 'f',
  openat2: 'f',
  creat: 'f',
  socket: '4',
  accept: '4',
  accept4: '4',
  pipe: 'p',
  pipe2: 'p',
  eventfd: 'e',
  eventfd2: 'e',
  signalfd: 's',
  signalfd4: 's',
  timerfd_create: 't',
  inotify_init: 'i',
  inotify_init1: 'i',
}

/** Fields of the descriptor that the event is about. */
export const FD_FIELDS: FieldSource = {
  'fd.num': plain(context => (hasFdFields(context) ? context.thread?.lastFd : undefined)),
  'fd.type': ofFd(typeName),
  'fd.typechar': plain(context => {
    const fd = fdOfEvent(context)
    if (fd !== undefined) return typeLetter(fd)
    if (!hasFdFields(context)) return undefined
    const {name} = context.event.def
    return (Object.hasOwn(CREATED_LETTERS, name) ? CREATED_LETTERS[name] : undefined) ?? 'o'
  }),
  'fd.types':
    ({index}) =>
    context =>
      types(context, index),
  'fd.name': plain(nameOf),
  'fd.nameraw': plain(context => {
    const fd = fdOfEvent(context)
    return fd === undefined ? failedName(context, true) : withoutDoubledSlashes(fd.rawName)
  }),
  'fd.directory': plain(directory),
  'fd.filename': ofFd(fd => {
    if (!isFile(fd)) return undefined
    const slash = fd.name.lastIndexOf('/')
    if (slash < 0) return '/'
    return slash < fd.name.length - 1 ? fd.name.slice(slash + 1) : fd.name
  }),
  'fd.containername': plain(context => prefixed(nameOf(context))),
  'fd.containerdirectory': plain(context => prefixed(directory(context))),
  'fd.uid': plain(context =>
    hasFdFields(context) ? `${context.event.tid}${context.thread?.lastFd}` : undefined,
  ),
  'fd.l4proto': ofFd(fd => PROTOCOL_NAMES.get(protocolOf(fd)) ?? '<NA>'),
  'fd.sockfamily': ofFd(({type}) =>
    type === FD.unix ? 'unix' : type >= FD.ipv4 && type <= FD.ipv6Server ? 'ip' : undefined,
  ),
  'fd.is_server': ofFd((fd, {state}) => {
    if (fd.type === FD.ipv4Server || fd.type === FD.ipv6Server) return true
    // The zero address of a socket without a peer is local among IPv6 addresses.
    if (fd.ends === undefined) return fd.type === FD.ipv6
    return isInternet(fd) && state.interfaces.isLocal(fd.ends.targetAddress)
  }),
  'fd.connected': ofFd(({connected}) => connected),
  'fd.name_changed': ofFd((_fd, {fdNameChanged}) => fdNameChanged),
  'fd.dev': ofFd(({device}) => device),
  'fd.dev.major': ofFd(({device}) => (device >>> 8) & 0xfff),
  'fd.dev.minor': ofFd(({device}) => (device & 0xff) | ((device >>> 12) & 0xfff00)),
  'fd.ino': ofFd(({inode}) => inode),
  'fd.is_upper_layer': ofFd(({upperLayer}) => upperLayer),
  'fd.is_lower_layer': ofFd(({lowerLayer}) => lowerLayer),
  ...endFields('c', client),
  ...endFields('s', server),
  ...endFields('l', local),
  ...endFields('r', remote),
  'fd.ip': ends('address'),
  'fd.net': ends('address'),
  'fd.port': ends('port'),
  'fd.proto': ends('port'),
}

interface End {
  readonly address: string
  readonly port: number
  readonly listens?: true
}

type Pick = (fd: FdInfo, context: MatchContext) => End | undefined

/** The name of a descriptor's type. */
export function typeName({type}: FdInfo): string {
  return names.get(type) ?? 'unknown'
}

function sourceOf(ends: SocketEnds): End {
  return {address: ends.sourceAddress, port: ends.sourcePort}
}

function targetOf(ends: SocketEnds): End {
  return {address: ends.targetAddress, port: ends.targetPort}
}

function client({ends, role}: FdInfo): End | undefined {
  return ends === undefined || role === 'none' ? undefined : sourceOf(ends)
}

function server({ends, role, listens}: FdInfo): End | undefined {
  if (listens !== undefined && ends === undefined) return {...listens, listens: true}
  return ends === undefined || role === 'none' ? undefined : targetOf(ends)
}

function local(fd: FdInfo, context: MatchContext): End | undefined {
  const {ends, role} = fd
  if (ends === undefined || role === 'none') return undefined
  return isFromHere(fd, ends, context) ? sourceOf(ends) : targetOf(ends)
}

function remote(fd: FdInfo, context: MatchContext): End | undefined {
  const {ends, role} = fd
  if (ends === undefined || role === 'none') return undefined
  return isFromHere(fd, ends, context) ? targetOf(ends) : sourceOf(ends)
}

/**
 * Whether the source of a connection is this side of it. Addresses of a container are those of no interface of the host: there
 * the side that the process has taken tells.
 */
function isFromHere({role}: FdInfo, ends: SocketEnds, {state, thread}: MatchContext): boolean {
  if (state.interfaces.isLocal(ends.sourceAddress)) return true
  return role === 'client' && thread !== undefined && thread.containerId !== ''
}

function endFields(letter: string, pick: Pick): FieldSource {
  const part = (value: (end: End, context: MatchContext) => Scalar | undefined): FieldFactory =>
    ofFd((fd, context) => {
      const end = pick(fd, context)
      return end === undefined ? undefined : value(end, context)
    })
  return {
    [`fd.${letter}ip`]: part(({address}) => address),
    [`fd.${letter}net`]: part(({address}) => address),
    [`fd.${letter}port`]: part(({port}) => port),
    [`fd.${letter}ip.name`]: part(({address}, {state}) => state.domainNames.nameOf(address)),
    [`fd.${letter}proto`]: part(({port, listens}) => (listens ? '' : String(port))),
  }
}

/** Both ends, for fields that any of them may satisfy. No internet socket: none. */
function ends(part: 'address' | 'port'): FieldFactory {
  return ofFd(fd => {
    if (fd.ends !== undefined) return [sourceOf(fd.ends)[part], targetOf(fd.ends)[part]]
    return fd.listens === undefined ? [] : [fd.listens[part]]
  })
}

function types(context: MatchContext, fd: number | undefined): FieldValue | undefined {
  const {thread, state} = context
  if (thread === undefined || !hasFdFields(context)) return undefined
  const table = state.table.fdsOf(thread)
  if (fd !== undefined) {
    const info = table?.get(fd)
    return info === undefined ? undefined : [typeName(info)]
  }
  const found = new Set([...(table?.values() ?? [])].reverse().map(typeName))
  return [...found]
}

function nameOf(context: MatchContext): string | undefined {
  return fdOfEvent(context)?.name ?? failedName(context, false)
}

/** The name that a call which yielded no descriptor was about. */
function failedName(context: MatchContext, raw: boolean): string | undefined {
  const {event, scope} = context
  if (!hasFdFields(context) || event.def.direction === 'enter') return undefined
  const {name} = event.def
  if (OPEN_EVENTS.has(name)) {
    const request = openRequest(scope)
    return raw ? request.name : request.path
  }
  if (name !== 'connect' && name !== 'accept' && name !== 'accept4') return ''
  const tuple = tupleOf(textParam(event, 'tuple') ?? '')
  return tuple === undefined ? 'NULL' : tupleText(tuple)
}

function directory(context: MatchContext): string | undefined {
  const fd = fdOfEvent(context)
  if (fd?.type === FD.directory) return fd.name
  if (fd !== undefined && !isFile(fd)) return undefined
  const name = fd?.name ?? failedName(context, false)
  if (name === undefined) return undefined
  const slash = name.lastIndexOf('/')
  if (slash <= 0) return '/'
  return slash < name.length - 1 ? name.slice(0, slash) : name
}

/** Behind the id of the container, which captures do not tell. */
function prefixed(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `:${text}`
}

function withoutDoubledSlashes(path: string): string {
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
}
