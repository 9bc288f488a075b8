import type {CallSource} from './captures/call-sources.ts'

/** The words of the capture table: where a kind of record arises, and where each of its values comes from. */

/** Holds when an argument, as 32 bits, is one of these values. */
export interface ArgumentTest {
  readonly index: number
  readonly values: readonly number[]
}

/**
 * A member of a structure in user memory: 64 bits; `long` is 32 bits at half the offset in a 32-bit call. `missing` is
 * what stands for memory that cannot be read, 0 when left out.
 */
export interface MemberSource {
  readonly from: 'member'
  readonly index: number
  readonly offset: number
  readonly as?: 'u64' | 'long' | 's32' | 'u32' | 'u16' | 's16'
  readonly missing?: number
}

/** An argument register. */
export interface ArgumentSource {
  readonly from: 'arg'
  readonly index: number
  readonly as: 's32' | 'u32' | 'u64' | 's64'
}

/** A number of what a request to a ring asks for: a member of the operation's own structure. */
export interface RequestSource {
  readonly from: 'request'
  readonly struct: string
  readonly path: readonly string[]
  readonly as?: 's32'
}

/** Where one captured value comes from. `index` counts the system call's arguments from 0. */
export type Source =
  /** The call's result, signed 64 bits. */
  | {readonly from: 'ret'}
  /** An argument register. */
  | ArgumentSource
  /** NUL-terminated text in user memory that an argument points to. */
  | {
      readonly from: 'text'
      readonly index: number
      readonly when?: ArgumentTest
      /** Most bytes with the closing NUL, `TEXT_MAX` when left out. */
      readonly max?: number
    }
  /**
   * The first bytes of a user buffer; as many as the call's result says, at most `max`. Where it says none, as many as the
   * argument at `lengthIndex`, if there is one.
   */
  | {
      readonly from: 'buffer'
      readonly index: number
      readonly max: number
      readonly lengthIndex?: number
    }
  /** A member of a structure in user memory. */
  | MemberSource
  /** Texts that an array of pointers in user memory points to, each with its NUL, at most `max` bytes together. */
  | {readonly from: 'texts'; readonly index: number; readonly max: number}
  /** A socket address in user memory with its length in another argument. */
  | {readonly from: 'sockaddr'; readonly index: number; readonly lengthIndex: number}
  /** Messages, vectors of buffers, kernel sockets. */
  | CallSource
  /** The path of the directory descriptor in an argument, when the text at `nameIndex` is a relative name. */
  | {readonly from: 'dirPath'; readonly index: number; readonly nameIndex: number}
  /**
   * A number reached from a kernel object by member names; `[n]` indexes an array member. `missing`, 0 when left out, stands
   * for it where the kernel has no such member.
   */
  | {
      readonly from: 'kernel'
      readonly base: KernelBase
      readonly path: readonly string[]
      readonly missing?: number
    }
  /** A NUL-terminated array of `size` bytes inside a kernel object. */
  | {
      readonly from: 'kernelArray'
      readonly base: KernelBase
      readonly path: readonly string[]
      readonly size: number
    }
  /** Kernel text that a member points to. */
  | {readonly from: 'kernelText'; readonly base: KernelBase; readonly path: readonly string[]}
  /** A `struct path` in a kernel object, as the names from the file up to the root. */
  | {readonly from: 'path'; readonly base: KernelBase; readonly path: readonly string[]}
  /** User memory between two addresses held in the task's memory description, at most `max` bytes. */
  | {readonly from: 'range'; readonly start: string; readonly end: string; readonly max: number}
  /** Whether the new task shares this member (`files`, `fs`) with the one that made it. */
  | {readonly from: 'shares'; readonly member: string}
  /** Device number of the controlling terminal, in the kernel's own form; 0 without one. */
  | {readonly from: 'tty'}
  /** The thread that takes over the children of the exiting one; 0 when it has none, or the heir is unknown. */
  | {readonly from: 'reaper'}
  /** Number of the task's thread, process, process group or session in the innermost pid namespace; 0 outside of it. */
  | {readonly from: 'pidNumber'; readonly of: PidKind}
  /** When the first process of the task's pid namespace started, nanoseconds since boot; 0 once it has gone. */
  | {readonly from: 'namespaceStart'}
  /** Memory of the process in kB: mapped, resident, swapped out. Resident memory is as exact as the kernel's sum. */
  | {readonly from: 'memory'; readonly part: 'size' | 'resident' | 'swapped'}
  /** Control groups: the default hierarchy's path, then one for each of `CGROUP_SUBSYSTEMS`; layout in `record-layout.ts`. */
  | {readonly from: 'cgroups'}
  /** A number that stands for these control groups: the same for tasks in the same groups; absent where the kernel numbers none. */
  | {readonly from: 'cgroupKey'}
  /** Flags of the call that makes a task in the lower 32 bits, and bits of the event's own form above. */
  | {readonly from: 'cloneFlags'}
  /** The second argument of `prctl` as a number: what it points to, or 0, where the option makes it a pointer. */
  | {readonly from: 'prctlNumber'}
  /** Address of the kernel's file behind the descriptor in an argument, or in a value captured before; 0 for none. */
  | {readonly from: 'file'; readonly fd: number | string}
  /** A number reached from the file whose address is the value `of`; absent without a file. `missing` then stands for it. */
  | {
      readonly from: 'fileNumber'
      readonly of: string
      readonly path: readonly string[]
      readonly form?: 'device'
      readonly missing?: number
    }
  /** Path of that file. */
  | {readonly from: 'filePath'; readonly of: string}
  /** Number of the mount through which that file was opened. */
  | {readonly from: 'mountId'; readonly of: string}
  /** When that file's node or content last changed, nanoseconds since the epoch. */
  | {readonly from: 'inodeTime'; readonly of: string; readonly time: 'ctime' | 'mtime'}
  /**
   * What the call did to that file, as these bits: made it, or opened it on a layer of an overlay. With `flags` the bits stand
   * in the upper half, above these native flags.
   */
  | {
      readonly from: 'fileState'
      readonly of: string
      readonly bits: {readonly created?: number; readonly upper: number; readonly lower: number}
      readonly flags?: ArgumentSource | MemberSource | RequestSource
    }
  /** What the task may do with that file, and where it lies: bits of `execve_flags`. */
  | {readonly from: 'exeFlags'; readonly of: string}
  /** What a request to a ring asks for. */
  | RequestSource
  /** The descriptor that such a request opened, or its error; absent for a file of the ring's own table. */
  | {readonly from: 'requestFd'}
  /** Number of the system call that is running, plus `COMPAT_BIT` for one of the 32-bit table. */
  | {readonly from: 'syscall'}

