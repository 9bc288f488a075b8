/** The words of the capture table: where a kind of record arises, and where each of its values comes from. */

/** Where one captured value comes from. `index` counts the system call's arguments from 0. */
export type Source =
  /** The call's result, signed 64 bits. */
  | {readonly from: 'ret'}
  /** An argument register. */
  | {readonly from: 'arg'; readonly index: number; readonly as: 's32' | 'u32' | 'u64'}
  /** NUL-terminated text in user memory that an argument points to. */
  | {readonly from: 'text'; readonly index: number}
  /** The first bytes of a user buffer; as many as the call's result says, at most `max`. */
  | {readonly from: 'buffer'; readonly index: number; readonly max: number}
  /** A 64-bit member of a structure in user memory. */
  | {readonly from: 'member'; readonly index: number; readonly offset: number}
  /** A socket address in user memory with its length in another argument. */
  | {readonly from: 'sockaddr'; readonly index: number; readonly lengthIndex: number}
  /** Both ends of the kernel socket behind the descriptor in an argument; layout in `socket-block.ts`. */
  | {readonly from: 'socket'; readonly index: number}
  /** The path of the directory descriptor in an argument, when the text at `nameIndex` is a relative name. */
  | {readonly from: 'dirPath'; readonly index: number; readonly nameIndex: number}
  /** A number reached from a kernel object by member names; `[n]` indexes an array member. */
  | {readonly from: 'kernel'; readonly base: KernelBase; readonly path: readonly string[]}
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
  /** The process that takes over the children of the exiting one. */
  | {readonly from: 'reaper'}
  /** Number of the system call that is running, plus `COMPAT_BIT` for one of the 32-bit table. */
  | {readonly from: 'syscall'}

/** Values worked out from others when a record is decoded; they take no room in it. */
export type Derived =
  | {readonly derive: 'constant'; readonly value: number}
  | {readonly derive: 'header'; readonly field: 'tid' | 'pid' | 'uid' | 'gid'}
  /** The first text of a NUL-separated block, or the rest of it. */
  | {readonly derive: 'firstText' | 'otherTexts'; readonly of: string}
  | {readonly derive: 'bits'; readonly of: string; readonly shift: number; readonly mask: number}

/** Kernel objects that a hook hands over. */
export type KernelBase = 'task' | 'maker' | 'bprm'

/** Where a kind of record arises. */
export type Hook =
  /** The end of a system call, by its x86_64 number. `calls` leaves out what another hook stands for. */
  | {readonly at: 'sys_exit'; readonly nr: number; readonly calls?: 'failed' | 'notZero'}
  | {readonly at: 'sched_process_exec' | 'sched_process_fork' | 'sched_process_exit'}

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
