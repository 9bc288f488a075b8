import {type EventPair, type ParamRow, pair} from '../event-pair.ts'

/** The code of the exit event that stands for every system call without one of its own. */
const GENERIC_EXIT = 1
const HEX = {format: 'hex'} as const

const fd: ParamRow = ['fd', 'fd']
const path: ParamRow = ['path', 'fspath']
const flags = (table: string): ParamRow => ['flags', 'flags32', {...HEX, table}]
/** A directory descriptor and a path that is relative to it; the descriptor is parameter number `at`. */
const pathBelow = (at: number): ParamRow[] => [['dirfd', 'fd'], ['path', 'fsrelpath', {relativeTo: at}]]
const times: ParamRow[] = [['atime', 'abstime'], ['mtime', 'abstime']]

function own(name: string, category: string, result: string, params: readonly ParamRow[], marks: readonly string[] = []): EventPair {
  const enumName = `OWN_SYSCALL_${name.toUpperCase()}_X`
  return pair(name, category, 'syscall', 'own', undefined, [GENERIC_EXIT, enumName, marks, [['res', result], ...params]])
}

const USES_FD = ['uses_fd']
const CREATES_FD = ['creates_fd']

/**
 * Events of system calls that captures know only as the generic event: our live sensor gives them a name and parameters. Rules
 * name them by `evt.type` as before; their code is the generic event's. Parameters are named as in the manual pages.
 */
export const OWN_EVENTS: readonly EventPair[] = [
  own('fchmodat2', 'file', 'errno', [...pathBelow(1), ['mode', 'mode', {format: 'oct', table: 'chmod_mode'}], flags('at_flags')], USES_FD),
  own('utimensat', 'file', 'errno', [...pathBelow(1), ...times, flags('at_flags')], USES_FD),
  own('futimesat', 'file', 'errno', [...pathBelow(1), ...times], USES_FD),
  own('utimes', 'file', 'errno', [path, ...times]),
  own('utime', 'file', 'errno', [path, ...times]),
  own('setxattr', 'file', 'errno', [path, ['name', 'charbuf'], ['value', 'bytebuf'], ['size', 'uint64'], flags('xattr_flags')]),
  own('lsetxattr', 'file', 'errno', [path, ['name', 'charbuf'], ['value', 'bytebuf'], ['size', 'uint64'], flags('xattr_flags')]),
  own('fsetxattr', 'file', 'errno', [fd, ['name', 'charbuf'], ['value', 'bytebuf'], ['size', 'uint64'], flags('xattr_flags')], USES_FD),
  own('setxattrat', 'file', 'errno', [...pathBelow(1), ['at_flags', 'flags32', {...HEX, table: 'at_flags'}], ['name', 'charbuf'], ['size', 'uint32'], flags('xattr_flags')], USES_FD),
  own('removexattr', 'file', 'errno', [path, ['name', 'charbuf']]),
  own('lremovexattr', 'file', 'errno', [path, ['name', 'charbuf']]),
  own('fremovexattr', 'file', 'errno', [fd, ['name', 'charbuf']], USES_FD),
  own('removexattrat', 'file', 'errno', [...pathBelow(1), ['at_flags', 'flags32', {...HEX, table: 'at_flags'}], ['name', 'charbuf']], USES_FD),
  own('truncate', 'file', 'errno', [path, ['length', 'int64']]),
  own('ftruncate', 'file', 'errno', [fd, ['length', 'int64']], USES_FD),
  own('fallocate', 'file', 'errno', [fd, ['mode', 'flags32', {...HEX, table: 'fallocate_flags'}], ['offset', 'int64'], ['len', 'int64']], USES_FD),
  own('move_mount', 'file', 'errno', [['from_dirfd', 'fd'], ['from_pathname', 'fsrelpath', {relativeTo: 1}], ['to_dirfd', 'fd'], ['to_pathname', 'fsrelpath', {relativeTo: 3}], flags('move_mount_flags')]),
  own('mount_setattr', 'file', 'errno', [...pathBelow(1), flags('at_flags'), ['attr_set', 'flags32', {...HEX, table: 'mount_attributes'}], ['attr_clr', 'flags32', {...HEX, table: 'mount_attributes'}], ['propagation', 'flags32', {...HEX, table: 'mount_flags'}], ['userns_fd', 'fd'], ['size', 'uint64']], USES_FD),
  own('open_tree', 'file', 'fd', [...pathBelow(1), flags('open_tree_flags')], CREATES_FD),
  own('fsopen', 'file', 'fd', [['fsname', 'charbuf'], flags('fsopen_flags')], CREATES_FD),
  own('fsmount', 'file', 'fd', [['fsfd', 'fd'], flags('fsmount_flags'), ['attr_flags', 'flags32', {...HEX, table: 'mount_attributes'}]], CREATES_FD),
  own('fspick', 'file', 'fd', [...pathBelow(1), flags('fspick_flags')], CREATES_FD),
  own('pivot_root', 'file', 'errno', [['new_root', 'fspath'], ['put_old', 'fspath']]),
  own('kexec_load', 'system', 'errno', [['entry', 'uint64', HEX], ['nr_segments', 'uint64'], flags('kexec_load_flags')]),
  own('kexec_file_load', 'system', 'errno', [['kernel_fd', 'fd'], ['initrd_fd', 'fd'], ['cmdline', 'charbuf'], flags('kexec_file_flags')]),
  own('add_key', 'other', 'errno', [['type', 'charbuf'], ['description', 'charbuf'], ['plen', 'uint64'], ['keyring', 'int32']]),
  own('request_key', 'other', 'errno', [['type', 'charbuf'], ['description', 'charbuf'], ['callout_info', 'charbuf'], ['dest_keyring', 'int32']]),
  own('memfd_secret', 'memory', 'fd', [flags('file_flags')], CREATES_FD),
]
