import type {ByteString} from '../../schema/bytes.ts'
import type {Event} from '../../schema/event.ts'
import type {ParamDef} from '../../schema/event-pair.ts'
import {type FlagTable, flagNames} from '../../schema/flag-table.ts'
import {FLAG_TABLES} from '../../schema/tables/flags.ts'
import {FD_TYPES, SIGNALS} from '../../schema/tables/names.ts'
import {SC_NAMES} from '../../schema/tables/syscalls.ts'
import type {Int} from '../../schema/value.ts'
import {numberOf, textParam, workingDirectory} from '../../state/events/event-scope.ts'
import {paramValue} from '../../state/events/state-params.ts'
import {type FdInfo, PROTOCOL, protocolOf} from '../../state/fd.ts'
import {joinPath} from '../../state/join-path.ts'
import {addressOf, capturedAddressText, tupleOf, tupleText} from '../../state/socket-text.ts'
import type {MatchContext} from '../match-context.ts'
import {dynamicText} from './dynamic-text.ts'
import {errnoText} from './errno-text.ts'

const ABSENT = '<NA>'
/** Missing values of these print in another way. */
const NULL_TYPES: ReadonlySet<string> = new Set(['bytebuf', 'socktuple', 'fdlist', 'dyn'])
const NONE_ID = 0xffff_ffff
const AT_FDCWD = -100
const NO_TIME = 18_446_744_073_709_551_615n
const PROTOCOL_LETTERS = new Map<number, string>([
  [PROTOCOL.tcp, 't'],
  [PROTOCOL.udp, 'u'],
  [PROTOCOL.icmp, 'i'],
  [PROTOCOL.raw, 'r'],
])
const letters = new Map(FD_TYPES.map(([code, , letter]) => [code, letter]))

/** A parameter as text: as it is, and what it stands for when that is more telling. */
export interface ParamText {
  readonly raw: ByteString
  readonly resolved?: ByteString
}

/** Prints one parameter of the moment's event. */
export function paramText(context: MatchContext, param: ParamDef): ParamText {
  const value = paramValue(context.scope, param.name)
  if (value === undefined) return {raw: NULL_TYPES.has(param.type) ? 'NULL' : ABSENT}
  return typeof value === 'string'
    ? textText(context, param, value)
    : numberText(context, param, value)
}

/** The letter of a descriptor's type. */
export function typeLetter({type}: FdInfo): string {
  return letters.get(type) ?? '?'
}

function both(raw: ByteString, resolved: ByteString | undefined): ParamText {
  return resolved === undefined || resolved === '' ? {raw} : {raw, resolved}
}

function numberText(context: MatchContext, param: ParamDef, value: Int): ParamText {
  const {state} = context
  switch (param.type) {
    case 'fd':
    case 'fd32':
      return both(String(value), descriptorText(context, Number(value)))
    case 'errno':
      return both(String(value), value < 0 ? errnoText(value) : undefined)
    case 'pid':
    case 'pid32':
      return both(String(value), state.table.get(Number(value))?.comm)
    case 'uid':
      if (value === NONE_ID) return {raw: '-1', resolved: '<NONE>'}
      return both(String(value), state.accounts.user(Number(value))?.name ?? rootOr(value, ABSENT))
    case 'gid':
      if (value === NONE_ID) return {raw: '-1', resolved: '<NONE>'}
      return both(String(value), state.accounts.groupName(Number(value)) ?? rootOr(value, ABSENT))
    case 'sigtype':
      return both(String(value), SIGNALS.find(([, number]) => number === value)?.[0])
    case 'syscallid':
      return both(String(value), SC_NAMES[Number(value)])
    case 'reltime':
      if (BigInt(value) === NO_TIME) return {raw: 'none'}
      return both(String(value), `${shortDouble(Number(value) / 1e9)}s`)
    case 'mode':
      return both(octal(value), flagText(param, value))
    default:
      if (param.table !== undefined) return both(String(value), flagText(param, value))
      return {raw: plainNumber(value, param)}
  }
}

function rootOr(id: Int, otherwise: ByteString): ByteString {
  return id === 0 ? 'root' : otherwise
}

function flagText({table}: ParamDef, value: Int): ByteString | undefined {
  if (table === undefined) return undefined
  return flagNames((FLAG_TABLES as Readonly<Record<string, FlagTable>>)[table]!, value)
}

function octal(value: Int): ByteString {
  return value === 0 ? '0' : `0${value.toString(8)}`
}

