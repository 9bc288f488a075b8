import type {CallCase} from '../../support/call-cases.ts'

const EBADF = -9
const EACCES = -13
const EFAULT = -14
const EINVAL = -22
const ENOENT = -2
const ERANGE = -34
const BAD_FD = 999
/** SIGUSR1 in a set of signals. */
const USR1 = 1 << 9

/** What `descriptors.c` does. */
export const DESCRIPTOR_CASES: readonly CallCase[] = [
  {kind: 'pipe', want: {res: 0, fd1: 4, fd2: 5, ino: '*'}},
  {kind: 'pipe', want: {res: EFAULT, fd1: -1, fd2: -1, ino: 0}},
  {kind: 'pipe2', want: {res: 0, fd1: 6, fd2: 7, ino: '*', flags: 'O_NONBLOCK|O_CLOEXEC'}},
  {kind: 'eventfd', want: {res: 8, initval: 7, flags: 0}},
  {kind: 'eventfd2', want: {res: 9, flags: 'O_CLOEXEC', initval: 8}},
  {kind: 'epoll_create', want: {res: 10, size: 5}},
  {kind: 'epoll_create1', want: {res: 11, flags: 'EPOLL_CLOEXEC'}},
  {kind: 'timerfd_create', want: {res: 12, clockid: 1, flags: 0}},
  {kind: 'signalfd', want: {res: 13, fd: -1, mask: USR1, flags: 0}},
  {kind: 'signalfd4', want: {res: 14, flags: 'O_NONBLOCK', fd: -1, mask: USR1}},
  {kind: 'inotify_init', want: {res: 15, flags: 0}},
  {kind: 'inotify_init1', want: {res: 16, flags: 'O_CLOEXEC'}},
  {kind: 'userfaultfd', want: {res: EINVAL, flags: '*'}},
  {
    kind: 'memfd_create',
    want: {fd: 17, name: 'memory-name', flags: 'MFD_CLOEXEC|MFD_ALLOW_SEALING'},
  },
  {kind: 'pidfd_open', want: {fd: 18, pid: '{pid}', flags: 0}},
  {kind: 'pidfd_getfd', want: {fd: EBADF, pid_fd: BAD_FD, target_fd: 3, flags: 0}},
  {
    kind: 'io_uring_setup',
    want: {
      res: EINVAL,
      entries: 0,
      sq_entries: 0,
      cq_entries: 16,
      flags: 'IORING_SETUP_CQSIZE',
      sq_thread_cpu: 1,
      sq_thread_idle: 2,
      features: 0,
    },
  },
  {
    kind: 'io_uring_enter',
    want: {
      res: EBADF,
      fd: BAD_FD,
      to_submit: 1,
      min_complete: 2,
      flags: 'IORING_ENTER_GETEVENTS',
      sig: USR1,
    },
  },
  {
    kind: 'io_uring_register',
    want: {res: EBADF, fd: BAD_FD, opcode: 'IORING_UNREGISTER_BUFFERS', arg: 0, nr_args: 3},
  },

  {kind: 'write', want: {res: EBADF, data: 'not written', fd: BAD_FD, size: 11}},
  {kind: 'write', want: {res: 10, data: '0123456789', fd: 3, size: 10}},
  {
    kind: 'pwrite64',
    event: 'pwrite',
    want: {res: 3, data: 'abc', fd: 3, size: 3, pos: 0x1_0000_0002},
  },
  // The data of the first four of five buffers.
  {kind: 'writev', want: {res: 19, data: 'onetwothreefour', fd: 3, size: 19}},
  {kind: 'writev', want: {res: EFAULT, data: null, fd: 3, size: 0}},
  {kind: 'pwritev', want: {res: 6, data: 'onetwo', fd: 3, size: 6, pos: 1}},
  {kind: 'read', want: {res: 4, data: '0one', fd: 3, size: 4}},
  {kind: 'pread64', event: 'pread', want: {res: 3, data: 'one', fd: 3, size: 3, pos: 1}},
  {kind: 'readv', want: {res: 25, size: 25, data: 'two789onetwothreefourfive', fd: 3}},
  {kind: 'readv', want: {res: EBADF, size: 0, data: null, fd: BAD_FD}},
  {kind: 'preadv', want: {res: 27, size: 27, data: 'netwo789onetwothreefourfive', fd: 3, pos: 2}},
  {kind: 'sendfile', want: {res: 3, offset: 7, out_fd: 5, in_fd: 3, size: 3}},
  {kind: 'splice', want: {res: 2, fd_in: 4, fd_out: 7, size: 2, flags: 'SPLICE_F_MOVE'}},
  {kind: 'copy_file_range', want: {res: 4, fdout: 3, offout: 104, fdin: 3, offin: 5, len: 4}},
  {kind: 'ioctl', want: {res: EBADF, fd: BAD_FD, request: 0x5413, argument: 77}},
  {kind: 'fcntl', want: {res: 200, fd: 3, cmd: 'F_DUPFD', arg: 200}},
  {kind: 'dup', want: {res: 19, oldfd: 3}},
  {kind: 'close_range', want: {res: 0, first: 900, last: 901, flags: 'CLOSE_RANGE_CLOEXEC'}},

  {kind: 'stat', want: {res: 0, path: 'data'}},
  {kind: 'lstat', want: {res: ENOENT, path: 'no-such-name'}},
  {kind: 'fstat', want: {res: 0, fd: 3}},
  {
    kind: 'newfstatat',
    want: {res: 0, dirfd: -100, path: 'data', flags: 'AT_SYMLINK_NOFOLLOW'},
  },
  {kind: 'access', want: {res: EACCES, name: 'data', mode: 'R_OK|X_OK'}},
  {kind: 'getcwd', want: {res: '*', path: '{folder}'}},
  {kind: 'getcwd', want: {res: ERANGE, path: null}},
  {kind: 'getdents', want: {res: EBADF, fd: BAD_FD}},
  {kind: 'getdents64', want: {res: EBADF, fd: BAD_FD}},
  {kind: 'flock', want: {res: 0, fd: 3, operation: 'LOCK_EX|LOCK_NB'}},
  {kind: 'lseek', want: {res: '*', fd: 3, offset: 5, whence: 'SEEK_CUR'}},
  {kind: 'getuid', want: {uid: 0}},
  {kind: 'geteuid', want: {euid: 0}},
  {kind: 'getgid', want: {gid: 0}},
  {kind: 'getegid', want: {egid: 0}},
  {kind: 'getresuid', want: {res: 0, ruid: 0, euid: 0, suid: 0}},
  {kind: 'getresgid', want: {res: 0, rgid: 0, egid: 0, sgid: 0}},
  {kind: 'getrlimit', want: {res: 0, cur: 0, max: 7, resource: 'RLIMIT_CORE'}},
  {kind: 'getrlimit', want: {res: EINVAL, cur: -1, max: -1, resource: 'RLIMIT_UNKNOWN'}},
  {kind: 'semget', want: {res: EINVAL, key: 0x1234, nsems: 0, semflg: 'IPC_CREAT'}},
]
