import type {ArgumentSource, CaptureDef, MemberSource, RequestSource, Source} from '../capture.ts'
import {
  call,
  device,
  dirPath,
  forDescriptors,
  inode,
  realFile,
  realOnDemand,
  ret,
  s32,
  text,
  u32,
} from './rows.ts'

/** Bits of `file_flags` and `creat_flags` that tell of a file after a successful call. */
const OPEN_BITS = {created: 1 << 14, upper: 1 << 15, lower: 1 << 16} as const
const CREAT_BITS = {upper: 1, lower: 2} as const

/** Which file a call opened. A failed call leaves 0, as in captures. */
const opened: CaptureDef['values'] = {
  $file: {from: 'file', fd: 'fd'},
  dev: device('$file', 0),
  ino: inode('$file', 0),
  $real: {from: 'filePath', of: '$file'},
  $mnt: {from: 'mountId', of: '$file'},
}
const openFlags = (flags: ArgumentSource | MemberSource | RequestSource): Source => ({
  from: 'fileState',
  of: '$file',
  bits: OPEN_BITS,
  flags,
})
const openOptions = {...forDescriptors, onDemand: ['$real', '$mnt']} as const
const realOptions = {onDemand: realOnDemand} as const

/** A number of struct io_open (linux v6.8 io_uring/openclose.c). */
const request = (path: readonly string[], as?: 's32'): RequestSource => ({
  from: 'request',
  struct: 'io_open',
  path,
  ...(as === undefined ? {} : {as}),
})
/** Operations of rings that open files (linux v6.8 include/uapi/linux/io_uring.h). */
const IORING_OP = {openat: 18, openat2: 28} as const

/** Files by name: opened, renamed, removed, made, changed. */
export const FILE_CAPTURES: readonly CaptureDef[] = [
  call(
    'open',
    2,
    {
      fd: ret,
      name: text(0),
      ...opened,
      flags: openFlags({from: 'arg', index: 1, as: 'u32'}),
      mode: u32(2),
    },
    openOptions,
  ),
  call(
    'openat',
    257,
    {
      fd: ret,
      dirfd: s32(0),
      name: text(1),
      ...opened,
      flags: openFlags({from: 'arg', index: 2, as: 'u32'}),
      mode: u32(3),
      $dir: dirPath(0, 1),
    },
    openOptions,
  ),
  call(
    'openat2',
    437,
    {
      fd: ret,
      dirfd: s32(0),
      name: text(1),
      ...opened,
      // struct open_how (linux v6.8 include/uapi/linux/openat2.h).
      flags: openFlags({from: 'member', index: 2, offset: 0}),
      mode: {from: 'member', index: 2, offset: 8},
      resolve: {from: 'member', index: 2, offset: 16},
      $dir: dirPath(0, 1),
    },
    openOptions,
  ),
  call(
    'creat',
    85,
    {
      fd: ret,
      name: text(0),
      mode: u32(1),
      ...opened,
      creat_flags: {from: 'fileState', of: '$file', bits: CREAT_BITS},
    },
    openOptions,
  ),
  call(
    'open_by_handle_at',
    304,
    {
      fd: ret,
      mountfd: s32(0),
      ...opened,
      flags: openFlags({from: 'arg', index: 2, as: 'u32'}),
      path: {from: 'filePath', of: '$file'},
    },
    openOptions,
  ),
  // The ring has given the name back by then: the real path stands for it.
  {
    kind: 'ring_openat',
    event: 'openat',
    hook: {at: 'io_uring_complete', operations: [IORING_OP.openat, IORING_OP.openat2]},
    state: 'fds',
    onDemand: ['$mnt'],
    values: {
      fd: {from: 'requestFd'},
      dirfd: request(['dfd'], 's32'),
      ...opened,
      flags: openFlags(request(['how', 'flags'])),
      mode: request(['how', 'mode']),
    },
  },
  call('rename', 82, {res: ret, oldpath: text(0), newpath: text(1)}),
  call('renameat', 264, {
    res: ret,
    olddirfd: s32(0),
    oldpath: text(1),
    newdirfd: s32(2),
    newpath: text(3),
    $olddir: dirPath(0, 1),
    $newdir: dirPath(2, 3),
  }),
  call('renameat2', 316, {
    res: ret,
    olddirfd: s32(0),
    oldpath: text(1),
    newdirfd: s32(2),
    newpath: text(3),
    flags: u32(4),
    $olddir: dirPath(0, 1),
    $newdir: dirPath(2, 3),
  }),
  call('unlink', 87, {res: ret, path: text(0)}),
  call('unlinkat', 263, {
    res: ret,
    dirfd: s32(0),
    name: text(1),
    flags: u32(2),
    $dir: dirPath(0, 1),
  }),
  call('chmod', 90, {res: ret, filename: text(0), mode: u32(1)}),
  call('fchmod', 91, {res: ret, fd: s32(0), mode: u32(1), ...realFile(0)}, realOptions),
  call('fchmodat', 268, {
    res: ret,
    dirfd: s32(0),
    filename: text(1),
    mode: u32(2),
    $dir: dirPath(0, 1),
  }),
  call('fchown', 93, {res: ret, fd: s32(0), uid: u32(1), gid: u32(2), ...realFile(0)}, realOptions),
  call('chown', 92, {res: ret, path: text(0), uid: u32(1), gid: u32(2)}),
  call('lchown', 94, {res: ret, path: text(0), uid: u32(1), gid: u32(2)}),
  call('fchownat', 260, {
    res: ret,
    dirfd: s32(0),
    pathname: text(1),
    uid: u32(2),
    gid: u32(3),
    flags: u32(4),
    $dir: dirPath(0, 1),
  }),
  call('rmdir', 84, {res: ret, path: text(0)}),
  call('mkdir', 83, {res: ret, path: text(0), mode: u32(1)}),
  call('mkdirat', 258, {res: ret, dirfd: s32(0), path: text(1), mode: u32(2), $dir: dirPath(0, 1)}),
  call('mknod', 133, {res: ret, path: text(0), mode: u32(1), dev: u32(2)}),
  call('mknodat', 259, {
    res: ret,
    dirfd: s32(0),
    path: text(1),
    mode: u32(2),
    dev: u32(3),
    $dir: dirPath(0, 1),
  }),
  call('link', 86, {res: ret, oldpath: text(0), newpath: text(1)}),
  call('linkat', 265, {
    res: ret,
    olddir: s32(0),
    oldpath: text(1),
    newdir: s32(2),
    newpath: text(3),
    flags: u32(4),
    $olddir: dirPath(0, 1),
    $newdir: dirPath(2, 3),
  }),
  call('symlink', 88, {res: ret, target: text(0), linkpath: text(1)}),
  call('symlinkat', 266, {
    res: ret,
    target: text(0),
    linkdirfd: s32(1),
    linkpath: text(2),
    $dir: dirPath(1, 2),
  }),
]
