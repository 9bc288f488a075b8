import type {CaptureDef, MemberSource, PidKind, Source} from '../capture.ts'
import {COMPAT_BIT} from '../tables/compat-calls.ts'
import {call, device, inode, PRCTL_TEXT_OPTIONS, ret, s32, TEXT_MAX, text, u32} from './rows.ts'

const task = (...path: string[]): Source => ({from: 'kernel', base: 'task', path})
const taskPath = (...path: string[]): Source => ({from: 'path', base: 'task', path})
const ofPid = (of: PidKind): Source => ({from: 'pidNumber', of})
const workingDirectory = taskPath('fs', 'pwd')
const root = taskPath('fs', 'root')
/** A limit in a structure in user memory; -1 where none is given. */
const limit = (
  index: number,
  offset: number,
  as: NonNullable<MemberSource['as']>,
): MemberSource => ({
  from: 'member',
  index,
  offset,
  as,
  missing: -1,
})
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

/** Place of RLIMIT_NOFILE among a process's limits (linux v6.8 include/uapi/asm-generic/resource.h). */
const RLIMIT_NOFILE = 7

/** Numbers of the task and what it uses, as the events of new and exchanged programs carry them. */
const taskFacts = {
  tid: {derive: 'header', field: 'tid'},
  pid: {derive: 'header', field: 'pid'},
  ptid: task('real_parent', 'pid'),
  fdlimit: task('signal', `rlim[${RLIMIT_NOFILE}]`, 'rlim_cur'),
  pgft_maj: task('maj_flt'),
  pgft_min: task('min_flt'),
  vm_size: {from: 'memory', part: 'size'},
  vm_rss: {from: 'memory', part: 'resident'},
  vm_swap: {from: 'memory', part: 'swapped'},
  comm: {from: 'kernelArray', base: 'task', path: ['comm'], size: 16},
  uid: {derive: 'header', field: 'uid'},
  gid: {derive: 'header', field: 'gid'},
} as const satisfies CaptureDef['values']

/** When the thread was made, the number of its process's program (each exec takes the next one), and its control groups. */
const programIdentity = {
  $start: task('start_boottime'),
  $execId: task('self_exec_id'),
  /** Stands for the control groups. */
  $cgroup: {from: 'cgroupKey'},
} as const satisfies CaptureDef['values']

/** What is captured of the credentials and groups of a task at exec. */
const identity = {
  tty: {from: 'tty'},
  vpgid: ofPid('group'),
  pgid: task('signal', 'pids[2]', 'numbers[0]', 'nr'),
  loginuid: {from: 'kernel', base: 'task', path: ['loginuid', 'val'], missing: 0xffff_ffff},
  cap_inheritable: task('cred', 'cap_inheritable'),
  cap_permitted: task('cred', 'cap_permitted'),
  cap_effective: task('cred', 'cap_effective'),
  $vtid: ofPid('thread'),
  $vpid: ofPid('process'),
  $sid: task('signal', 'pids[3]', 'numbers[0]', 'nr'),
} as const satisfies CaptureDef['values']

/** Program name and arguments out of the block `$argv`. */
const program = {
  exe: {derive: 'firstText', of: '$argv'},
  args: {derive: 'otherTexts', of: '$argv'},
} as const satisfies CaptureDef['values']

/** What a call that makes tasks tells on both sides. */
const newTask = {
  ...taskFacts,
  cwd: workingDirectory,
  cgroups: {from: 'cgroups'},
  flags: {from: 'cloneFlags'},
  vtid: ofPid('thread'),
  vpid: ofPid('process'),
  pidns_init_start_ts: {from: 'namespaceStart'},
} as const satisfies CaptureDef['values']