/** What a pid number counts (linux v6.8 include/linux/pid_types.h, enum pid_type, in this order). */
export type PidKind = 'thread' | 'process' | 'group' | 'session'

/** Values worked out from others when a record is decoded; they take no room in it. */
export type Derived =
  | {readonly derive: 'constant'; readonly value: number}
  | {readonly derive: 'header'; readonly field: 'tid' | 'pid' | 'uid' | 'gid'}
  /** The first text of a NUL-separated block, or the rest of it. */
  | {readonly derive: 'firstText' | 'otherTexts'; readonly of: string}
  | {readonly derive: 'bits'; readonly of: string; readonly shift: number; readonly mask: number}
  /** The transport protocol of a captured socket, as captures number them (`scap-format`: 2 tcp, 3 udp, 4 icmp, 5 raw). */
  | {readonly derive: 'transport'; readonly of: string}
  /** What a function makes of the values named in `of`; `part` says which of several. */
  | {
      readonly derive: 'function'
      readonly name: DerivedFunction
      readonly of: readonly string[]
      readonly part?: string
    }

/** Functions that make a value of others. */
export type DerivedFunction =
  | 'percent'
  | 'fileFlags'
  | 'secondOfMore'
  | 'semaphoreFlags'
  | 'semaphoreValue'
  | 'socketLevel'
  | 'socketOption'
  | 'socketValue'
  | 'ptraceAddress'
  | 'ptraceData'
  | 'keyArgument'
  | 'mountFlags'
  | 'time'
  | 'quota'

/** Kernel objects that a hook hands over. */
export type KernelBase = 'task' | 'maker' | 'bprm'

/** Where a kind of record arises. */
export type Hook =
  /** The end of a system call, by its x86_64 number. `calls` leaves out what another hook stands for. */
  | {readonly at: 'sys_exit'; readonly nr: number; readonly calls?: 'failed' | 'notZero'}
  | {readonly at: 'sched_process_exec' | 'sched_process_fork' | 'sched_process_exit'}
  /** The end of a request to a ring, by its operations: such calls have no `sys_exit`. */
  | {readonly at: 'io_uring_complete'; readonly operations: readonly number[]}

/** One kind of record. */
export interface CaptureDef {
  /** Unique; names the program and the counters. */
  readonly kind: string
  /** The event that rules see; by system call number where one hook stands for several. */
  readonly event: string | Readonly<Record<number, string>>
  readonly hook: Hook
  /** Parameters of the event by name, and further values that only the state uses (names beginning with `$`). */
  readonly values: Readonly<Record<string, Source | Derived>>
  /** What the state needs it for: always, only while descriptors are followed, or not at all. */
  readonly state?: 'always' | 'fds'
  /** Further values that are left out unless a rule or output uses them. */
  readonly onDemand?: readonly string[]
  /** Capture only calls whose argument has one of these values, unless a rule names the event. */
  readonly onlyArg?: {readonly index: number; readonly values: readonly number[]}
}
