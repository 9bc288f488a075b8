import type {ByteString} from '../../schema/bytes.ts'
import type {DerivedFunction} from '../../schema/capture.ts'
import {fromNative} from '../../schema/flag-table.ts'
import {FLAG_TABLES} from '../../schema/tables/flags.ts'
import {canonicalInt, type Int} from '../../schema/value.ts'
import {quotaPart} from './quota-values.ts'

/** A value of a record; undefined when there is none. */
export type RecordValue = Int | ByteString | undefined

/** Makes a value of others, which are given in order; `part` says which of several the function makes. */
export type ValueFunction = (values: readonly RecordValue[], part: string) => RecordValue

/** Socket level and options (linux v6.8 include/uapi/asm-generic/socket.h). */
const SOL_SOCKET = 1
const SO = {error: 4, bindToDevice: 25, cookie: 57} as const
/** Options that hold a timeval: SO_RCVTIMEO and SO_SNDTIMEO, in the old and in the new form. */
const TIMEOUTS: ReadonlySet<number> = new Set([20, 21, 66, 67])
/** Options whose number in events is another; up to 50 they are the same. */
const OPTION_NUMBERS: ReadonlyMap<number, number> = new Map([
  [55, 52],
  [57, 53],
  [59, 51],
  [66, 20],
  [67, 21],
])
const SAME_OPTIONS_MAX = 50
/** Forms of a socket option's value, the first byte of the parameter. */
const OPTION_FORM = {bytes: 0, errno: 1, uint32: 2, uint64: 3, time: 4} as const

const PTRACE = Object.fromEntries(FLAG_TABLES.ptrace_requests.values)
const PEEKS = numbersOf('PTRACE_PEEKTEXT', 'PTRACE_PEEKDATA', 'PTRACE_PEEKUSR')
const RESUMES = numbersOf('PTRACE_CONT', 'PTRACE_SINGLESTEP', 'PTRACE_DETACH', 'PTRACE_SYSCALL')
/** Forms of an argument of ptrace and keyctl. */
const PTRACE_FORM = {uint64: 0, signal: 1} as const
const KEY_FORM = {int64: 0, text: 1} as const
/** A command of semctl (linux v6.8 include/uapi/linux/sem.h). */
const SETVAL = 16
/** The old mark in the upper half of mount flags (linux v6.8 include/uapi/linux/mount.h). */
const MS_MGC_VAL = 0xc0ed
/** Nanoseconds that mean `now` and `leave` (linux v6.8 include/linux/stat.h). */
const UTIME_NOW = 0x3fffffff
const UTIME_OMIT = 0x3ffffffe

/** The functions that rows of the capture table name. */
export const VALUE_FUNCTIONS: Readonly<Record<DerivedFunction, ValueFunction>> = {
  percent: ([part, whole]) => {
    const of = number(whole)
    return of === 0 ? 0 : Math.floor((number(part) * 100) / of)
  },
  fileFlags: ([flags]) => fromNative(FLAG_TABLES.file_flags, number(flags), false),
  secondOfMore: ([count, value]) => (number(count) > 1 ? value : 0),
  semaphoreFlags: ([count, flags]) =>
    number(count) > 1 ? fromNative(FLAG_TABLES.semop_flags, number(flags), false) : 0,
  semaphoreValue: ([command, value]) => (command === SETVAL ? value : 0),
  socketLevel: ([level]) => fromNative(FLAG_TABLES.sockopt_levels, number(level), false),
  socketOption: ([level, name]) => {
    if (level !== SOL_SOCKET) return 0
    const native = number(name)
    return OPTION_NUMBERS.get(native) ?? (native <= SAME_OPTIONS_MAX ? native : 0)
  },
  socketValue: ([level, name, value]) =>
    typeof value === 'string' ? optionValue(level, number(name), value) : undefined,
  ptraceAddress: ([result, address]) =>
    withForm(PTRACE_FORM.uint64, succeeded(result) ? long(address) : long(0)),
  ptraceData: ([result, request, data, peeked]) => {
    if (!succeeded(result)) return withForm(PTRACE_FORM.uint64, long(0))
    if (RESUMES.has(number(request)))
      return withForm(PTRACE_FORM.signal, String.fromCharCode(number(data) & 0xff))
    return withForm(PTRACE_FORM.uint64, long(PEEKS.has(number(request)) ? peeked : data))
  },
  keyArgument: ([value, text]) =>
    typeof text === 'string'
      ? withForm(KEY_FORM.text, `${text}\0`)
      : withForm(KEY_FORM.int64, long(value)),
  mountFlags: ([flags]) => {
    const low = number(flags) % 2 ** 32
    return Math.floor(low / 2 ** 16) === MS_MGC_VAL ? low % 2 ** 16 : low
  },
  time: ([times], part) => (typeof times === 'string' ? timeOf(times, part) : undefined),
  quota: ([command, id, block], part) =>
    quotaPart(part, number(command), number(id), typeof block === 'string' ? block : ''),
}

