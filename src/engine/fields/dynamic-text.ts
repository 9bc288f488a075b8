import type {ByteString} from '../../schema/bytes.ts'
import type {ParamDef} from '../../schema/event-pair.ts'
import {SIGNALS} from '../../schema/tables/names.ts'
import {errnoText} from './errno-text.ts'

/** What the first byte of a dynamic parameter says of the value behind it, by the table that its definition names. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  sockopt_dynamic_param: ['bytes', 'errno', 'uint32', 'uint64', 'time'],
  ptrace_dynamic_param: ['hex', 'signal'],
  bpf_dynamic_param: ['fd', 'errno'],
  keyctl_dynamic_param: ['int64', 'text'],
}

/** Prints a parameter whose type depends on its first byte. */
export function dynamicText(
  {dynamic}: ParamDef,
  value: ByteString,
  fdText: (fd: number) => ByteString | undefined,
): {readonly raw: ByteString; readonly resolved?: ByteString} {
  const kind = KINDS[dynamic ?? '']?.[value.charCodeAt(0)]
  const bytes = Buffer.from(value.slice(1), 'latin1')
  const number = (signed: boolean): bigint =>
    signed ? bytes.readBigInt64LE(0) : bytes.readBigUInt64LE(0)
  const long = bytes.length >= 8
  switch (kind) {
    case 'text':
      return {raw: value.slice(1).split('\0', 1)[0] ?? ''}
    case 'uint32':
      return {raw: bytes.length >= 4 ? String(bytes.readUInt32LE(0)) : '<NA>'}
    case 'signal': {
      const name = SIGNALS.find(([, code]) => code === bytes[0])?.[0]
      const raw = String(bytes[0] ?? '<NA>')
      return name === undefined ? {raw} : {raw, resolved: name}
    }
    case 'errno': {
      const result = long ? number(true) : 0n
      return result < 0n
        ? {raw: String(result), resolved: errnoText(Number(result))}
        : {raw: String(result)}
    }
    case 'fd': {
      const fd = long ? Number(number(true)) : -1
      const resolved = fdText(fd)
      return resolved === undefined ? {raw: String(fd)} : {raw: String(fd), resolved}
    }
    case 'hex':
      return {raw: long ? number(false).toString(16).toUpperCase() : '<NA>'}
    case 'int64':
    case 'uint64':
    case 'time':
      return {raw: long ? String(number(kind === 'int64')) : '<NA>'}
    default:
      return {raw: value.slice(1).replace(/[^\x20-\x7e]/g, '.')}
  }
}
