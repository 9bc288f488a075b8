import type {CaptureDef, Source} from '../capture.ts'
import {
  after,
  bytes,
  dataOnDemand,
  made,
  madePart,
  member,
  struct64,
  vectorData,
} from './call-rows.ts'
import {call, forDescriptors, ret, SNAP_LENGTH, s32, text, u32, u64} from './rows.ts'

/** Sizes of struct if_dqblk and the longest of its kin that are looked at (linux v6.8 include/uapi/linux/quota.h). */
const QUOTA_BLOCK = 72
/** Longest binary value of `fsconfig` that a record keeps. */
const VALUE_MAX = 256
/** Commands of `quotactl`, without the two parts of the number that say whose quota it is. */
const Q_QUOTAON = 0x800002
/** Commands of `fsconfig` (linux v6.8 include/uapi/linux/mount.h). */
const FSCONFIG = {string: 1, binary: 2, path: 3, emptyPath: 4} as const
/** Operations of `keyctl` that name something by text (linux v6.8 include/uapi/linux/keyctl.h). */
const KEYCTL = {joinSession: 1, search: 10, restrict: 29} as const

const memory: CaptureDef['values'] = {
  vm_size: {from: 'memory', part: 'size'},
  vm_rss: {from: 'memory', part: 'resident'},
  vm_swap: {from: 'memory', part: 'swapped'},
}

/** Text in an argument when the argument at `by` has one of these values. */
const textWhen = (index: number, by: number, ...values: number[]): Source => ({
  from: 'text',
  index,
  when: {index: by, values},
})

/** The kernel itself: modules, mounts, programs, memory, keys; and what processes do to one another. */
export const SYSTEM_CAPTURES: readonly CaptureDef[] = [
  call(
    'init_module',
    175,
    {res: ret, img: bytes({index: 0}, {index: 1}, SNAP_LENGTH), length: u64(1), uargs: text(2)},
    {onDemand: ['img']},
  ),
  call('finit_module', 313, {res: ret, fd: s32(0), uargs: text(1), flags: u32(2)}),
  call('delete_module', 176, {res: ret, name: text(0), flags: u32(1)}),
  call('mount', 165, {
    res: ret,
    dev: text(0),
    dir: text(1),
    type: text(2),
    $flags: u64(3),
    flags: made('mountFlags', '$flags'),
  }),
  call('umount2', 166, {res: ret, name: text(0), flags: u32(1)}),
  call('fsconfig', 431, {
    res: ret,
    fd: s32(0),
    cmd: u32(1),
    key: text(2),
    value_bytebuf: after('done', {
      from: 'bytes',
      at: {index: 3},
      length: {index: 4},
      max: VALUE_MAX,
      when: {index: 1, values: [FSCONFIG.binary]},
    }),
    value_charbuf: after(
      'done',
      textWhen(3, 1, FSCONFIG.string, FSCONFIG.path, FSCONFIG.emptyPath),
    ),
    aux: s32(4),
  }),
  call('quotactl', 179, quota()),
  call('bpf', 321, {fd: ret, cmd: u32(0)}, forDescriptors),
  call('seccomp', 317, {res: ret, op: u32(0), flags: u32(1)}),
  call('keyctl', 250, {
    res: ret,
    operation: u32(0),
    $arg2: u64(1),
    $arg3: u64(2),
    $arg4: u64(3),
    $arg5: u64(4),
    $text2: textWhen(1, 0, KEYCTL.joinSession),
    $text3: textWhen(2, 0, KEYCTL.search, KEYCTL.restrict),
    $text4: textWhen(3, 0, KEYCTL.search, KEYCTL.restrict),
    arg2: made('keyArgument', '$arg2', '$text2'),
    arg3: made('keyArgument', '$arg3', '$text3'),
    arg4: made('keyArgument', '$arg4', '$text4'),
    arg5: made('keyArgument', '$arg5'),
  }),
  call('ptrace', 101, {
    res: ret,
    request: u32(0),
    pid: s32(1),
    $addr: u64(2),
    $data: u64(3),
    $peeked: member(3, 0, 'long'),
    addr: made('ptraceAddress', 'res', '$addr'),
    data: made('ptraceData', 'res', 'request', '$data', '$peeked'),
  }),
  call('process_vm_readv', 310, {res: ret, pid: s32(0), data: vectorData('in', 1)}, dataOnDemand),
  call('process_vm_writev', 311, {res: ret, pid: s32(0), data: vectorData('out', 1)}, dataOnDemand),
  call('mmap', 9, {
    res: ret,
    ...memory,
    addr: u64(0),
    length: u64(1),
    prot: u32(2),
    flags: u32(3),
    fd: s32(4),
    offset: u64(5),
  }),
  call('munmap', 11, {res: ret, ...memory, addr: u64(0), length: u64(1)}),
  call('mprotect', 10, {res: ret, addr: u64(0), length: u64(1), prot: u32(2)}),
  call('mlock', 149, {res: ret, addr: u64(0), len: u64(1)}),
  call('mlock2', 325, {res: ret, addr: u64(0), len: u64(1), flags: u32(2)}),
  call('munlock', 150, {res: ret, addr: u64(0), len: u64(1)}),
  call('mlockall', 151, {res: ret, flags: u32(0)}),
  call('munlockall', 152, {res: ret}),
  call('semop', 65, {
    res: ret,
    nsops: u32(2),
    // struct sembuf (linux v6.8 include/uapi/linux/sem.h).
    sem_num_0: after('done', member(1, 0, 'u16'), 0),
    sem_op_0: after('done', member(1, 2, 's16'), 0),
    sem_flg_0: after('done', member(1, 4, 'u16'), 0),
    $num: after('done', member(1, 6, 'u16'), 0),
    $op: after('done', member(1, 8, 's16'), 0),
    $flg: after('done', member(1, 10, 'u16'), 0),
    sem_num_1: made('secondOfMore', 'nsops', '$num'),
    sem_op_1: made('secondOfMore', 'nsops', '$op'),
    sem_flg_1: made('semaphoreFlags', 'nsops', '$flg'),
    semid: s32(0),
  }),
  call('semctl', 66, {
    res: ret,
    semid: s32(0),
    semnum: s32(1),
    cmd: u32(2),
    $cmd: u32(2),
    $val: s32(3),
    val: made('semaphoreValue', '$cmd', '$val'),
  }),
]

/** What a command about disk quotas says; most of it only for some commands. */
function quota(): CaptureDef['values'] {
  const parts = [
    'dqb_bhardlimit',
    'dqb_bsoftlimit',
    'dqb_curspace',
    'dqb_ihardlimit',
    'dqb_isoftlimit',
    'dqb_btime',
    'dqb_itime',
    'dqi_bgrace',
    'dqi_igrace',
    'dqi_flags',
    'quota_fmt_out',
    'cmd',
    'type',
    'id',
    'quota_fmt',
  ]
  return {
    res: ret,
    special: text(1),
    quotafilepath: {
      from: 'text',
      index: 3,
      // For users, groups and projects.
      when: {index: 0, values: [0, 1, 2].map(type => ((Q_QUOTAON << 8) | type) >>> 0)},
    },
    $cmd: u32(0),
    $id: u32(2),
    $block: struct64(3, QUOTA_BLOCK),
    ...Object.fromEntries(
      parts.map(name => [name, madePart('quota', name, '$cmd', '$id', '$block')]),
    ),
  }
}
