import type {CaptureDef, Source} from '../capture.ts'
import {COMPAT_BIT} from '../tables/compat-calls.ts'
import {call, ret, s32, TEXT_MAX, text, u32, u64} from './rows.ts'

const task = (...path: string[]): Source => ({from: 'kernel', base: 'task', path})
const workingDirectory: Source = {from: 'path', base: 'task', path: ['fs', 'pwd']}
const EXEC_EVENTS = {
  59: 'execve',
  322: 'execveat',
  [COMPAT_BIT + 11]: 'execve',
  [COMPAT_BIT + 358]: 'execveat',
}
const NEW_TASK_EVENTS = {
  56: 'clone',
  57: 'fork',
  58: 'vfork',
  435: 'clone3',
  [COMPAT_BIT + 120]: 'clone',
  [COMPAT_BIT + 2]: 'fork',
  [COMPAT_BIT + 190]: 'vfork',
  [COMPAT_BIT + 435]: 'clone3',
}

/** Processes: their life, working directory, identity, and what they do to one another. */
export const PROCESS_CAPTURES: readonly CaptureDef[] = [
  {
    kind: 'exec',
    event: EXEC_EVENTS,
    hook: {at: 'sched_process_exec'},
    state: 'always',
    onDemand: ['env'],
    values: {
      $syscall: {from: 'syscall'},
      $argv: {from: 'range', start: 'arg_start', end: 'arg_end', max: TEXT_MAX},
      res: {derive: 'constant', value: 0},
      exe: {derive: 'firstText', of: '$argv'},
      args: {derive: 'otherTexts', of: '$argv'},
      tid: {derive: 'header', field: 'tid'},
      pid: {derive: 'header', field: 'pid'},
      ptid: task('real_parent', 'tgid'),
      cwd: workingDirectory,
      comm: {from: 'kernelArray', base: 'task', path: ['comm'], size: 16},
      env: {from: 'range', start: 'env_start', end: 'env_end', max: TEXT_MAX},
      tty: {from: 'tty'},
      loginuid: task('loginuid', 'val'),
      cap_inheritable: task('cred', 'cap_inheritable'),
      cap_permitted: task('cred', 'cap_permitted'),
      cap_effective: task('cred', 'cap_effective'),
      exe_ino: {from: 'kernel', base: 'bprm', path: ['file', 'f_inode', 'i_ino']},
      uid: {derive: 'header', field: 'uid'},
      trusted_exepath: {from: 'path', base: 'bprm', path: ['file', 'f_path']},
      pgid: task('signal', 'pids[2]', 'numbers[0]', 'nr'),
      gid: {derive: 'header', field: 'gid'},
      filename: {from: 'kernelText', base: 'bprm', path: ['filename']},
      $sid: task('signal', 'pids[3]', 'numbers[0]', 'nr'),
    },
  },
  {
    kind: 'exec_failed',
    event: 'execve',
    hook: {at: 'sys_exit', nr: 59, calls: 'failed'},
    values: {res: ret, filename: text(0)},
  },
  {
    kind: 'execveat_failed',
    event: 'execveat',
    hook: {at: 'sys_exit', nr: 322, calls: 'failed'},
    values: {res: ret, filename: text(1)},
  },
  {
    kind: 'new_task',
    event: NEW_TASK_EVENTS,
    hook: {at: 'sched_process_fork'},
    state: 'always',
    values: {
      $syscall: {from: 'syscall'},
      $maker: {from: 'kernel', base: 'maker', path: ['pid']},
      $sharesFiles: {from: 'shares', member: 'files'},
      $sharesFs: {from: 'shares', member: 'fs'},
      res: {derive: 'constant', value: 0},
      tid: {derive: 'header', field: 'tid'},
      pid: {derive: 'header', field: 'pid'},
      ptid: task('real_parent', 'tgid'),
      comm: {from: 'kernelArray', base: 'task', path: ['comm'], size: 16},
      uid: {derive: 'header', field: 'uid'},
      gid: {derive: 'header', field: 'gid'},
    },
  },
  {
    kind: 'procexit',
    event: 'procexit',
    hook: {at: 'sched_process_exit'},
    state: 'always',
    values: {
      status: task('exit_code'),
      ret: {derive: 'bits', of: 'status', shift: 8, mask: 0xff},
      sig: {derive: 'bits', of: 'status', shift: 0, mask: 0x7f},
      core: {derive: 'bits', of: 'status', shift: 7, mask: 1},
      reaper_tid: {from: 'reaper'},
      $liveThreads: task('signal', 'live', 'counter'),
    },
  },
  // The new task's own return from these calls (result 0) is what `new_task` stands for.
  ...makers(),
  call('chdir', 80, {res: ret, path: text(0), $cwd: workingDirectory}, {state: 'always'}),
  call('fchdir', 81, {res: ret, fd: s32(0), $cwd: workingDirectory}, {state: 'always'}),
  call('chroot', 161, {res: ret, path: text(0)}),
  call('setuid', 105, {res: ret, uid: u32(0)}),
  call('setgid', 106, {res: ret, gid: u32(0)}),
  call('setreuid', 113, {res: ret, ruid: u32(0), euid: u32(1)}),
  call('setregid', 114, {res: ret, rgid: u32(0), egid: u32(1)}),
  call('setresuid', 117, {res: ret, ruid: u32(0), euid: u32(1), suid: u32(2)}),
  call('setresgid', 119, {res: ret, rgid: u32(0), egid: u32(1), sgid: u32(2)}),
  call('setsid', 112, {res: ret}),
  call('setpgid', 109, {res: ret, pid: s32(0), pgid: s32(1)}),
  call('prctl', 157, {res: ret, option: u32(0), arg2_int: u64(1)}),
  call('setns', 308, {res: ret, fd: s32(0), nstype: u32(1)}),
  call('unshare', 272, {res: ret, flags: u32(0)}),
  call('kill', 62, {res: ret, pid: s32(0), sig: u32(1)}),
  call('tkill', 200, {res: ret, tid: s32(0), sig: u32(1)}),
  call('tgkill', 234, {res: ret, pid: s32(0), tid: s32(1), sig: u32(2)}),
  call('ptrace', 101, {res: ret, request: u32(0), pid: s32(1)}),
  call('process_vm_readv', 310, {res: ret, pid: s32(0)}),
  call('process_vm_writev', 311, {res: ret, pid: s32(0)}),
]

function makers(): CaptureDef[] {
  const ids: CaptureDef['values'] = {
    res: ret,
    tid: {derive: 'header', field: 'tid'},
    pid: {derive: 'header', field: 'pid'},
  }
  const maker = (kind: string, nr: number, values: CaptureDef['values'] = {}): CaptureDef => ({
    kind,
    event: kind,
    hook: {at: 'sys_exit', nr, calls: 'notZero'},
    values: {...ids, ...values},
  })
  return [
    maker('clone', 56, {flags: u32(0)}),
    maker('fork', 57),
    maker('vfork', 58),
    maker('clone3', 435, {flags: {from: 'member', index: 0, offset: 0}}),
  ]
}
