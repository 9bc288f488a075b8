/**
 * One function per bpf(2) command that the sensor uses. Attribute offsets: linux v6.8 include/uapi/linux/bpf.h,
 * union bpf_attr. Buffers that an attribute points to stay referenced by the caller until the call returns.
 */
import {closeSync} from 'node:fs'
import {CodedError} from '../diagnostics/error.ts'
import {ERRNO, errnoText} from './errno.ts'
import {addressOf, bpf, type CallResult} from './ffi.ts'

const CMD = {
  MAP_CREATE: 0,
  MAP_LOOKUP_ELEM: 1,
  MAP_UPDATE_ELEM: 2,
  MAP_DELETE_ELEM: 3,
  PROG_LOAD: 5,
  PROG_TEST_RUN: 10,
  PROG_GET_NEXT_ID: 11,
  MAP_GET_NEXT_ID: 12,
  PROG_GET_FD_BY_ID: 13,
  MAP_GET_FD_BY_ID: 14,
  OBJ_GET_INFO_BY_FD: 15,
  RAW_TRACEPOINT_OPEN: 17,
  MAP_FREEZE: 22,
  ENABLE_STATS: 32,
} as const

/** Longest object name, in bytes, without the closing NUL (BPF_OBJ_NAME_LEN is 16). */
export const OBJECT_NAME_MAX = 15
const NAME_FIELD = 16

/** Raises the error of a failed call in terms that a user can act on. */
export function refusal(
  what: string,
  errno: number,
  details: {readonly log?: string} = {},
): CodedError {
  const message = `${what}: ${errnoText(errno)}`
  if (errno === ERRNO.EPERM) {
    return new CodedError('SENSOR_NO_ROOT', message, {
      hint: 'run as root or grant CAP_BPF and CAP_PERFMON; inside a container the runtime may block bpf(2)',
      ...details,
    })
  }
  if (errno === ERRNO.ENOSYS) {
    return new CodedError('SENSOR_UNSUPPORTED', message, {
      hint: 'this kernel is built without bpf(2) (CONFIG_BPF_SYSCALL)',
    })
  }
  if (errno === ERRNO.ENOMEM) {
    return new CodedError('SENSOR_MEMORY', message, {
      hint: 'ask for a smaller buffer (-o ring.mib=4) or raise the memory limit of this cgroup',
    })
  }
  return new CodedError('SENSOR_SYSCALL', message, details)
}

/** Creates a map; gives its descriptor. */
export function mapCreate(spec: {
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly name: string
}): CallResult {
  const attr = Buffer.alloc(72)
  attr.writeUInt32LE(spec.type, 0)
  attr.writeUInt32LE(spec.keySize, 4)
  attr.writeUInt32LE(spec.valueSize, 8)
  attr.writeUInt32LE(spec.maxEntries, 12)
  attr.writeUInt32LE(spec.flags, 16)
  attr.write(spec.name.slice(0, OBJECT_NAME_MAX), 28, 'latin1')
  return bpf(CMD.MAP_CREATE, attr)
}

function elementAttr(fd: number, key: Buffer, value: Buffer | undefined, flags = 0): Buffer {
  const attr = Buffer.alloc(32)
  attr.writeUInt32LE(fd, 0)
  attr.writeBigUInt64LE(addressOf(key), 8)
  if (value !== undefined) attr.writeBigUInt64LE(addressOf(value), 16)
  attr.writeBigUInt64LE(BigInt(flags), 24)
  return attr
}

/** Copies the value of a key into `value`. */
export function mapLookup(fd: number, key: Buffer, value: Buffer): CallResult {
  return bpf(CMD.MAP_LOOKUP_ELEM, elementAttr(fd, key, value))
}

/** Sets the value of a key. */
export function mapUpdate(fd: number, key: Buffer, value: Buffer): CallResult {
  return bpf(CMD.MAP_UPDATE_ELEM, elementAttr(fd, key, value))
}

/** Removes a key. */
export function mapDelete(fd: number, key: Buffer): CallResult {
  return bpf(CMD.MAP_DELETE_ELEM, elementAttr(fd, key, undefined))
}

/** Makes a map read-only for everybody but programs (linux v5.2). */
export function mapFreeze(fd: number): CallResult {
  const attr = Buffer.alloc(4)
  attr.writeUInt32LE(fd, 0)
  return bpf(CMD.MAP_FREEZE, attr)
}

