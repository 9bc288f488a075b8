import {Assembler, type Label} from '../../../bpf/assembler.ts'
import type {Btf} from '../../../bpf/btf.ts'
import type {IteratorSpec} from '../../../bpf/iterator-spec.ts'
import {TASK_RECORD} from '../../../schema/captures/start-records.ts'
import {SLOT_FLAG} from '../../../schema/record-layout.ts'
import {
  emitDestination,
  emitEmptySlot,
  emitForgetLength,
  emitKernelRead,
  emitTextResult,
  R,
  STACK,
} from '../capture-context.ts'
import {emitLoads} from '../kernel-access.ts'
import {emitPathWalk, walkLimit} from '../path-walk.ts'
import {
  emitEnd,
  emitNumberOf,
  emitStart,
  emitStore,
  firstWay,
  type IteratorContext,
  iteratorContext,
  SCRATCH_MAP,
  sizeOfStruct,
  slotOf,
  type Way,
} from './iterator-code.ts'
import {emitNameWalk} from './name-walk.ts'

type TaskNumber = keyof typeof TASK_RECORD.numbers & string
type Context = IteratorContext<TaskNumber, keyof typeof TASK_RECORD.slots & string>

/** Offset in struct bpf_iter__task (linux v6.8 kernel/bpf/task_iter.c): meta, task. */
const CONTEXT_TASK = 8
const PF_KTHREAD = 0x200000
const OVERLAYFS_MAGIC = 0x794c7630
/** Index into signal->pids (linux v6.8 include/linux/pid_types.h). */
const PIDTYPE = {group: 2, session: 3} as const
/** Index into the resource limits (linux v6.8 include/uapi/asm-generic/resource.h). */
const RLIMIT_NOFILE = 7

/** Memory counters: an array of per-CPU counters since Linux 6.2, plain ones before. */
function pages(index: number): readonly Way[] {
  return [
    ['mm', `rss_stat[${index}]`, 'count'],
    ['mm', 'rss_stat', `count[${index}]`, 'counter'],
  ]
}

/** Capability sets: one word since Linux 6.3, two halves before. */
function capabilities(member: string): readonly Way[] {
  return [
    ['real_cred', member, 'val'],
    ['real_cred', member],
  ]
}

/** Where the numbers of a task stand. Times of inodes: since Linux 6.11, since 6.6, before. */
const NUMBERS: Readonly<Partial<Record<TaskNumber, readonly Way[]>>> = {
  tid: [['pid']],
  pid: [['tgid']],
  parentTid: [['real_parent', 'pid']],
  processStart: [['group_leader', 'start_boottime']],
  threadStart: [['start_boottime']],
  session: [['signal', `pids[${PIDTYPE.session}]`, 'numbers[0]', 'nr']],
  group: [['signal', `pids[${PIDTYPE.group}]`, 'numbers[0]', 'nr']],
  uid: [['real_cred', 'euid', 'val']],
  gid: [['real_cred', 'egid', 'val']],
  fsUid: [['real_cred', 'fsuid', 'val']],
  fsGid: [['real_cred', 'fsgid', 'val']],
  loginUid: [['loginuid', 'val']],
  capInheritable: capabilities('cap_inheritable'),
  capPermitted: capabilities('cap_permitted'),
  capEffective: capabilities('cap_effective'),
  ttyMajor: [['signal', 'tty', 'driver', 'major']],
  ttyMinor: [['signal', 'tty', 'driver', 'minor_start']],
  ttyIndex: [['signal', 'tty', 'index']],
  execId: [['self_exec_id']],
  fdLimit: [['signal', `rlim[${RLIMIT_NOFILE}]`, 'rlim_cur']],
  majorFaults: [['maj_flt']],
  minorFaults: [['min_flt']],
  totalPages: [['mm', 'total_vm']],
  filePages: pages(0),
  anonymousPages: pages(1),
  swapPages: pages(2),
  sharedPages: pages(3),
  ...exeNumbers({
    exeInode: [['i_ino']],
    exeMode: [['i_mode']],
    exeUid: [['i_uid', 'val']],
    exeGid: [['i_gid', 'val']],
    exeInodeFlags: [['i_flags']],
    exeMountFlags: [['i_sb', 's_flags']],
    exeMagic: [['i_sb', 's_magic']],
    exeCtimeSec: [['i_ctime_sec'], ['__i_ctime', 'tv_sec'], ['i_ctime', 'tv_sec']],
    exeCtimeNsec: [['i_ctime_nsec'], ['__i_ctime', 'tv_nsec'], ['i_ctime', 'tv_nsec']],
    exeMtimeSec: [['i_mtime_sec'], ['__i_mtime', 'tv_sec'], ['i_mtime', 'tv_sec']],
    exeMtimeNsec: [['i_mtime_nsec'], ['__i_mtime', 'tv_nsec'], ['i_mtime', 'tv_nsec']],
  }),
}

