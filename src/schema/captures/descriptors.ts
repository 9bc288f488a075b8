import type {CaptureDef} from '../capture.ts'
import {
  after,
  always,
  dataOnDemand,
  member,
  sentData,
  vectorData,
  vectorSize,
  wide,
} from './call-rows.ts'
import {
  call,
  data,
  forDescriptors,
  realFile,
  realOnDemand,
  ret,
  s32,
  text,
  u32,
  u64,
} from './rows.ts'

const dataAndReal = {onDemand: [...dataOnDemand.onDemand, ...realOnDemand]}

/** Descriptors: made, copied, closed, and what goes through them. */
export const DESCRIPTOR_CAPTURES: readonly CaptureDef[] = [
  call('close', 3, {res: ret, fd: s32(0)}, forDescriptors),
  call('close_range', 436, {res: ret, first: u32(0), last: u32(1), flags: u32(2)}, forDescriptors),
  call('dup', 32, {res: ret, oldfd: s32(0)}, forDescriptors),
  call('dup2', 33, {res: ret, oldfd: s32(0), newfd: s32(1)}, forDescriptors),
  call('dup3', 292, {res: ret, oldfd: s32(0), newfd: s32(1), flags: u32(2)}, forDescriptors),
  // F_DUPFD, F_SETFD and F_DUPFD_CLOEXEC are all that descriptors depend on.
  call(
    'fcntl',
    72,
    {res: ret, fd: s32(0), cmd: u32(1), arg: u64(2)},
    {...forDescriptors, onlyArg: {index: 1, values: [0, 2, 1030]}},
  ),
  call('ioctl', 16, {res: ret, fd: s32(0), request: u32(1), argument: u64(2)}),

  call(
    'write',
    1,
    {res: ret, data: sentData(1, 2), fd: s32(0), size: u32(2), ...realFile(0)},
    dataAndReal,
  ),
  call(
    'pwrite64',
    18,
    {
      res: ret,
      data: sentData(1, 2),
      fd: s32(0),
      size: u32(2),
      pos: wide(3, 3),
      ...realFile(0),
    },
    {event: 'pwrite', ...dataAndReal},
  ),
  call(
    'writev',
    20,
    {res: ret, data: vectorData('out', 1), fd: s32(0), size: vectorSize(1), ...realFile(0)},
    dataAndReal,
  ),
  call(
    'pwritev',
    296,
    {
      res: ret,
      data: vectorData('out', 1),
      fd: s32(0),
      size: vectorSize(1),
      pos: wide(3, 3),
      ...realFile(0),
    },
    dataAndReal,
  ),
  call('read', 0, {res: ret, data: data(1), fd: s32(0), size: u32(2)}, dataOnDemand),
  call(
    'pread64',
    17,
    {res: ret, data: data(1), fd: s32(0), size: u32(2), pos: wide(3, 3)},
    {event: 'pread', ...dataOnDemand},
  ),
  call(
    'readv',
    19,
    {res: ret, size: after('positive', ret, 0), data: vectorData('in', 1), fd: s32(0)},
    dataOnDemand,
  ),
  call(
    'preadv',
    295,
    {
      res: ret,
      size: after('positive', ret, 0),
      data: vectorData('in', 1),
      fd: s32(0),
      pos: wide(3, 3),
    },
    dataOnDemand,
  ),
  call('sendfile', 40, {
    res: ret,
    offset: member(2, 0),
    out_fd: s32(0),
    in_fd: s32(1),
    size: u64(3),
  }),
  call('splice', 275, {res: ret, fd_in: s32(0), fd_out: s32(2), size: u64(4), flags: u32(5)}),
  call('copy_file_range', 326, {
    res: ret,
    fdout: s32(2),
    offout: member(3, 0),
    fdin: s32(0),
    offin: member(1, 0),
    len: u64(4),
  }),

  call('pipe', 22, pipe(), forDescriptors),
  call('pipe2', 293, {...pipe(), flags: u32(1)}, forDescriptors),
  call('eventfd', 284, {res: ret, initval: u32(0), flags: always(0)}, forDescriptors),
  call('eventfd2', 290, {res: ret, flags: u32(1), initval: u32(0)}, forDescriptors),
  call('epoll_create', 213, {res: ret, size: s32(0)}, forDescriptors),
  call('epoll_create1', 291, {res: ret, flags: u32(0)}, forDescriptors),
  // The event has 8 bits for flags that begin at the eleventh.
  call('timerfd_create', 283, {res: ret, clockid: u32(0), flags: always(0)}, forDescriptors),
  call(
    'signalfd',
    282,
    {res: ret, fd: s32(0), mask: member(1, 0, 'u32'), flags: always(0)},
    forDescriptors,
  ),
  call(
    'signalfd4',
    289,
    {res: ret, flags: u32(3), fd: s32(0), mask: member(1, 0, 'u32')},
    forDescriptors,
  ),
  call('inotify_init', 253, {res: ret, flags: always(0)}, forDescriptors),
  call('inotify_init1', 294, {res: ret, flags: u32(0)}, forDescriptors),
  call('userfaultfd', 323, {res: ret, flags: u32(0)}, forDescriptors),
  call('memfd_create', 319, {fd: ret, name: text(0), flags: u32(1)}, forDescriptors),
  call('pidfd_open', 434, {fd: ret, pid: s32(0), flags: u32(1)}, forDescriptors),
  call(
    'pidfd_getfd',
    438,
    {fd: ret, pid_fd: s32(0), target_fd: s32(1), flags: u32(2)},
    forDescriptors,
  ),
  call(
    'io_uring_setup',
    425,
    {
      res: ret,
      entries: u32(0),
      // struct io_uring_params (linux v6.8 include/uapi/linux/io_uring.h).
      sq_entries: member(1, 0, 'u32'),
      cq_entries: member(1, 4, 'u32'),
      flags: member(1, 8, 'u32'),
      sq_thread_cpu: member(1, 12, 'u32'),
      sq_thread_idle: member(1, 16, 'u32'),
      features: member(1, 20, 'u32'),
    },
    forDescriptors,
  ),
  call('io_uring_enter', 426, {
    res: ret,
    fd: s32(0),
    to_submit: u32(1),
    min_complete: u32(2),
    flags: u32(3),
    sig: member(4, 0, 'u32'),
  }),
  call('io_uring_register', 427, {
    res: ret,
    fd: s32(0),
    opcode: u32(1),
    arg: u64(2),
    nr_args: u32(3),
  }),
]

/** Both ends of the new pipe and the node that they share. */
function pipe(): CaptureDef['values'] {
  return {
    res: ret,
    fd1: after('done', member(0, 0, 's32'), -1),
    fd2: after('done', member(0, 4, 's32'), -1),
    ino: after('done', {from: 'descriptor', fd: {index: 0, pointer: true}, read: 'inode'}, 0),
  }
}
