/**
 * Bytes of the records in which the kernel iterators tell what already runs. Little-endian, one behind the other.
 *
 *     | size: u32 | kind: u32 | numbers: 8 bytes each | variable slots: 8 bytes each | data of the slots |
 *
 *     variable slot:  | offset from the record's start: u32 | length: u16 | flags: u16 (SLOT_FLAG) |
 *
 * Numbers that the running kernel does not have are 0.
 */
import {NAME_MAX, PATH_WALK_MAX} from '../record-layout.ts'

/** Offsets in the head of a record. */
export const START_HEAD = {size: 0, kind: 4, numbers: 8} as const

/** Kinds of records. */
export const START_KIND = {task: 1, file: 2} as const

/** Longest text of a link to an open file, with its closing NUL, in bytes. */
export const LINK_MAX = 4096
/** sizeof(struct sockaddr_un): linux v6.8 include/uapi/linux/un.h. */
export const UNIX_ADDRESS_MAX = 110

/**
 * The two ends of a socket, parts of struct sock in the kernel's own order: IPv4 addresses and the remote port in network
 * order, the local port in host order.
 */
export const SOCKET_ENDS = {
  remote4: 0,
  local4: 4,
  remotePort: 8,
  localPort: 10,
  remote6: 12,
  local6: 28,
  size: 44,
} as const

/** The values of one kind of record. */
export interface StartLayout<N extends string, V extends string> {
  readonly kind: number
  /** Offset of each number. */
  readonly numbers: Readonly<Record<N, number>>
  /** Offset of each variable slot, and the most bytes of its data. */
  readonly slots: Readonly<Record<V, {readonly offset: number; readonly maxBytes: number}>>
  /** Where the data begins. */
  readonly fixedSize: number
  readonly maxSize: number
}

function layoutOf<N extends string, V extends string>(
  kind: number,
  names: readonly N[],
  variable: Readonly<Record<V, number>>,
): StartLayout<N, V> {
  let offset: number = START_HEAD.numbers
  const take = (): number => {
    offset += 8
    return offset - 8
  }
  const numbers = Object.fromEntries(names.map(name => [name, take()]))
  const sizes = Object.entries<number>(variable)
  const slots = Object.fromEntries(
    sizes.map(([name, maxBytes]) => [name, {offset: take(), maxBytes}]),
  )
  return {
    kind,
    numbers: numbers as Record<N, number>,
    slots: slots as Record<V, {offset: number; maxBytes: number}>,
    fixedSize: offset,
    maxSize: offset + sizes.reduce((sum, [, size]) => sum + size, 0),
  }
}

/** A thread. Ids are those of the kernel's first pid namespace, times nanoseconds since boot, memory in pages. */
export const TASK_RECORD = layoutOf(
  START_KIND.task,
  [
    'tid',
    'pid',
    'parentTid',
    'processStart',
    'threadStart',
    'session',
    'group',
    /** Numbers in the innermost pid namespace, that namespace's inode, and when its init started. */
    'innerTid',
    'innerPid',
    'innerGroup',
    'pidNamespace',
    'namespaceStart',
    /** Effective and file system ids. */
    'uid',
    'gid',
    'fsUid',
    'fsGid',
    'loginUid',
    'capInheritable',
    'capPermitted',
    'capEffective',
    'ttyMajor',
    'ttyMinor',
    'ttyIndex',
    /** 1 when its descriptors are those of its process's main thread. */
    'sharesFiles',
    /** Counts the programs that the process has executed. */
    'execId',
    'fdLimit',
    'majorFaults',
    'minorFaults',
    'totalPages',
    'filePages',
    'anonymousPages',
    'swapPages',
    'sharedPages',
    /** The executable: 0 in all when there is none (kernel threads, zombies). */
    'exeInode',
    'exeMode',
    'exeUid',
    'exeGid',
    'exeInodeFlags',
    'exeMountFlags',
    'exeMagic',
    'exeCtimeSec',
    'exeCtimeNsec',
    'exeMtimeSec',
    'exeMtimeNsec',
    /** On overlayfs: inode of the file in the upper layer; 0 when it comes from a lower one. */
    'exeUpperInode',
  ] as const,
  {
    comm: 16,
    /** Names from the file up to the root, NUL between them. */
    exePath: PATH_WALK_MAX + NAME_MAX,
    cwd: PATH_WALK_MAX + NAME_MAX,
    /** In the default hierarchy, names in the same order. */
    cgroup: PATH_WALK_MAX + NAME_MAX,
  },
)

/** An open descriptor of a process, or of a thread that has descriptors of its own. */
export const FILE_RECORD = layoutOf(
  START_KIND.file,
  [
    'tid',
    'pid',
    'fd',
    'mode',
    'inode',
    /** The kernel's own form: major << 20 | minor. */
    'device',
    /** O_ flags without close-on-exec, which stands beside. */
    'flags',
    'closeOnExec',
    /** For sockets: 0 in all otherwise. */
    'family',
    'socketType',
    'protocol',
    'socket',
    'peer',
  ] as const,
  {
    /** As a link in /proc/PID/fd reads. */
    link: LINK_MAX,
    /** {@link SOCKET_ENDS}. */
    ends: SOCKET_ENDS.size,
    /** Address of a unix socket, its family in front. */
    unixAddress: UNIX_ADDRESS_MAX,
  },
)