function exeNumbers<K extends string>(ways: Record<K, readonly Way[]>): Record<K, readonly Way[]> {
  const entries = Object.entries<readonly Way[]>(ways)
  return Object.fromEntries(
    entries.map(([name, list]) => [name, list.map(way => ['mm', 'exe_file', 'f_inode', ...way])]),
  ) as unknown as Record<K, readonly Way[]>
}

/**
 * The program of the `task` iterator (since Linux 5.8): one {@link TASK_RECORD} for each thread of user space that the
 * reader's pid namespace holds, whatever /proc shows of it.
 */
export function taskIterator(btf: Btf): IteratorSpec {
  const asm = new Assembler()
  const cx = iteratorContext(asm, btf, TASK_RECORD)
  const out = asm.label('out')
  emitStart(cx, out)
  asm.load(8, 9, R.ctx, CONTEXT_TASK).jumpIfImm('jeq', 9, 0, out).store(8, 10, STACK.task, 9)
  asm.load(4, 1, 9, cx.types.offset('task_struct', 'flags')).aluImm('and', 1, PF_KTHREAD)
  asm.jumpIfImm('jne', 1, 0, out)
  for (const name of Object.keys(TASK_RECORD.numbers) as TaskNumber[])
    emitNumberOf(cx, name, 9, 'task_struct', NUMBERS[name] ?? [])
  emitSharesFiles(cx)
  emitNamespaceNumbers(cx)
  emitUpperInode(cx)
  asm.movImm(R.length, TASK_RECORD.fixedSize)
  emitTexts(cx, out)
  emitEnd(cx, out)
  return {
    name: 'det_it_tasks',
    target: 'task',
    maps: [SCRATCH_MAP],
    instructions: asm.finish(),
    license: 'GPL',
  }
}

/** Whether the thread uses the same table of descriptors as its main thread. */
function emitSharesFiles(cx: Context): void {
  const {asm, types} = cx
  const differ = asm.label('own files')
  const files = types.offset('task_struct', 'files')
  asm.load(8, 1, 9, types.offset('task_struct', 'group_leader')).load(8, 1, 1, files)
  asm.load(8, 2, 9, files).jumpIf('jne', 1, 2, differ)
  asm.storeImm(8, R.scratch, cx.record.numbers.sharesFiles, 1).place(differ)
}

/** The thread's numbers in its innermost pid namespace, and what that namespace is. */
function emitNamespaceNumbers(cx: Context): void {
  const {asm, types} = cx
  const done = asm.label('numbers done')
  const signal = types.offset('task_struct', 'signal')
  const pids = types.address('signal_struct', [`pids[${PIDTYPE.group}]`])!.offset
  const leader = types.offset('task_struct', 'group_leader')
  const own = types.offset('task_struct', 'thread_pid')
  emitInnermost(cx, [own], done)
  asm.load(4, 1, 10, STACK.read)
  emitStore(cx, 'innerTid', 1)
  asm.load(8, 3, 10, STACK.read + 8).store(8, 10, STACK.start, 3)
  asm.aluImm('add', 3, types.offset('pid_namespace', 'ns.inum'))
  emitKernelRead(cx, STACK.read, 4, done)
  asm.load(4, 1, 10, STACK.read)
  emitStore(cx, 'pidNamespace', 1)
  asm.load(8, 3, 10, STACK.start).aluImm('add', 3, types.offset('pid_namespace', 'child_reaper'))
  emitKernelRead(cx, STACK.read, 8, done)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, done)
  asm.aluImm('add', 3, types.offset('task_struct', 'start_boottime'))
  emitKernelRead(cx, STACK.read, 8, done)
  asm.load(8, 1, 10, STACK.read)
  emitStore(cx, 'namespaceStart', 1)
  emitInnermost(cx, [leader, own], done)
  asm.load(4, 1, 10, STACK.read)
  emitStore(cx, 'innerPid', 1)
  emitInnermost(cx, [signal, pids], done)
  asm.load(4, 1, 10, STACK.read)
  emitStore(cx, 'innerGroup', 1)
  asm.place(done)
}

