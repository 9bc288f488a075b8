import type {CaptureDef} from '../capture.ts'
import {after, member} from './call-rows.ts'
import {call, dirPath, ret, s32, text, u32, u64} from './rows.ts'

/** Calls that only look, or move a position: files, directories, ids, limits. */
export const QUERY_CAPTURES: readonly CaptureDef[] = [
  call('stat', 4, {res: ret, path: text(0)}),
  call('lstat', 6, {res: ret, path: text(0)}),
  call('fstat', 5, {res: ret, fd: s32(0)}),
  call('newfstatat', 262, {
    res: ret,
    dirfd: s32(0),
    path: text(1),
    flags: u32(3),
    $dir: dirPath(0, 1),
  }),
  call('access', 21, {res: ret, name: text(0), mode: u32(1)}),
  call('getcwd', 79, {res: ret, path: after('done', text(0))}),
  call('getdents', 78, {res: ret, fd: s32(0)}),
  call('getdents64', 217, {res: ret, fd: s32(0)}),
  call('flock', 73, {res: ret, fd: s32(0), operation: u32(1)}),
  call('lseek', 8, {res: ret, fd: s32(0), offset: u64(1), whence: u32(2)}),
  call('getuid', 102, {uid: ret}),
  call('geteuid', 107, {euid: ret}),
  call('getgid', 104, {gid: ret}),
  call('getegid', 108, {egid: ret}),
  call('getresuid', 118, {
    res: ret,
    ruid: member(0, 0, 'u32'),
    euid: member(1, 0, 'u32'),
    suid: member(2, 0, 'u32'),
  }),
  call('getresgid', 120, {
    res: ret,
    rgid: member(0, 0, 'u32'),
    egid: member(1, 0, 'u32'),
    sgid: member(2, 0, 'u32'),
  }),
  call('getrlimit', 97, {
    res: ret,
    cur: after('done', member(1, 0, 'long'), -1),
    max: after('done', member(1, 8, 'long'), -1),
    resource: u32(0),
  }),
  call('semget', 64, {res: ret, key: s32(0), nsems: s32(1), semflg: u32(2)}),
]
