import type {FlagTable} from '../flag-table.ts'

/** Names of flag and enumeration values of the events that only this sensor has; the numbers are the kernel's own. */
export const OWN_FLAG_TABLES = {
  at_flags: {kind: 'bits', values: [['AT_SYMLINK_NOFOLLOW', 0x100], ['AT_SYMLINK_FOLLOW', 0x400], ['AT_NO_AUTOMOUNT', 0x800], ['AT_EMPTY_PATH', 0x1000], ['AT_RECURSIVE', 0x8000]]},
  xattr_flags: {kind: 'bits', values: [['XATTR_CREATE', 1], ['XATTR_REPLACE', 2]]},
  fallocate_flags: {kind: 'bits', values: [['FALLOC_FL_KEEP_SIZE', 1], ['FALLOC_FL_PUNCH_HOLE', 2], ['FALLOC_FL_NO_HIDE_STALE', 4], ['FALLOC_FL_COLLAPSE_RANGE', 8], ['FALLOC_FL_ZERO_RANGE', 16], ['FALLOC_FL_INSERT_RANGE', 32], ['FALLOC_FL_UNSHARE_RANGE', 64], ['FALLOC_FL_WRITE_ZEROES', 128]]},
  move_mount_flags: {kind: 'bits', values: [['MOVE_MOUNT_F_SYMLINKS', 1], ['MOVE_MOUNT_F_AUTOMOUNTS', 2], ['MOVE_MOUNT_F_EMPTY_PATH', 4], ['MOVE_MOUNT_T_SYMLINKS', 0x10], ['MOVE_MOUNT_T_AUTOMOUNTS', 0x20], ['MOVE_MOUNT_T_EMPTY_PATH', 0x40], ['MOVE_MOUNT_SET_GROUP', 0x100], ['MOVE_MOUNT_BENEATH', 0x200]]},
  mount_attributes: {kind: 'bits', values: [['MOUNT_ATTR_RDONLY', 1], ['MOUNT_ATTR_NOSUID', 2], ['MOUNT_ATTR_NODEV', 4], ['MOUNT_ATTR_NOEXEC', 8], ['MOUNT_ATTR_NOATIME', 0x10], ['MOUNT_ATTR_STRICTATIME', 0x20], ['MOUNT_ATTR_NODIRATIME', 0x80], ['MOUNT_ATTR_IDMAP', 0x100000], ['MOUNT_ATTR_NOSYMFOLLOW', 0x200000]]},
  open_tree_flags: {kind: 'bits', values: [['OPEN_TREE_CLONE', 1], ['AT_SYMLINK_NOFOLLOW', 0x100], ['AT_NO_AUTOMOUNT', 0x800], ['AT_EMPTY_PATH', 0x1000], ['AT_RECURSIVE', 0x8000], ['OPEN_TREE_CLOEXEC', 0x80000]]},
  fsopen_flags: {kind: 'bits', values: [['FSOPEN_CLOEXEC', 1]]},
  fsmount_flags: {kind: 'bits', values: [['FSMOUNT_CLOEXEC', 1]]},
  fspick_flags: {kind: 'bits', values: [['FSPICK_CLOEXEC', 1], ['FSPICK_SYMLINK_NOFOLLOW', 2], ['FSPICK_NO_AUTOMOUNT', 4], ['FSPICK_EMPTY_PATH', 8]]},
  kexec_load_flags: {kind: 'bits', values: [['KEXEC_ON_CRASH', 1], ['KEXEC_PRESERVE_CONTEXT', 2], ['KEXEC_UPDATE_ELFCOREHDR', 4], ['KEXEC_CRASH_HOTPLUG_SUPPORT', 8]]},
  kexec_file_flags: {kind: 'bits', values: [['KEXEC_FILE_UNLOAD', 1], ['KEXEC_FILE_ON_CRASH', 2], ['KEXEC_FILE_NO_INITRAMFS', 4], ['KEXEC_FILE_DEBUG', 8]]},
} as const satisfies Record<string, FlagTable>
