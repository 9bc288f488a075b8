import type {ByteString} from '../../schema/bytes.ts'
import {type ProcSource, readLink, readList} from './proc-source.ts'
import {type Mount, parseMounts} from './proc-text.ts'

/** File systems whose answers come from another process or machine, and may never come. */
const SLOW = /^(?:fuse|nfs|cifs|smb|9p|ceph|afs|coda|gfs|ocfs|autofs)/

/** Whether asking the file system may block for as long as somebody else likes. */
export function isSlow({type}: Mount): boolean {
  return SLOW.test(type)
}

/** The mounts that the thread sees, read once per mount namespace and root directory. */
export function mountsOf(proc: ProcSource, tid: number): ReadonlyMap<number, Mount> {
  const folder = `${proc.root}/${tid}`
  const key = `${readLink(`${folder}/ns/mnt`) ?? tid}\0${readLink(`${folder}/root`) ?? ''}`
  const known = proc.mounts.get(key)
  if (known !== undefined) return known
  const mounts = parseMounts(readList(proc, `${folder}/mountinfo`) ?? '')
  proc.mounts.set(key, mounts)
  return mounts
}

/** The mount that holds a path: the one with the longest path above it, of two the later. */
export function mountOfPath(
  mounts: ReadonlyMap<number, Mount>,
  path: ByteString,
): Mount | undefined {
  let best: Mount | undefined
  for (const mount of mounts.values()) {
    const holds = mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`)
    if (holds && mount.path.length >= (best?.path.length ?? 0)) best = mount
  }
  return best
}
