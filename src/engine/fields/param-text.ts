import type {ByteString} from '../../schema/bytes.ts'
import type {ParamDef} from '../../schema/event-pair.ts'
import {type FlagTable, flagNames} from '../../schema/flag-table.ts'
import {FLAG_TABLES} from '../../schema/tables/flags.ts'
import type {Int} from '../../schema/value.ts'
import {
  addressText,
  clientConnection,
  connectionInfo,
  endpointOf,
  unixPathOf,
} from '../../state/socket-address.ts'
import type {MatchContext} from '../match-context.ts'
import {errnoText} from './errno-text.ts'
import {typeChar} from './fd-text.ts'
import type {FieldEnvironment} from './field-source.ts'

/** Names of the directory values that stand beside a relative path in a record. */
const DIRECTORY_OF: Readonly<Record<string, string>> = {
  dirfd: '$dir',
  linkdirfd: '$dir',
  olddirfd: '$olddir',
  olddir: '$olddir',
  newdirfd: '$newdir',
  newdir: '$newdir',
}
const ABSENT = '<NA>'
const AT_FDCWD = -100

/** A parameter as text: as a number or plain text, and what it stands for when that is more telling. */
export interface ParamText {
  readonly raw: ByteString
  readonly resolved?: ByteString
}

/** Prints one parameter of the moment's event. Absent ones print as `<NA>`. */
export function paramText(
  context: MatchContext,
  param: ParamDef,
  environment: FieldEnvironment,
): ParamText {
  const value = context.event.get(param.name)
  if (value === undefined) return {raw: ABSENT}
  return typeof value === 'string'
    ? textParam(context, param, value)
    : numberParam(context, param, value, environment)
}

function numberParam(
  context: MatchContext,
  param: ParamDef,
  value: Int,
  environment: FieldEnvironment,
): ParamText {
  const raw = numberText(value, param.format)
  switch (param.type) {
    case 'fd':
    case 'fd32':
      return withResolved(raw, fdText(context, param, value))
    case 'errno':
      return withResolved(raw, value < 0 ? errnoText(value) : undefined)
    case 'pid':
    case 'pid32':
      return withResolved(raw, context.state.table.thread(Number(value))?.comm)
    case 'uid':
      return withResolved(raw, value === 0 ? 'root' : environment.users.user(Number(value))?.name)
    case 'gid':
      return withResolved(raw, value === 0 ? 'root' : environment.users.groupName(Number(value)))
    default:
      return withResolved(
        raw,
        param.table === undefined ? undefined : flagNames(tableNamed(param.table), value),
      )
  }
}

function withResolved(raw: ByteString, resolved: ByteString | undefined): ParamText {
  return resolved === undefined || resolved === '' ? {raw} : {raw, resolved}
}

function tableNamed(name: string): FlagTable {
  return (FLAG_TABLES as Readonly<Record<string, FlagTable>>)[name]!
}

function numberText(value: Int, format: string | undefined): ByteString {
  if (format === 'hex') return value.toString(16).toUpperCase()
  if (format === 'oct') return value === 0 ? '0' : `0${value.toString(8)}`
  return value.toString()
}

function fdText(context: MatchContext, param: ParamDef, value: Int): ByteString | undefined {
  if (value === AT_FDCWD && DIRECTORY_OF[param.name] !== undefined) return 'AT_FDCWD'
  if (value < 0) return errnoText(value)
  const directory = DIRECTORY_OF[param.name]
  if (directory !== undefined) {
    const path = context.event.get(directory)
    return typeof path === 'string' ? `<d>${path}` : undefined
  }
  const info = context.fd
  return info === undefined
    ? undefined
    : `<${typeChar(info)}${info.connection?.protocol[0] ?? ''}>${info.name}`
}

function textParam(context: MatchContext, param: ParamDef, value: ByteString): ParamText {
  switch (param.type) {
    case 'fspath':
    case 'fsrelpath':
      return {raw: absolutePath(context, param, value)}
    case 'bytebuf':
      return {raw: printableBytes(value)}
    case 'sockaddr':
      return {raw: addressParam(value)}
    case 'socktuple':
      return {raw: tupleParam(value)}
    default:
      return {raw: value}
  }
}

/** The absolute form of a path parameter, by the directory descriptor before it. */
export function absolutePath(context: MatchContext, param: ParamDef, name: ByteString): ByteString {
  const dirParam =
    param.relativeTo === undefined ? undefined : context.event.def.params[param.relativeTo]
  const {state, process, event} = context
  if (dirParam === undefined) return state.pathOf(process, name, undefined, undefined)
  const directory = event.get(DIRECTORY_OF[dirParam.name] ?? '')
  const dirfd = event.get(dirParam.name)
  return state.pathOf(
    process,
    name,
    typeof directory === 'string' ? directory : undefined,
    typeof dirfd === 'string' ? undefined : dirfd,
  )
}

/** Bytes as text: everything that is not printable ASCII becomes a point. */
export function printableBytes(bytes: ByteString): ByteString {
  return bytes.replace(/[^\x20-\x7e]/g, '.')
}

function addressParam(sockaddr: ByteString): ByteString {
  const endpoint = endpointOf(sockaddr)
  if (endpoint !== undefined) return `${addressText(endpoint.address)}:${endpoint.port}`
  return unixPathOf(sockaddr) ?? ABSENT
}

function tupleParam(block: ByteString): ByteString {
  const connection = clientConnection(block)
  return connection === undefined ? ABSENT : connectionInfo(connection, false).name
}
