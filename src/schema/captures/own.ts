import type {CaptureDef, Source} from '../capture.ts'
import {bytes, madePart, member, struct64, wide} from './call-rows.ts'
import {
  call,
  dirPath,
  forDescriptors,
  realFile,
  realOnDemand,
  ret,
  SNAP_LENGTH,
  s32,
  text,
  u32,
  u64,
} from './rows.ts'

/** Longest name of an extended attribute with its closing NUL (linux v6.8 include/uapi/linux/limits.h, XATTR_NAME_MAX). */
const XATTR_NAME_MAX = 256
/** Calls of the 32-bit table that pass the length in one register: truncate, ftruncate. */
const NARROW = [92, 93]

const below: CaptureDef['values'] = {dirfd: s32(0), path: text(1), $dir: dirPath(0, 1)}
const name = (index: number): Source => ({from: 'text', index, max: XATTR_NAME_MAX})
const valueOnDemand = {onDemand: ['value']}
const realWanted = {onDemand: realOnDemand}

/** System calls whose events are our own (`events-own.ts`). */
export const OWN_CAPTURES: readonly CaptureDef[] = [
  call('fchmodat2', 452, {res: ret, ...below, mode: u32(2), flags: u32(3)}),
  call('utimensat', 280, {res: ret, ...below, ...times('timespec', 2), flags: u32(3)}),
  call('futimesat', 261, {res: ret, ...below, ...times('timeval', 2)}),
  call('utimes', 235, {res: ret, path: text(0), ...times('timeval', 1)}),
  call('utime', 132, {res: ret, path: text(0), ...times('utimbuf', 1)}),
  call('setxattr', 188, {res: ret, path: text(0), ...attribute()}, valueOnDemand),
  call('lsetxattr', 189, {res: ret, path: text(0), ...attribute()}, valueOnDemand),
  call(
    'fsetxattr',
    190,
    {res: ret, fd: s32(0), ...attribute(), ...realFile(0)},
    {onDemand: [...valueOnDemand.onDemand, ...realOnDemand]},
  ),
  call('setxattrat', 463, {
    res: ret,
    ...below,
    at_flags: u32(2),
    name: name(3),
    // struct xattr_args (linux v6.13 include/uapi/linux/xattr.h).
    size: member(4, 8, 'u32'),
    flags: member(4, 12, 'u32'),
  }),
  call('removexattr', 197, {res: ret, path: text(0), name: name(1)}),
  call('lremovexattr', 198, {res: ret, path: text(0), name: name(1)}),
  call('fremovexattr', 199, {res: ret, fd: s32(0), name: name(1), ...realFile(0)}, realWanted),
  call('removexattrat', 466, {res: ret, ...below, at_flags: u32(2), name: name(3)}),
  call('truncate', 76, {res: ret, path: text(0), length: wide(1, 1, NARROW)}),
  call(
    'ftruncate',
    77,
    {res: ret, fd: s32(0), length: wide(1, 1, NARROW), ...realFile(0)},
    realWanted,
  ),
  call(
    'fallocate',
    285,
    {res: ret, fd: s32(0), mode: u32(1), offset: wide(2, 2), len: wide(3, 4), ...realFile(0)},
    realWanted,
  ),
  call('move_mount', 429, {
    res: ret,
    from_dirfd: s32(0),
    from_pathname: text(1),
    to_dirfd: s32(2),
    to_pathname: text(3),
    flags: u32(4),
    $olddir: dirPath(0, 1),
    $newdir: dirPath(2, 3),
  }),
  call('mount_setattr', 442, {
    res: ret,
    ...below,
    flags: u32(2),
    // struct mount_attr (linux v6.8 include/uapi/linux/mount.h).
    attr_set: member(3, 0),
    attr_clr: member(3, 8),
    propagation: member(3, 16),
    userns_fd: member(3, 24),
    size: u64(4),
  }),
  call('open_tree', 428, {res: ret, ...below, flags: u32(2)}, forDescriptors),
  call('fsopen', 430, {res: ret, fsname: text(0), flags: u32(1)}, forDescriptors),
  call('fsmount', 432, {res: ret, fsfd: s32(0), flags: u32(1), attr_flags: u32(2)}, forDescriptors),
  call('fspick', 433, {res: ret, ...below, flags: u32(2)}, forDescriptors),
  call('pivot_root', 155, {res: ret, new_root: text(0), put_old: text(1)}),
  call('kexec_load', 246, {res: ret, entry: u64(0), nr_segments: u64(1), flags: u32(3)}),
  call('kexec_file_load', 320, {
    res: ret,
    kernel_fd: s32(0),
    initrd_fd: s32(1),
    cmdline: text(3),
    flags: u32(4),
  }),
  call('add_key', 248, {
    res: ret,
    type: text(0),
    description: text(1),
    plen: u64(3),
    keyring: s32(4),
  }),
  call('request_key', 249, {
    res: ret,
    type: text(0),
    description: text(1),
    callout_info: text(2),
    dest_keyring: s32(3),
  }),
  call('memfd_secret', 447, {res: ret, flags: u32(0)}, forDescriptors),
]

/** An attribute that is set: its name, the beginning of its value, its size. */
function attribute(): CaptureDef['values'] {
  return {
    name: name(1),
    value: bytes({index: 2}, {index: 3}, SNAP_LENGTH),
    size: u64(3),
    flags: u32(4),
  }
}

/** Access and change time of a file, in a structure that an argument points to. */
function times(structure: 'timespec' | 'timeval' | 'utimbuf', index: number): CaptureDef['values'] {
  return {
    $times: struct64(index, structure === 'utimbuf' ? 16 : 32),
    atime: madePart('time', `${structure}.0`, '$times'),
    mtime: madePart('time', `${structure}.1`, '$times'),
  }
}
