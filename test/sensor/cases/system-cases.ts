import type {CallCase} from '../../support/call-cases.ts'

const ENOENT = -2
const ESRCH = -3
const EBADF = -9
const ENODEV = -19
const EINVAL = -22
const ENOKEY = -126
const BAD_FD = 999
/** Address and memory of a process, which differ from run to run. */
const MEMORY = {vm_size: '*', vm_rss: '*', vm_swap: 0, addr: '*'} as const
const NO_QUOTA = {
  dqb_bhardlimit: 0,
  dqb_bsoftlimit: 0,
  dqb_curspace: 0,
  dqb_ihardlimit: 0,
  dqb_isoftlimit: 0,
  dqb_btime: 0,
  dqb_itime: 0,
  dqi_bgrace: 0,
  dqi_igrace: 0,
  dqi_flags: 0,
} as const

/** What `system.c` does. `'*'` stands for results that depend on what the kernel was built with. */
export const SYSTEM_CASES: readonly CallCase[] = [
  {kind: 'init_module', want: {res: '*', img: 'no module', length: 9, uargs: 'init-args'}},
  {
    kind: 'finit_module',
    want: {res: '*', fd: BAD_FD, uargs: 'finit-args', flags: 'MODULE_INIT_IGNORE_MODVERSIONS'},
  },
  {kind: 'delete_module', want: {res: '*', name: 'no-such-module', flags: 'O_NONBLOCK'}},
  // The old mark in the upper half of the flags is left out.
  {
    kind: 'mount',
    want: {
      res: ENOENT,
      dev: 'mount-dev',
      dir: '/no-such-folder',
      type: 'mount-type',
      flags: 'RDONLY|BIND',
    },
  },
  {kind: 'umount2', want: {res: ENOENT, name: '/no-such-folder', flags: 'DETACH'}},
  {
    kind: 'fsconfig',
    want: {
      res: EBADF,
      fd: BAD_FD,
      cmd: 'FSCONFIG_SET_STRING',
      key: 'source',
      value_bytebuf: null,
      value_charbuf: null,
      aux: 0,
    },
  },
  {
    kind: 'fsconfig',
    want: {
      res: 0,
      fd: '*',
      cmd: 'FSCONFIG_SET_STRING',
      key: 'source',
      value_bytebuf: null,
      value_charbuf: 'value',
      aux: 0,
    },
  },
  {
    kind: 'quotactl',
    want: {
      res: '*',
      special: '/no-such-device',
      quotafilepath: 'quota-file',
      ...NO_QUOTA,
      quota_fmt_out: 'QFMT_NOT_USED',
      cmd: 'Q_QUOTAON',
      type: 'USRQUOTA',
      id: 0,
      quota_fmt: 'QFMT_VFS_V0',
    },
  },
  {
    kind: 'quotactl',
    want: {
      res: '*',
      special: '/no-such-device',
      quotafilepath: null,
      ...NO_QUOTA,
      dqb_bhardlimit: 11,
      dqb_bsoftlimit: 12,
      dqb_curspace: 0,
      dqb_itime: 17,
      quota_fmt_out: 'QFMT_NOT_USED',
      cmd: 'Q_SETQUOTA',
      type: 'GRPQUOTA',
      id: 5,
      quota_fmt: 'QFMT_NOT_USED',
    },
  },
  {kind: 'bpf', want: {fd: '*', cmd: 'BPF_PROG_LOAD'}},
  {kind: 'seccomp', want: {res: EINVAL, op: 9, flags: 3}},
  {
    kind: 'keyctl',
    want: {
      res: '*',
      operation: 'KEYCTL_SEARCH',
      arg2: '-3',
      arg3: 'user',
      arg4: 'no-such-key',
      arg5: '0',
    },
  },
  {
    kind: 'keyctl',
    want: {
      res: '*',
      operation: 'KEYCTL_REVOKE',
      arg2: String(0x7fff_fff0),
      arg3: '0',
      arg4: '0',
      arg5: '0',
    },
  },
  {
    kind: 'ptrace',
    want: {res: 0, addr: '*', data: '1122334455667788', request: 'PTRACE_PEEKDATA', pid: '*'},
  },
  {kind: 'ptrace', want: {res: 0, addr: '*', data: '99', request: 'PTRACE_POKEDATA', pid: '*'}},
  {kind: 'ptrace', want: {res: ESRCH, addr: '0', data: '0', request: 'PTRACE_POKEDATA', pid: -1}},
  {kind: 'ptrace', want: {res: 0, addr: '0', data: 'SIGUSR1', request: 'PTRACE_CONT', pid: '*'}},
  {kind: 'process_vm_readv', want: {res: 7, pid: '{pid}', data: 'far dat'}},
  {kind: 'process_vm_writev', want: {res: 7, pid: '{pid}', data: 'far dat'}},
  {
    kind: 'mmap',
    want: {
      res: '*',
      ...MEMORY,
      length: 4096,
      prot: 'PROT_READ',
      flags: 'MAP_PRIVATE|MAP_ANONYMOUS',
      fd: -1,
      offset: 0,
    },
  },
  {kind: 'munmap', want: {res: 0, ...MEMORY, length: 4096}},
  {kind: 'mprotect', want: {res: 0, addr: '*', length: 4096, prot: 'PROT_READ|PROT_EXEC'}},
  {kind: 'mlock', want: {res: 0, addr: '*', len: 4096}},
  {kind: 'mlock2', want: {res: 0, addr: '*', len: 4096, flags: 'MLOCK_ONFAULT'}},
  {kind: 'munlock', want: {res: 0, addr: '*', len: 4096}},
  {kind: 'mlockall', want: {res: EINVAL, flags: 0}},
  {kind: 'munlockall', want: {res: 0}},
  {
    kind: 'semop',
    want: {
      res: 0,
      nsops: 2,
      sem_num_0: 0,
      sem_op_0: 1,
      sem_flg_0: 'IPC_NOWAIT',
      sem_num_1: 1,
      sem_op_1: -2,
      sem_flg_1: 'SEM_UNDO',
      semid: '*',
    },
  },
  {
    kind: 'semop',
    want: {
      res: 0,
      nsops: 1,
      sem_num_0: 0,
      sem_op_0: 1,
      sem_flg_0: 'IPC_NOWAIT',
      sem_num_1: 0,
      sem_op_1: 0,
      sem_flg_1: 0,
      semid: '*',
    },
  },
  {kind: 'semctl', want: {res: 0, semid: '*', semnum: 1, cmd: 'SETVAL', val: 3}},
  {kind: 'semctl', want: {res: 0, semid: '*', semnum: 0, cmd: 'IPC_RMID', val: 0}},
]