/** Loads a program; gives its descriptor. `log` receives the kernel verifier's words when `logLevel` is not 0. */
export function progLoad(spec: {
  readonly type: number
  readonly name: string
  readonly instructions: Buffer
  readonly license: string
  readonly expectedAttachType: number
  readonly attachBtfId: number
  readonly logLevel: number
  readonly log: Buffer
}): CallResult {
  const license = Buffer.alloc(spec.license.length + 1)
  license.write(spec.license, 'latin1')
  const attr = Buffer.alloc(144)
  attr.writeUInt32LE(spec.type, 0)
  attr.writeUInt32LE(spec.instructions.length / 8, 4)
  attr.writeBigUInt64LE(addressOf(spec.instructions), 8)
  attr.writeBigUInt64LE(addressOf(license), 16)
  if (spec.logLevel !== 0) {
    attr.writeUInt32LE(spec.logLevel, 24)
    attr.writeUInt32LE(spec.log.length, 28)
    attr.writeBigUInt64LE(addressOf(spec.log), 32)
  }
  attr.write(spec.name.slice(0, OBJECT_NAME_MAX), 48, 'latin1')
  attr.writeUInt32LE(spec.expectedAttachType, 68)
  attr.writeUInt32LE(spec.attachBtfId, 108)
  return bpf(CMD.PROG_LOAD, attr)
}

/** Attaches a raw tracepoint program to the named tracepoint, a typed one to its own; gives the link's descriptor. */
export function rawTracepointOpen(progFd: number, name?: string): CallResult {
  const text = Buffer.from(`${name ?? ''}\0`, 'latin1')
  const attr = Buffer.alloc(16)
  if (name !== undefined) attr.writeBigUInt64LE(addressOf(text), 0)
  attr.writeUInt32LE(progFd, 8)
  return bpf(CMD.RAW_TRACEPOINT_OPEN, attr)
}

/**
 * Makes the kernel count runs and run time of every program until the descriptor that it gives is closed (linux v5.8, type
 * BPF_STATS_RUN_TIME).
 * @throws CodedError SENSOR_… when it refuses
 */
export function enableStats(): number {
  const call = bpf(CMD.ENABLE_STATS, Buffer.alloc(4))
  if (call.value < 0) throw refusal('counting program runs', call.errno)
  return call.value
}

/** Runs a raw tracepoint program once over up to 12 context words; gives the program's return value in `retval`. */
export function testRun(progFd: number, context: Buffer): CallResult & {readonly retval: number} {
  const attr = Buffer.alloc(80)
  attr.writeUInt32LE(progFd, 0)
  attr.writeUInt32LE(context.length, 40)
  if (context.length > 0) attr.writeBigUInt64LE(addressOf(context), 48)
  const call = bpf(CMD.PROG_TEST_RUN, attr)
  return {...call, retval: attr.readInt32LE(4)}
}

/** What the kernel says of a loaded object. */
export interface ObjectInfo {
  readonly id: number
  readonly name: string
  readonly type: number
  /** Programs: times run and nanoseconds spent, while kernel statistics were on. */
  readonly runCount: bigint
  readonly runTimeNs: bigint
  /** Programs: bytes of machine code; maps: key, value and entries. */
  readonly size: number
  readonly maxEntries: number
}

/** Every loaded program or map of the host, by walking the ids. Objects that vanish meanwhile are left out. */
export function listObjects(kind: 'program' | 'map'): ObjectInfo[] {
  const [nextCommand, openCommand] =
    kind === 'program'
      ? [CMD.PROG_GET_NEXT_ID, CMD.PROG_GET_FD_BY_ID]
      : [CMD.MAP_GET_NEXT_ID, CMD.MAP_GET_FD_BY_ID]
  const found: ObjectInfo[] = []
  const attr = Buffer.alloc(12)
  for (let id = 0; ; ) {
    attr.writeUInt32LE(id, 0)
    const next = bpf(nextCommand, attr)
    if (next.value === -1) {
      if (next.errno === ERRNO.ENOENT) return found
      throw refusal(`listing every ${kind}`, next.errno)
    }
    id = attr.readUInt32LE(4)
    const open = Buffer.alloc(12)
    open.writeUInt32LE(id, 0)
    const fd = bpf(openCommand, open)
    if (fd.value >= 0) found.push(objectInfo(kind, fd.value))
  }
}

function objectInfo(kind: 'program' | 'map', fd: number): ObjectInfo {
  const info = Buffer.alloc(kind === 'program' ? 232 : 80)
  const attr = Buffer.alloc(16)
  attr.writeUInt32LE(fd, 0)
  attr.writeUInt32LE(info.length, 4)
  attr.writeBigUInt64LE(addressOf(info), 8)
  const call = bpf(CMD.OBJ_GET_INFO_BY_FD, attr)
  closeSync(fd)
  if (call.value === -1) throw refusal(`reading the info of a ${kind}`, call.errno)
  const nameAt = kind === 'program' ? 64 : 24
  const name = info.toString('latin1', nameAt, nameAt + NAME_FIELD).replace(/\0.*$/s, '')
  const common = {id: info.readUInt32LE(4), name, type: info.readUInt32LE(0)}
  if (kind === 'map') {
    return {
      ...common,
      runCount: 0n,
      runTimeNs: 0n,
      size: info.readUInt32LE(12),
      maxEntries: info.readUInt32LE(16),
    }
  }
  return {
    ...common,
    runTimeNs: info.readBigUInt64LE(192),
    runCount: info.readBigUInt64LE(200),
    size: info.readUInt32LE(16),
    maxEntries: 0,
  }
}
