import {closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync} from 'node:fs'
import type {ByteString} from '../schema/bytes.ts'
import {canonicalInt} from '../schema/value.ts'
import type {FileIdentity} from '../state/host-lookup.ts'
import {directoryOf, fileNameOf} from '../state/path.ts'
import {openAt2} from './ffi.ts'

const O_PATH = 0o10000000
const O_CLOEXEC = 0o2000000
const RESOLVE_IN_ROOT = 0x10
/** Longest path that the kernel takes. */
const PATH_MAX = 4096

/**
 * Follows an absolute path as a process sees it: from its root directory and in its mount namespace. `last` says whether the
 * last name is followed too, if it is a link. What does not exist (any more) has the path below its directory and no
 * identity. Undefined when the process or the directory is gone. Opens nothing for reading or writing.
 */
export function resolvePathOf(
  pid: number,
  path: ByteString,
  last: boolean,
): FileIdentity | undefined {
  if (path.length >= PATH_MAX || path.includes('\0')) return undefined
  const found = identityOf(pid, path, last)
  if (found !== undefined) return found
  const directory = identityOf(pid, directoryOf(path), true)
  if (directory === undefined) return undefined
  const base = directory.path === '/' ? '' : directory.path
  return {path: `${base}/${fileNameOf(path)}`, dev: 0, ino: 0, mount: undefined}
}

function identityOf(pid: number, path: ByteString, last: boolean): FileIdentity | undefined {
  const flags = O_PATH | O_CLOEXEC | (last ? 0 : constants.O_NOFOLLOW)
  let fd: number | undefined
  try {
    fd = hasOurRoot(pid) ? openSync(bytes(namesOf(pid, path)), flags) : openInRoot(pid, path, flags)
    if (fd === undefined) return undefined
    const {dev, ino} = fstatSync(fd, {bigint: true})
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')
    const mount = /^mnt_id:\s*(\d+)$/m.exec(info)?.[1]
    return {
      path: readlinkSync(`/proc/self/fd/${fd}`, 'latin1'),
      dev: Number(dev),
      ino: canonicalInt(ino),
      mount: mount === undefined ? undefined : Number(mount),
    }
  } catch {
    // The process or the file is gone: unknown either way.
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Whether a path means the same to the process and to us. */
function hasOurRoot(pid: number): boolean {
  return (
    readlinkSync(`/proc/${pid}/root`) === '/' &&
    readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt')
  )
}

/** What the process calls itself in /proc must not mean us. */
function namesOf(pid: number, path: ByteString): ByteString {
  return path.replace(/^\/proc\/(?:thread-)?self(?=\/|$)/, `/proc/${pid}`)
}

function openInRoot(pid: number, path: ByteString, flags: number): number | undefined {
  const root = openSync(`/proc/${pid}/root`, O_PATH | O_CLOEXEC)
  try {
    const {value} = openAt2(root, bytes(`${path}\0`), {flags, resolve: RESOLVE_IN_ROOT})
    return value < 0 ? undefined : value
  } finally {
    closeSync(root)
  }
}

function bytes(text: ByteString): Buffer {
  return Buffer.from(text, 'latin1')
}