/** What `system.c` does of which the events are our own. */
export const OWN_CASES: readonly CallCase[] = [
  {
    kind: 'fchmodat2',
    want: {
      res: '*',
      dirfd: 3,
      path: 'file',
      mode: 'S_IRGRP|S_IWUSR|S_IRUSR',
      flags: 'AT_SYMLINK_NOFOLLOW',
    },
  },
  {
    kind: 'utimensat',
    want: {
      res: 0,
      dirfd: 3,
      path: 'file',
      atime: 1_000_000_001_000_000_005n,
      mtime: null,
      flags: 'AT_SYMLINK_NOFOLLOW',
    },
  },
  {
    kind: 'futimesat',
    want: {
      res: 0,
      dirfd: 3,
      path: 'file',
      atime: 1_000_000_002_000_006_000n,
      mtime: 1_000_000_003_000_007_000n,
    },
  },
  {
    kind: 'utimes',
    want: {
      res: 0,
      path: 'file',
      atime: 1_000_000_002_000_006_000n,
      mtime: 1_000_000_003_000_007_000n,
    },
  },
  {kind: 'utimes', want: {res: 0, path: 'file', atime: null, mtime: null}},
  {
    kind: 'utime',
    want: {
      res: 0,
      path: 'file',
      atime: 1_000_000_004_000_000_000n,
      mtime: 1_000_000_005_000_000_000n,
    },
  },
  {
    kind: 'setxattr',
    want: {
      res: ENOENT,
      path: 'no-such-file',
      name: 'user.name',
      value: 'value',
      size: 5,
      flags: 'XATTR_CREATE',
    },
  },
  {
    kind: 'lsetxattr',
    want: {
      res: ENOENT,
      path: 'no-such-file',
      name: 'user.name',
      value: 'value',
      size: 5,
      flags: 'XATTR_REPLACE',
    },
  },
  {
    kind: 'fsetxattr',
    want: {res: EBADF, fd: BAD_FD, name: 'user.name', value: 'value', size: 5, flags: 0},
  },
  {
    kind: 'setxattrat',
    want: {
      res: '*',
      dirfd: 3,
      path: 'no-such-file',
      at_flags: 'AT_SYMLINK_NOFOLLOW',
      name: 'user.name',
      size: 6,
      flags: 'XATTR_CREATE',
    },
  },
  {kind: 'removexattr', want: {res: ENOENT, path: 'no-such-file', name: 'user.name'}},
  {kind: 'lremovexattr', want: {res: ENOENT, path: 'no-such-file', name: 'user.name'}},
  {kind: 'fremovexattr', want: {res: EBADF, fd: BAD_FD, name: 'user.name'}},
  {
    kind: 'removexattrat',
    want: {
      res: '*',
      dirfd: 3,
      path: 'no-such-file',
      at_flags: 'AT_SYMLINK_NOFOLLOW',
      name: 'user.name',
    },
  },
  {kind: 'truncate', want: {res: 0, path: 'file', length: 0x1_0000_0003}},
  {kind: 'ftruncate', want: {res: 0, fd: 4, length: 4}},
  {
    kind: 'fallocate',
    want: {res: EBADF, fd: BAD_FD, mode: 'FALLOC_FL_KEEP_SIZE', offset: 5, len: 6},
  },
  {
    kind: 'move_mount',
    want: {
      res: EBADF,
      from_dirfd: BAD_FD,
      from_pathname: 'from',
      to_dirfd: BAD_FD,
      to_pathname: 'to',
      flags: 'MOVE_MOUNT_F_EMPTY_PATH',
    },
  },
  {
    kind: 'mount_setattr',
    want: {
      res: ENOENT,
      dirfd: 3,
      path: 'no-such-file',
      flags: 'AT_RECURSIVE',
      attr_set: 'MOUNT_ATTR_RDONLY',
      attr_clr: 'MOUNT_ATTR_NOSUID',
      propagation: 'PRIVATE',
      userns_fd: 9,
      size: 32,
    },
  },
  {
    kind: 'open_tree',
    want: {res: ENOENT, dirfd: 3, path: 'no-such-file', flags: 'OPEN_TREE_CLONE'},
  },
  {kind: 'fsopen', want: {res: ENODEV, fsname: 'no-such-fs', flags: 'FSOPEN_CLOEXEC'}},
  {
    kind: 'fsmount',
    want: {res: EBADF, fsfd: BAD_FD, flags: 'FSMOUNT_CLOEXEC', attr_flags: 'MOUNT_ATTR_NOEXEC'},
  },
  {
    kind: 'fspick',
    want: {res: ENOENT, dirfd: 3, path: 'no-such-file', flags: 'FSPICK_SYMLINK_NOFOLLOW'},
  },
  {kind: 'pivot_root', want: {res: ENOENT, new_root: 'no-such-root', put_old: 'no-such-old'}},
  {
    kind: 'kexec_load',
    want: {res: '*', entry: 1, nr_segments: 99, flags: 'KEXEC_ON_CRASH'},
  },
  {
    kind: 'kexec_file_load',
    want: {
      res: '*',
      kernel_fd: BAD_FD,
      initrd_fd: BAD_FD,
      cmdline: 'cmd',
      flags: 'KEXEC_FILE_ON_CRASH',
    },
  },
  {
    kind: 'add_key',
    want: {res: '*', type: 'no-such-type', description: 'key-name', plen: 6, keyring: -3},
  },
  {
    kind: 'request_key',
    want: {
      res: ENOKEY,
      type: 'no-such-type',
      description: 'key-name',
      callout_info: 'callout',
      dest_keyring: -3,
    },
  },
  {kind: 'memfd_secret', want: {res: '*', flags: 'O_CLOEXEC'}},
]
