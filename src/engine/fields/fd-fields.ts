import type {FieldValue, Scalar} from '../../schema/value.ts'
import type {Connection, Endpoint, FdInfo} from '../../state/fd-table.ts'
import {directoryOf, fileNameOf} from '../../state/path.ts'
import type {MatchContext} from '../match-context.ts'
import {resultOf} from './event-fields.ts'
import {typeChar} from './fd-text.ts'
import {type ExtractorFactory, type FieldSource, plain} from './field-source.ts'

/** Flags of events that have to do with a descriptor. */
const FD_FLAGS = ['creates_fd', 'uses_fd', 'destroys_fd']
const NONE: readonly Scalar[] = []

/** Fields of the descriptor that the event works on. */
export const FD_FIELDS: FieldSource = {
  'fd.num': plain(number),
  'fd.type': of(({type}) => type),
  'fd.typechar': of(typeChar),
  'fd.name': of(({name}) => name),
  'fd.nameraw': of(({rawName}) => rawName),
  'fd.directory': of(info =>
    info.type === 'directory'
      ? info.name
      : info.type === 'file'
        ? directoryOf(info.name)
        : undefined,
  ),
  'fd.filename': of(info => (info.type === 'file' ? fileNameOf(info.name) : undefined)),
  'fd.l4proto': of(({connection}) => connection?.protocol ?? '<NA>'),
  'fd.sockfamily': of(({type}) =>
    type === 'unix' ? 'unix' : type === 'ipv4' || type === 'ipv6' ? 'ip' : undefined,
  ),
  'fd.is_server': of(({connection}) => connection?.isServer ?? false),
  'fd.connected': of(({connection}) => connection !== undefined),
  'fd.cip': end(({client}) => client, 'address'),
  'fd.sip': end(({server}) => server, 'address'),
  'fd.lip': end(local, 'address'),
  'fd.rip': end(remote, 'address'),
  'fd.cport': end(({client}) => client, 'port'),
  'fd.sport': end(({server}) => server, 'port'),
  'fd.lport': end(local, 'port'),
  'fd.rport': end(remote, 'port'),
  'fd.cnet': end(({client}) => client, 'address'),
  'fd.snet': end(({server}) => server, 'address'),
  'fd.lnet': end(local, 'address'),
  'fd.rnet': end(remote, 'address'),
  'fd.ip': ends('address'),
  'fd.net': ends('address'),
  'fd.port': ends('port'),
}

/** Whether the event has to do with a descriptor at all. */
function usesFd({event}: MatchContext): boolean {
  return event.def.flags.some(flag => FD_FLAGS.includes(flag))
}

function number(context: MatchContext): FieldValue | undefined {
  if (!usesFd(context)) return undefined
  const {event} = context
  if (event.def.flags.includes('creates_fd') && !event.def.flags.includes('uses_fd')) {
    const result = resultOf(context)
    return result !== undefined && result >= 0 ? result : -1
  }
  return event.get('fd') ?? event.get('oldfd') ?? event.get('dirfd')
}

function of(value: (info: FdInfo) => Scalar | undefined): ExtractorFactory {
  return plain(context => {
    const info = usesFd(context) ? context.fd : undefined
    return info === undefined ? undefined : value(info)
  })
}

function local(connection: Connection): Endpoint {
  return connection.isServer ? connection.server : connection.client
}

function remote(connection: Connection): Endpoint {
  return connection.isServer ? connection.client : connection.server
}

function end(
  which: (connection: Connection) => Endpoint,
  part: 'address' | 'port',
): ExtractorFactory {
  return of(({connection}) => (connection === undefined ? undefined : which(connection)[part]))
}

/** Both ends, for fields that any of them may satisfy. No descriptor: absent; no internet socket: none. */
function ends(part: 'address' | 'port'): ExtractorFactory {
  return plain(context => {
    const info = usesFd(context) ? context.fd : undefined
    if (info === undefined) return undefined
    const {connection} = info
    return connection === undefined ? NONE : [connection.client[part], connection.server[part]]
  })
}
