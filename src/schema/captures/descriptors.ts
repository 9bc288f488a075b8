import type {CaptureDef} from '../capture.ts'
import {call, data, forDescriptors, ret, s32, text, u32, u64} from './rows.ts'

/** Descriptors: what is done through them, copied, closed. */
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
  call('write', 1, {res: ret, data: data(1), fd: s32(0), size: u32(2)}, {onDemand: ['data']}),
  call(
    'pwrite64',
    18,
    {
      res: ret,
      data: data(1),
      fd: s32(0),
      size: u32(2),
      pos: u64(3),
    },
    {event: 'pwrite', onDemand: ['data']},
  ),
  call('writev', 20, {res: ret, fd: s32(0)}),
  call('read', 0, {res: ret, data: data(1), fd: s32(0), size: u32(2)}, {onDemand: ['data']}),
  call(
    'pread64',
    17,
    {res: ret, data: data(1), fd: s32(0), size: u32(2), pos: u64(3)},
    {event: 'pread', onDemand: ['data']},
  ),
  call('readv', 19, {res: ret, fd: s32(0)}),
  call('memfd_create', 319, {fd: ret, name: text(0), flags: u32(1)}),
  call('pidfd_open', 434, {fd: ret, pid: s32(0), flags: u32(1)}),
  call('pidfd_getfd', 438, {fd: ret, pid_fd: s32(0), target_fd: s32(1), flags: u32(2)}),
]
