import {BTF_KIND, type Btf} from '../../bpf/btf.ts'
import type {Hook} from '../../schema/capture.ts'

/**
 * The tracepoints that capture programs hang on, as data: what their context words hold, and which program arrays their
 * entry programs jump through. A new tracepoint is a new row here, and a `Hook` in the schema.
 */

/** Every kernel object of ours has a name that begins with this. */
export const OBJECT_PREFIX = 'det_'

/** A tracepoint by its kernel name. */
export type Tracepoint = Hook['at'] | 'sys_enter'

/** What one word of a tracepoint's context holds. */
export type ContextWord =
  /** The registers of the running call. */
  | 'regs'
  /** The task that is running. */
  | 'current'
  /** A pointer to another kernel object: typed in tp_btf programs, a bare address in raw_tp ones. */
  | 'pointer'
  | 'number'

/** What programs must know of a tracepoint (linux v6.8 include/trace/events/sched.h, include/trace/events/syscalls.h). */
export interface TracepointShape {
  /** The context, word by word, as far as it is used. */
  readonly words: readonly ContextWord[]
  /** Index of the word with the task that the record is about; the running task when left out. */
  readonly task?: number
  /** Index of the word with the object that is kept in `R.regs`: the call's registers, or the binprm of an exec. */
  readonly object?: number
  /** Whether kernel threads come here too, whose events are nobody's. */
  readonly kernelThreads: boolean
  /** Program array that its entry program jumps through: by system call number, or through its first slot. */
  readonly array: string
  /** The array for the 32-bit table's numbers, of a tracepoint of system calls. */
  readonly compatArray?: string
}

/** Every tracepoint. Each has arrays of its own: the kernel refuses to share one between typed hooks with different arguments. */
export const TRACEPOINTS: Readonly<Record<Tracepoint, TracepointShape>> = {
  sys_enter: {
    words: ['regs', 'number'],
    object: 0,
    kernelThreads: false,
    array: `${OBJECT_PREFIX}sys_enter`,
    compatArray: `${OBJECT_PREFIX}compat_in`,
  },
  sys_exit: {
    words: ['regs', 'number'],
    object: 0,
    kernelThreads: false,
    array: `${OBJECT_PREFIX}sys_exit`,
    compatArray: `${OBJECT_PREFIX}compat`,
  },
  sched_process_exec: {
    words: ['current', 'number', 'pointer'],
    task: 0,
    object: 2,
    kernelThreads: true,
    array: `${OBJECT_PREFIX}at_exec`,
  },
  sched_process_fork: {
    words: ['current', 'pointer'],
    task: 1,
    kernelThreads: true,
    array: `${OBJECT_PREFIX}at_fork`,
  },
  sched_process_exit: {
    words: ['current'],
    task: 0,
    kernelThreads: true,
    array: `${OBJECT_PREFIX}at_exit`,
  },
  // The ring, the request, the entry of the completion queue (linux v6.13 include/trace/events/io_uring.h).
  io_uring_complete: {
    words: ['pointer', 'pointer', 'pointer'],
    object: 1,
    kernelThreads: true,
    array: `${OBJECT_PREFIX}at_ring`,
  },
}

/**
 * Whether the end of requests to rings can be hooked: until linux v6.13 the tracepoint had other arguments, and kernels
 * without rings have none.
 */
export function hasRingEnds(btf: Btf): boolean {
  const type = btf.find('btf_trace_io_uring_complete', BTF_KIND.TYPEDEF)
  const prototype = type === undefined ? undefined : btf.pointee(type)
  const entry = prototype === undefined ? undefined : btf.parameters(prototype)[3]
  const struct = entry === undefined ? undefined : btf.pointee(entry)
  return struct !== undefined && btf.nameOf(struct) === 'io_uring_cqe'
}

/** Tracepoints of the life of processes. */
export const TASK_TRACEPOINTS = [
  'sched_process_exec',
  'sched_process_fork',
  'sched_process_exit',
] as const satisfies readonly Tracepoint[]

/** System calls that a jump table has room for: above every number of x86_64 and i386. */
export const CALL_SLOTS = 512

/** Slots in one half of a tracepoint's program arrays. */
export function halfSize(tracepoint: Tracepoint): number {
  return TRACEPOINTS[tracepoint].compatArray === undefined ? 1 : CALL_SLOTS
}
