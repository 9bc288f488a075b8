import {closeSync, openSync, readdirSync, readlinkSync, readSync} from 'node:fs'
import type {ByteString} from '../../schema/bytes.ts'
import type {NetSocket} from './net-files.ts'
import type {Mount} from './proc-text.ts'

/**
 * A view of the proc file system. What many processes share (mounts, sockets, namespaces) is read once and kept, so a
 * source serves one scan or one question: make a new one for the next.
 */
export interface ProcSource {
  /** Folder of the proc file system. */
  readonly root: string
  /** Nanoseconds from the epoch to boot. */
  readonly bootNs: bigint
  readonly buffer: Buffer
  /** By mount namespace and root directory, then by number of the mount. */
  readonly mounts: Map<string, ReadonlyMap<number, Mount>>
  /** By network namespace, then by inode. */
  readonly sockets: Map<string, ReadonlyMap<number, NetSocket>>
  /** By pid namespace: nanoseconds from the epoch to the start of its init. */
  readonly namespaceStarts: Map<string, bigint>
}

/** Bytes of one read: more than any file of one process that is read whole in one go. */
const BUFFER_BYTES = 65_536
/** Most bytes of a file that lists many things (sockets, mounts). */
const LIST_BYTES_MAX = 67_108_864
/** Clock ticks a second in /proc (USER_HZ, the same on every x86_64 kernel). */
const TICKS_PER_SECOND = 100
/** Nanoseconds of a clock tick: how exactly /proc tells when a process started. */
export const TICK_NS = 1_000_000_000 / TICKS_PER_SECOND

/** A fresh view. */
export function procSource(root: string, bootNs: bigint): ProcSource {
  return {
    root,
    bootNs,
    buffer: Buffer.allocUnsafe(BUFFER_BYTES),
    mounts: new Map(),
    sockets: new Map(),
    namespaceStarts: new Map(),
  }
}

/** The first bytes of a file, at most `max` (64 KiB by default); undefined when it is gone or not for us. */
export function readStart(
  {buffer}: ProcSource,
  path: string,
  max = BUFFER_BYTES,
): ByteString | undefined {
  const fd = tryOpen(path)
  if (fd === undefined) return undefined
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, Math.min(max, BUFFER_BYTES), null))
  } catch {
    // The process ended between open and read.
    return undefined
  } finally {
    closeSync(fd)
  }
}

/** A whole list, up to 64 MiB: the kernel hands such files out page by page. Undefined when it is gone or not for us. */
export function readList({buffer}: ProcSource, path: string): ByteString | undefined {
  const fd = tryOpen(path)
  if (fd === undefined) return undefined
  const parts: ByteString[] = []
  try {
    for (let total = 0; total < LIST_BYTES_MAX; ) {
      const count = readSync(fd, buffer, 0, BUFFER_BYTES, null)
      if (count === 0) break
      parts.push(buffer.toString('latin1', 0, count))
      total += count
    }
  } catch {
    // The process ended meanwhile: what was read counts.
  } finally {
    closeSync(fd)
  }
  return parts.join('')
}

/** Where a link points to; undefined when it is gone or not for us. */
export function readLink(path: string): ByteString | undefined {
  try {
    return readlinkSync(path, 'latin1')
  } catch {
    // Gone, a kernel thread's, not for us, or longer than a path can be.
    return undefined
  }
}

/** The numbers among the names of a folder, in ascending order; none when it is gone or not for us. */
export function listNumbers(path: string): number[] {
  try {
    const numbers: number[] = []
    for (const name of readdirSync(path)) if (/^\d{1,10}$/.test(name)) numbers.push(Number(name))
    return numbers.sort((a, b) => a - b)
  } catch {
    // As above.
    return []
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    // As above.
    return undefined
  }
}
