import {type BigIntStats, statSync} from 'node:fs'
import type {ByteString} from '../../schema/bytes.ts'
import {canonicalInt} from '../../schema/value.ts'
import type {ListedThread} from '../metadata.ts'
import {isSlow, mountOfPath, mountsOf} from './mounts.ts'
import {type ProcSource, readLink, readStart} from './proc-source.ts'
import {mapsId, type StatusText} from './proc-text.ts'

/** Capabilities that write past the permission bits (linux v6.8 include/uapi/linux/capability.h). */
const CAP_DAC_OVERRIDE = 1n << 1n
const CAP_FOWNER = 1n << 3n
const GROUP_WRITE = 0o020
const OTHER_WRITE = 0o002

/** The facts of a thread that come from its executable file. */
export type ExeFacts = Pick<
  ListedThread,
  | 'exeInode'
  | 'exeCtimeNs'
  | 'exeMtimeNs'
  | 'exeWritable'
  | 'exeUpperLayer'
  | 'exeLowerLayer'
  | 'exeFromMemory'
>

/** Nothing is known of the file. */
export const NO_EXE: ExeFacts = {
  exeInode: 0,
  exeCtimeNs: 0n,
  exeMtimeNs: 0n,
  exeWritable: false,
  exeUpperLayer: false,
  exeLowerLayer: false,
  exeFromMemory: false,
}

/** Who asks for write access: effective ids, further groups, effective capabilities. */
export interface Writer {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly capEffective: bigint
  /** Whether its user namespace maps both ids of the file: only then do its capabilities count. */
  readonly mapsFile: () => boolean
}

/** Owner, group and permission bits of a file. */
export interface Owned {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/**
 * Whether a process could write a file, or make itself able to: as its owner, by the permission bits, by capabilities.
 * Access lists are not looked at.
 */
export function canWrite(writer: Writer, file: Owned): boolean {
  if (writer.uid === file.uid) return true
  const inGroup = writer.gid === file.gid || writer.groups.includes(file.gid)
  if ((file.mode & (inGroup ? GROUP_WRITE : OTHER_WRITE)) !== 0) return true
  return (writer.capEffective & (CAP_DAC_OVERRIDE | CAP_FOWNER)) !== 0n && writer.mapsFile()
}

/**
 * Reads the executable's facts. `exePath` is the link's text. Layers of overlayfs do not show here; a file system that may
 * not answer is not asked.
 */
export function readExe(
  proc: ProcSource,
  tid: number,
  exePath: ByteString,
  status: StatusText,
): ExeFacts {
  const exeFromMemory = exePath.startsWith('/memfd:')
  const mount = exeFromMemory ? undefined : mountOfPath(mountsOf(proc, tid), exePath)
  if (mount !== undefined && isSlow(mount)) return {...NO_EXE, exeFromMemory}
  const stat = tryStat(`${proc.root}/${tid}/exe`)
  if (stat === undefined) return {...NO_EXE, exeFromMemory}
  const file = {uid: Number(stat.uid), gid: Number(stat.gid), mode: Number(stat.mode)}
  const mapsFile = (): boolean => mapsBoth(proc, tid, file)
  return {
    ...NO_EXE,
    exeFromMemory,
    exeInode: canonicalInt(stat.ino),
    exeCtimeNs: stat.ctimeNs,
    exeMtimeNs: stat.mtimeNs,
    exeWritable: mount?.readOnly !== true && canWrite({...status, mapsFile}, file),
  }
}

function mapsBoth(proc: ProcSource, tid: number, {uid, gid}: Owned): boolean {
  const folder = `${proc.root}/${tid}`
  if (readLink(`${folder}/ns/user`) === readLink(`${proc.root}/1/ns/user`)) return true
  return (
    mapsId(readStart(proc, `${folder}/uid_map`) ?? '', uid) &&
    mapsId(readStart(proc, `${folder}/gid_map`) ?? '', gid)
  )
}

function tryStat(path: string): BigIntStats | undefined {
  try {
    return statSync(path, {bigint: true, throwIfNoEntry: false})
  } catch {
    // The process ended meanwhile, or the file's server did.
    return undefined
  }
}