function numbersOf(...names: string[]): ReadonlySet<number> {
  return new Set(names.map(name => PTRACE[name]!))
}

function number(value: RecordValue): number {
  return value === undefined || typeof value === 'string' ? 0 : Number(value)
}

function succeeded(result: RecordValue): boolean {
  return number(result) >= 0
}

function withForm(form: number, value: ByteString): ByteString {
  return String.fromCharCode(form) + value
}

/** 64 bits, little-endian. */
function long(value: RecordValue): ByteString {
  const bytes = Buffer.alloc(8)
  const wide = value === undefined || typeof value === 'string' ? 0n : BigInt(value)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, wide))
  return bytes.toString('latin1')
}

/** A socket option's value: an error, a time or a number where it is one, else its bytes. */
function optionValue(level: RecordValue, name: number, value: ByteString): ByteString {
  const bytes = Buffer.from(value, 'latin1')
  if (level === SOL_SOCKET) {
    if (TIMEOUTS.has(name) && bytes.length >= 16)
      return withForm(
        OPTION_FORM.time,
        long(bytes.readBigInt64LE(0) * 1_000_000_000n + bytes.readBigInt64LE(8) * 1000n),
      )
    if (name === SO.cookie && bytes.length >= 8)
      return withForm(OPTION_FORM.uint64, value.slice(0, 8))
    if (name === SO.error && bytes.length >= 4)
      return withForm(OPTION_FORM.errno, long(-bytes.readInt32LE(0)))
    if (name !== SO.bindToDevice && bytes.length === 4) return withForm(OPTION_FORM.uint32, value)
  }
  return withForm(OPTION_FORM.bytes, value)
}

/**
 * One of two times, nanoseconds since the epoch. `part` is the structure (`timespec`, `timeval`, `utimbuf`), a dot, and 0 or 1.
 * Undefined when the file is to get the time of the call, or to keep the one it has.
 */
function timeOf(times: ByteString, part: string): RecordValue {
  const bytes = Buffer.from(times, 'latin1')
  const [structure, index] = part.split('.')
  const size = structure === 'utimbuf' ? 8 : 16
  const at = size * Number(index)
  if (bytes.length < at + size) return undefined
  const seconds = bytes.readBigInt64LE(at) * 1_000_000_000n
  if (structure === 'utimbuf') return nanoseconds(seconds)
  const rest = bytes.readBigInt64LE(at + 8)
  if (structure === 'timeval') return nanoseconds(seconds + rest * 1000n)
  if (rest === BigInt(UTIME_NOW) || rest === BigInt(UTIME_OMIT)) return undefined
  return nanoseconds(seconds + rest)
}

function nanoseconds(value: bigint): Int {
  return canonicalInt(BigInt.asUintN(64, value))
}