/** Puts the innermost number of the `struct pid` that the offsets lead to on the stack, its namespace 8 bytes behind. */
function emitInnermost(cx: Context, offsets: readonly number[], fault: Label): void {
  const {asm, types, btf} = cx
  asm.load(8, 3, 10, STACK.task)
  for (const [at, offset] of offsets.entries()) {
    if (at > 0) asm.load(8, 3, 10, STACK.read)
    asm.aluImm('add', 3, offset)
    emitKernelRead(cx, STACK.read, 8, fault)
  }
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, fault).store(8, 10, STACK.saved, 3)
  asm.aluImm('add', 3, types.offset('pid', 'level'))
  emitKernelRead(cx, STACK.read, 4, fault)
  asm.load(4, 1, 10, STACK.read).aluImm('mul', 1, sizeOfStruct(btf, 'upid'))
  asm.load(8, 3, 10, STACK.saved).aluImm('add', 3, types.offset('pid', 'numbers')).alu('add', 3, 1)
  emitKernelRead(cx, STACK.read, 16, fault)
}

/**
 * On overlayfs: the file in the upper layer. The pointer to its directory entry stands right behind the inode (linux v6.8
 * fs/overlayfs/ovl_entry.h, struct ovl_inode), outside of any type that the kernel describes.
 */
function emitUpperInode(cx: Context): void {
  const {asm, types, record} = cx
  const done = asm.label('layers done')
  const inode = types.address('task_struct', ['mm', 'exe_file', 'f_inode', 'i_ino'])!
  asm.load(8, 1, R.scratch, record.numbers.exeMagic)
  asm.movImm(2, OVERLAYFS_MAGIC).jumpIf('jne', 1, 2, done)
  emitLoads(asm, 3, 9, inode.steps)
  asm.aluImm('add', 3, sizeOfStruct(cx.btf, 'inode'))
  emitKernelRead(cx, STACK.read, 8, done)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, done)
  asm.aluImm('add', 3, types.offset('dentry', 'd_inode'))
  emitKernelRead(cx, STACK.read, 8, done)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, done)
  asm.aluImm('add', 3, types.offset('inode', 'i_ino'))
  emitKernelRead(cx, STACK.read, 8, done)
  asm.load(8, 1, 10, STACK.read)
  emitStore(cx, 'exeUpperInode', 1)
  asm.place(done)
}

/** Name, executable, working directory and control group. */
function emitTexts(cx: Context, out: Label): void {
  const {asm, types, record} = cx
  let limit = record.fixedSize
  const next = (name: keyof typeof TASK_RECORD.slots & string, emit: () => void): void => {
    emit()
    limit += record.slots[name].maxBytes
    emitForgetLength(cx, limit, out)
  }
  next('comm', () => {
    const slot = slotOf(cx, 'comm')
    emitDestination(cx)
    asm.movImm(2, slot.maxBytes).load(8, 3, 10, STACK.task)
    asm.aluImm('add', 3, types.offset('task_struct', 'comm')).call('probe_read_kernel_str')
    // A name that fills its place is whole: the last byte of 16 is the closing NUL.
    emitTextResult(cx, slot, slot.maxBytes + 1)
  })
  next('exePath', () => {
    const exe = types.address('task_struct', ['mm', 'exe_file', 'f_path'])!
    asm.load(8, 3, 10, STACK.task)
    emitLoads(asm, 3, 3, exe.steps)
    asm.aluImm('add', 3, exe.offset)
    emitPathWalk(cx, slotOf(cx, 'exePath'), walkLimit(limit))
  })
  next('cwd', () => {
    const directory = types.address('task_struct', ['fs', 'pwd'])!
    asm.load(8, 3, 10, STACK.task)
    emitLoads(asm, 3, 3, directory.steps)
    asm.aluImm('add', 3, directory.offset)
    emitPathWalk(cx, slotOf(cx, 'cwd'), walkLimit(limit))
  })
  next('cgroup', () => {
    const slot = slotOf(cx, 'cgroup')
    const node = firstWay(types, 'task_struct', [['cgroups', 'dfl_cgrp', 'kn']])
    if (node === undefined) return emitEmptySlot(cx, slot, SLOT_FLAG.none)
    asm.load(8, 3, 10, STACK.task)
    emitLoads(asm, 3, 3, node)
    emitNameWalk(cx, slot, walkLimit(limit))
  })
}
