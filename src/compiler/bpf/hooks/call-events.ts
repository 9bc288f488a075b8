import {SYSCALLS_X86_64} from '../../../schema/tables/syscalls.ts'

/** Trace events of system calls are named after the kernel's function, which has another name for these calls. */
const FUNCTION_NAMES: Readonly<Record<string, string>> = {
  stat: 'newstat',
  fstat: 'newfstat',
  lstat: 'newlstat',
  uname: 'newuname',
  umount2: 'umount',
  sendfile: 'sendfile64',
}

const names: ReadonlyMap<number, string> = new Map(SYSCALLS_X86_64.map(([nr, name]) => [nr, name]))

/** The side of a system call that a tracepoint is at. */
export type CallTracepoint = 'sys_enter' | 'sys_exit'

/**
 * The trace event of one system call by its x86_64 number, `syscalls/sys_exit_openat`. Undefined for a number that is no call.
 * A kernel that is built without the call has no such event (linux v6.8 include/linux/syscalls.h, SYSCALL_METADATA).
 */
export function callEvent(tracepoint: CallTracepoint, nr: number): string | undefined {
  const name = names.get(nr)
  return name === undefined ? undefined : `syscalls/${tracepoint}_${FUNCTION_NAMES[name] ?? name}`
}