const failedExec = (
  kind: string,
  event: string,
  nr: number,
  argvIndex: number,
  names: CaptureDef['values'],
): CaptureDef => ({
  kind,
  event,
  hook: {at: 'sys_exit', nr, calls: 'failed'},
  onDemand: ['env'],
  values: {
    res: ret,
    ...names,
    $argv: {from: 'texts', index: argvIndex, max: TEXT_MAX},
    ...program,
    env: {from: 'texts', index: argvIndex + 1, max: TEXT_MAX},
    ...taskFacts,
    ...identity,
  },
})

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
      ...programIdentity,
      $argv: {from: 'range', start: 'arg_start', end: 'arg_end', max: TEXT_MAX},
      res: {derive: 'constant', value: 0},
      ...program,
      ...taskFacts,
      ...identity,
      cwd: workingDirectory,
      cgroups: {from: 'cgroups'},
      env: {from: 'range', start: 'env_start', end: 'env_end', max: TEXT_MAX},
      $file: {from: 'kernel', base: 'bprm', path: ['file']},
      flags: {from: 'exeFlags', of: '$file'},
      exe_ino: inode('$file'),
      exe_ino_ctime: {from: 'inodeTime', of: '$file', time: 'ctime'},
      exe_ino_mtime: {from: 'inodeTime', of: '$file', time: 'mtime'},
      $dev: device('$file'),
      $mnt: {from: 'mountId', of: '$file'},
      trusted_exepath: {from: 'filePath', of: '$file'},
      filename: {from: 'kernelText', base: 'bprm', path: ['filename']},
      $pidns: {from: 'namespaceStart'},
    },
  },
  failedExec('exec_failed', 'execve', 59, 1, {filename: text(0)}),
  failedExec('execveat_failed', 'execveat', 322, 2, {
    $dirfd: s32(0),
    filename: text(1),
    $dir: {from: 'dirPath', index: 0, nameIndex: 1},
    $flags: u32(4),
  }),
  {
    kind: 'new_task',
    event: NEW_TASK_EVENTS,
    hook: {at: 'sched_process_fork'},
    state: 'always',
    values: {
      $syscall: {from: 'syscall'},
      ...programIdentity,
      $maker: {from: 'kernel', base: 'maker', path: ['pid']},
      $sharesFiles: {from: 'shares', member: 'files'},
      $sharesFs: {from: 'shares', member: 'fs'},
      res: {derive: 'constant', value: 0},
      ...newTask,
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
  ...Object.entries({clone: 56, fork: 57, vfork: 58, clone3: 435}).map(
    ([kind, nr]): CaptureDef => ({
      kind,
      event: kind,
      hook: {at: 'sys_exit', nr, calls: 'notZero'},
      values: {res: ret, ...newTask},
    }),
  ),
  call('chdir', 80, {res: ret, path: text(0), $cwd: workingDirectory}, {state: 'always'}),
  call('fchdir', 81, {res: ret, fd: s32(0), $cwd: workingDirectory}, {state: 'always'}),
  call(
    'chroot',
    161,
    {res: ret, path: text(0), $root: root, $cwd: workingDirectory},
    {state: 'always'},
  ),
  call('setuid', 105, {res: ret, uid: u32(0)}, {state: 'always'}),
  call('setgid', 106, {res: ret, gid: u32(0)}, {state: 'always'}),
  call('setreuid', 113, {res: ret, ruid: u32(0), euid: u32(1)}, {state: 'always'}),
  call('setregid', 114, {res: ret, rgid: u32(0), egid: u32(1)}, {state: 'always'}),
  call('setresuid', 117, {res: ret, ruid: u32(0), euid: u32(1), suid: u32(2)}, {state: 'always'}),
  call('setresgid', 119, {res: ret, rgid: u32(0), egid: u32(1), sgid: u32(2)}, {state: 'always'}),
  call(
    'capset',
    126,
    {
      res: ret,
      cap_inheritable: task('cred', 'cap_inheritable'),
      cap_permitted: task('cred', 'cap_permitted'),
      cap_effective: task('cred', 'cap_effective'),
    },
    {state: 'always'},
  ),
  call('setsid', 112, {res: ret}, {state: 'always'}),
  call('setpgid', 109, {res: ret, pid: s32(0), pgid: s32(1)}),
  call('prctl', 157, {
    res: ret,
    option: u32(0),
    arg2_str: {from: 'text', index: 1, when: {index: 0, values: PRCTL_TEXT_OPTIONS}},
    arg2_int: {from: 'prctlNumber'},
  }),
  call('setrlimit', 160, {
    res: ret,
    cur: limit(1, 0, 'long'),
    max: limit(1, 8, 'long'),
    resource: u32(0),
  }),
  call('prlimit', 302, {
    res: ret,
    newcur: limit(2, 0, 'u64'),
    newmax: limit(2, 8, 'u64'),
    oldcur: limit(3, 0, 'u64'),
    oldmax: limit(3, 8, 'u64'),
    pid: s32(0),
    resource: u32(1),
  }),
  call('setns', 308, {res: ret, fd: s32(0), nstype: u32(1)}, {state: 'always'}),
  call('unshare', 272, {res: ret, flags: u32(0)}, {state: 'always'}),
  call('kill', 62, {res: ret, pid: s32(0), sig: u32(1)}),
  call('tkill', 200, {res: ret, tid: s32(0), sig: u32(1)}),
  call('tgkill', 234, {res: ret, pid: s32(0), tid: s32(1), sig: u32(2)}),
]
