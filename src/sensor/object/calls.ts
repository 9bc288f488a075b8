/**
 * The bpf(2) commands that only objects need. Attribute offsets: linux v6.8 include/uapi/linux/bpf.h, union bpf_attr. Buffers
 * that an attribute points to stay referenced by the caller until the call returns.
 */
import {addressOf, bpf, type CallResult} from '../ffi.ts'

const CMD = {
  MAP_CREATE: 0,
  MAP_GET_NEXT_KEY: 4,
  PROG_LOAD: 5,
  MAP_GET_FD_BY_ID: 14,
  OBJ_GET_INFO_BY_FD: 15,
  BTF_LOAD: 18,
  BTF_GET_FD_BY_ID: 19,
  LINK_CREATE: 28,
  ITER_CREATE: 33,
} as const
const NAME_BYTES = 15

/** A name as the kernel takes it: at most 15 of letters, digits, `_` and `.`. */
export function kernelName(name: string): string {
  return name.replace(/[^\w.]/g, '_').slice(0, NAME_BYTES)
}

/** Creates a map; gives its descriptor. Type ids count only with a `btfFd`. */
export function createMap(map: {
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly name: string
  readonly innerFd: number
  readonly btfFd: number
  readonly keyType: number
  readonly valueType: number
}): CallResult {
  const attr = Buffer.alloc(72)
  const words = [map.type, map.keySize, map.valueSize, map.maxEntries, map.flags, map.innerFd]
  for (const [index, word] of words.entries()) attr.writeUInt32LE(word >>> 0, index * 4)
  attr.write(kernelName(map.name), 28, 'latin1')
  if (map.btfFd > 0) {
    attr.writeUInt32LE(map.btfFd, 48)
    attr.writeUInt32LE(map.keyType, 52)
    attr.writeUInt32LE(map.valueType, 56)
  }
  return bpf(CMD.MAP_CREATE, attr)
}

/** The key behind `key`, the first one without: 0 with `next` filled, or ENOENT at the end. */
export function nextKey(fd: number, key: Buffer | undefined, next: Buffer): CallResult {
  const attr = Buffer.alloc(32)
  attr.writeUInt32LE(fd, 0)
  if (key !== undefined) attr.writeBigUInt64LE(addressOf(key), 8)
  attr.writeBigUInt64LE(addressOf(next), 16)
  return bpf(CMD.MAP_GET_NEXT_KEY, attr)
}

/** Opens a loaded map or BTF object by its id. */
export function openById(kind: 'map' | 'btf', id: number): CallResult {
  const attr = Buffer.alloc(12)
  attr.writeUInt32LE(id, 0)
  return bpf(kind === 'map' ? CMD.MAP_GET_FD_BY_ID : CMD.BTF_GET_FD_BY_ID, attr)
}

/** Fills `info` with what the kernel says of an object. Pointers that it holds already are followed. */
export function readInfo(fd: number, info: Buffer): CallResult {
  const attr = Buffer.alloc(16)
  attr.writeUInt32LE(fd, 0)
  attr.writeUInt32LE(info.length, 4)
  attr.writeBigUInt64LE(addressOf(info), 8)
  return bpf(CMD.OBJ_GET_INFO_BY_FD, attr)
}

/** Hands types to the kernel; gives their descriptor. */
export function loadBtf(bytes: Buffer): CallResult {
  const attr = Buffer.alloc(32)
  attr.writeBigUInt64LE(addressOf(bytes), 0)
  attr.writeUInt32LE(bytes.length, 16)
  return bpf(CMD.BTF_LOAD, attr)
}

/** A program to load. */
export interface ProgramImage {
  readonly type: number
  readonly attachType: number
  readonly attachBtfId: number
  readonly name: string
  readonly license: string
  readonly instructions: Buffer
  /** Which function and line each instruction belongs to; absent: not said. */
  readonly debug:
    | {readonly btfFd: number; readonly functions: Buffer; readonly lines: Buffer}
    | undefined
}

/** Bytes of a function record and of a line record, as the kernel takes them. */
export const RECORD_BYTES = {function: 8, line: 16} as const

/**
 * Loads a program; gives its descriptor. With a log of more than 0 bytes, the kernel writes what it says into it: of a refused
 * program the path that led there, at level 2 every instruction that it walks.
 */
export function loadProgram(image: ProgramImage, log: Buffer, level: 1 | 2 = 1): CallResult {
  const license = Buffer.from(`${image.license}\0`, 'latin1')
  const attr = Buffer.alloc(144)
  attr.writeUInt32LE(image.type, 0)
  attr.writeUInt32LE(image.instructions.length / 8, 4)
  attr.writeBigUInt64LE(addressOf(image.instructions), 8)
  attr.writeBigUInt64LE(addressOf(license), 16)
  if (log.length > 0) {
    attr.writeUInt32LE(level, 24)
    attr.writeUInt32LE(log.length, 28)
    attr.writeBigUInt64LE(addressOf(log), 32)
  }
  attr.write(kernelName(image.name), 48, 'latin1')
  attr.writeUInt32LE(image.attachType, 68)
  attr.writeUInt32LE(image.attachBtfId, 108)
  const {debug} = image
  if (debug !== undefined) {
    attr.writeUInt32LE(debug.btfFd, 72)
    attr.writeUInt32LE(RECORD_BYTES.function, 76)
    attr.writeBigUInt64LE(addressOf(debug.functions), 80)
    attr.writeUInt32LE(debug.functions.length / RECORD_BYTES.function, 88)
    if (debug.lines.length > 0) {
      attr.writeUInt32LE(RECORD_BYTES.line, 92)
      attr.writeBigUInt64LE(addressOf(debug.lines), 96)
      attr.writeUInt32LE(debug.lines.length / RECORD_BYTES.line, 104)
    }
  }
  return bpf(CMD.PROG_LOAD, attr)
}

/** Links an iterator program; gives the link's descriptor. */
export function linkIterator(programFd: number): CallResult {
  const BPF_TRACE_ITER = 28
  const attr = Buffer.alloc(64)
  attr.writeUInt32LE(programFd, 0)
  attr.writeUInt32LE(BPF_TRACE_ITER, 8)
  return bpf(CMD.LINK_CREATE, attr)
}

/** Opens a run of a linked iterator: reading the descriptor runs it. */
export function openIterator(linkFd: number): CallResult {
  const attr = Buffer.alloc(8)
  attr.writeUInt32LE(linkFd, 0)
  return bpf(CMD.ITER_CREATE, attr)
}