/** Decimal numbers print as signed ones of their size. */
function plainNumber(value: Int, {type, format}: ParamDef): ByteString {
  const bits = Number(/\d+$/.exec(type)?.[0] ?? 64)
  if (format === 'hex') return BigInt.asUintN(bits, BigInt(value)).toString(16).toUpperCase()
  if (format === 'oct') return octal(value)
  return String(bits === 64 ? BigInt.asIntN(64, BigInt(value)) : value)
}

/** Like C's `%lg`: six digits, without zeros at the end. */
function shortDouble(value: number): string {
  if (value === 0) return '0'
  const exponent = Math.floor(Math.log10(Math.abs(value)))
  if (exponent < -4 || exponent >= 6)
    return value
      .toExponential(5)
      .replace(/\.?0+e/, 'e')
      .replace(/e([+-])(\d)$/, 'e$10$2')
  return String(Number(value.toPrecision(6)))
}

/** `<4t>10.0.0.1:4711->10.0.0.2:80` */
function descriptorText({state, thread}: MatchContext, fd: number): ByteString | undefined {
  if (fd === AT_FDCWD) return 'AT_FDCWD'
  if (fd < 0) return errnoText(fd)
  const info = thread === undefined ? undefined : state.table.fdsOf(thread)?.get(fd)
  if (info === undefined) return undefined
  const letter = PROTOCOL_LETTERS.get(protocolOf(info)) ?? ''
  return `<${typeLetter(info)}${letter}>${info.name}`
}

function textText(context: MatchContext, param: ParamDef, value: ByteString): ParamText {
  switch (param.type) {
    case 'fspath':
    case 'fsrelpath': {
      if (value === ABSENT || value.startsWith('/')) return {raw: value}
      return both(value, absolutePath(context, param, value))
    }
    case 'bytebuf':
      return {raw: bytesText(value)}
    case 'sockaddr': {
      const address = addressOf(value)
      return {raw: address === undefined ? ABSENT : capturedAddressText(address)}
    }
    case 'socktuple': {
      const tuple = tupleOf(value)
      return {raw: tuple === undefined ? ABSENT : tupleText(tuple)}
    }
    case 'fdlist':
      return {raw: fdListText(context, value)}
    case 'dyn':
      return dynamicText(param, value, fd => descriptorText(context, fd))
    default:
      return {raw: value}
  }
}

function bytesText(value: ByteString): ByteString {
  return value.replace(/[^\x20-\x7e]/g, '.')
}

/** `4:64 7:f1`: number, type and flags of each descriptor. */
function fdListText({state, thread}: MatchContext, value: ByteString): ByteString {
  const bytes = Buffer.from(value, 'latin1')
  const texts: string[] = []
  const count = bytes.length < 2 ? 0 : bytes.readUInt16LE(0)
  for (let at = 2; texts.length < count && at + 10 <= bytes.length; at += 10) {
    const fd = Number(bytes.readBigInt64LE(at))
    const info = thread === undefined ? undefined : state.table.fdsOf(thread)?.get(fd)
    const letter = info === undefined ? '?' : typeLetter(info)
    texts.push(`${fd}:${letter}${bytes.readUInt16LE(at + 8).toString(16)}`)
  }
  return texts.join(' ')
}

/** The absolute form of a path parameter. */
export function absolutePath(
  {state, thread, event}: MatchContext,
  param: ParamDef,
  name: ByteString,
): ByteString {
  const base = param.relativeTo === undefined ? undefined : event.def.params[param.relativeTo]
  const dirfd = base === undefined ? AT_FDCWD : (numberOf(event, base.name) ?? AT_FDCWD)
  if (thread === undefined) return joinPath('', name)
  if (dirfd === AT_FDCWD) return joinPath(workingDirectory(state.table, thread), name)
  const known = state.table.fdsOf(thread)?.get(dirfd)?.name
  return joinPath(known ?? capturedDirectory(event, base) ?? '<UNKNOWN>', name)
}

/** Where the sensor puts the path of the directory that a descriptor parameter stands for. */
const DIRECTORY_VALUES: Readonly<Record<string, string>> = {
  olddirfd: '$olddir',
  olddir: '$olddir',
  newdirfd: '$newdir',
  newdir: '$newdir',
}

function capturedDirectory(event: Event, dirfd: ParamDef | undefined): ByteString | undefined {
  if (dirfd === undefined) return undefined
  const {name} = dirfd
  return textParam(
    event,
    (Object.hasOwn(DIRECTORY_VALUES, name) && DIRECTORY_VALUES[name]) || '$dir',
  )
}
