import type {Reg} from '../../bpf/assembler.ts'
import type {KernelBase, Source} from '../../schema/capture.ts'
import {SLOT_FLAG, type Slot, SOCKADDR_MAX, SOCKET_BLOCK} from '../../schema/record-layout.ts'
import {COMPAT_BIT} from '../../schema/tables/compat-calls.ts'
import {
  type CaptureContext,
  emitArgument,
  emitDestination,
  emitEmptySlot,
  emitKernelRead,
  emitSlot,
  emitTextResult,
  R,
  STACK,
} from './capture-context.ts'
import {emitLoads} from './kernel-access.ts'
import {emitPathWalk, walkLimit} from './path-walk.ts'
import {TS_COMPAT} from './tracepoint-entries.ts'

const AT_FDCWD = -100
/** Ancestors looked at for a child subreaper. */
const REAPER_DEPTH = 12
const STRUCT_OF: Record<KernelBase, string> = {
  task: 'task_struct',
  maker: 'task_struct',
  bprm: 'linux_binprm',
}

/**
 * Emits the code that fills one slot. `startMax` is the largest length that the record can have by then. Values that
 * this kernel's types do not know are left empty.
 */
export function emitSource(cx: CaptureContext, slot: Slot, startMax: number): void {
  const {source} = slot
  switch (source.from) {
    case 'ret':
      cx.asm.load(8, 1, R.ctx, 8)
      return emitNumber(cx, slot)
    case 'arg':
      return emitArgumentValue(cx, slot, source)
    case 'member':
      return emitMember(cx, slot, source)
    case 'kernel':
      return emitKernelNumber(cx, slot, source)
    case 'shares':
      return emitShares(cx, slot, source.member)
    case 'tty':
      return emitTty(cx, slot)
    case 'reaper':
      return emitReaper(cx, slot)
    case 'syscall':
      cx.asm.call('get_current_task_btf').mov(1, 0).call('task_pt_regs')
      cx.asm.load(8, 1, 0, cx.types.offset('pt_regs', 'orig_ax'))
      emitCompatBit(cx)
      return emitNumber(cx, slot)
    case 'text':
      emitDestination(cx)
      emitArgument(cx, 3, source.index)
      cx.asm.movImm(2, slot.maxBytes).call('probe_read_user_str')
      return emitTextResult(cx, slot, slot.maxBytes)
    case 'kernelText':
    case 'kernelArray':
      return emitKernelText(cx, slot, source)
    case 'buffer':
      cx.asm.load(8, 2, R.ctx, 8)
      emitArgument(cx, 3, source.index)
      return emitUserBytes(cx, slot, source.max)
    case 'sockaddr':
      emitArgument(cx, 2, source.lengthIndex)
      emitArgument(cx, 3, source.index)
      cx.asm.signExtend32(2)
      return emitUserBytes(cx, slot, SOCKADDR_MAX)
    case 'range':
      return emitRange(cx, slot, source)
    case 'path':
      return emitKernelPath(cx, slot, source, startMax)
    case 'dirPath':
      return emitDirectoryPath(cx, slot, source, startMax)
    case 'socket':
      return emitSocket(cx, slot, source.index)
  }
}

type Of<From extends Source['from']> = Extract<Source, {from: From}>

/** Marks the system call number in r1 when it belongs to the 32-bit table. Loses r0 and r2. */
function emitCompatBit({asm, types}: CaptureContext): void {
  const native = asm.label('64-bit call')
  asm.store(8, 10, STACK.saved, 1).call('get_current_task_btf').load(8, 1, 10, STACK.saved)
  asm.load(4, 2, 0, types.offset('task_struct', 'thread_info.status')).aluImm('and', 2, TS_COMPAT)
  asm.jumpIfImm('jeq', 2, 0, native).aluImm('or', 1, COMPAT_BIT).place(native)
}

function emitNumber({asm}: CaptureContext, slot: Slot): void {
  asm.store(8, R.scratch, slot.offset, 1)
}

function emitArgumentValue(cx: CaptureContext, slot: Slot, source: Of<'arg'>): void {
  emitArgument(cx, 1, source.index)
  if (source.as === 's32') cx.asm.signExtend32(1)
  if (source.as === 'u32') cx.asm.mov32(1, 1)
  emitNumber(cx, slot)
}

function emitMember(cx: CaptureContext, slot: Slot, source: Of<'member'>): void {
  const {asm} = cx
  emitArgument(cx, 3, source.index)
  asm.aluImm('add', 3, source.offset).mov(1, R.scratch).aluImm('add', 1, slot.offset)
  // On a fault the helper clears the destination.
  asm.movImm(2, 8).call('probe_read_user')
}

/** `r1 =` the kernel object that a path begins at. */
function emitBase({asm}: CaptureContext, base: KernelBase): void {
  if (base === 'task') asm.load(8, 1, 10, STACK.task)
  else if (base === 'maker') asm.load(8, 1, R.ctx, 0)
  else asm.mov(1, R.regs)
}

function emitKernelNumber(cx: CaptureContext, slot: Slot, source: Of<'kernel'>): void {
  const steps = cx.types.steps(STRUCT_OF[source.base], source.path)
  if (steps === undefined) {
    cx.asm.storeImm(8, R.scratch, slot.offset, 0)
    return
  }
  emitBase(cx, source.base)
  emitLoads(cx.asm, 1, 1, steps)
  emitNumber(cx, slot)
}

function emitShares(cx: CaptureContext, slot: Slot, member: string): void {
  const {asm} = cx
  const offset = cx.types.offset('task_struct', member)
  const differ = asm.label('differ')
  asm.storeImm(8, R.scratch, slot.offset, 0)
  asm.load(8, 1, 10, STACK.task).load(8, 1, 1, offset)
  asm.load(8, 2, R.ctx, 0).load(8, 2, 2, offset)
  asm.jumpIf('jne', 1, 2, differ).storeImm(8, R.scratch, slot.offset, 1).place(differ)
}

function emitTty(cx: CaptureContext, slot: Slot): void {
  const {asm, types} = cx
  const load = (target: Reg, ...path: string[]): void => {
    asm.load(8, target, 10, STACK.task)
    emitLoads(asm, target, target, types.steps('task_struct', ['signal', 'tty', ...path])!)
  }
  load(1, 'driver', 'major')
  load(2, 'driver', 'minor_start')
  load(3, 'index')
  asm.aluImm('lsh', 1, 20).alu('add', 1, 2).alu('add', 1, 3)
  emitNumber(cx, slot)
}

/**
 * The nearest ancestor that adopts orphans (PR_SET_CHILD_SUBREAPER), else the init of the pid namespace. Children of a
 * thread group that lives on stay with it, which user space knows.
 */
function emitReaper(cx: CaptureContext, slot: Slot): void {
  const {asm, types} = cx
  const done = asm.label('reaper found')
  const subreaper = types.steps('task_struct', ['signal', 'is_child_subreaper'])!
  asm.load(8, 1, 10, STACK.task)
  emitLoads(
    asm,
    3,
    1,
    types.steps('task_struct', ['nsproxy', 'pid_ns_for_children', 'child_reaper', 'tgid'])!,
  )
  emitLoads(asm, 4, 1, types.steps('task_struct', ['signal', 'has_child_subreaper'])!)
  asm.jumpIfImm('jeq', 4, 0, done)
  for (let depth = 0; depth < REAPER_DEPTH; depth++) {
    const next = asm.label('next ancestor')
    asm
      .load(8, 1, 1, types.offset('task_struct', 'real_parent'))
      .load(4, 4, 1, types.offset('task_struct', 'tgid'))
    asm.jumpIf('jeq', 4, 3, done)
    emitLoads(asm, 5, 1, subreaper)
    asm.jumpIfImm('jeq', 5, 0, next).mov(3, 4).jump(done).place(next)
  }
  asm.place(done).mov(1, 3)
  emitNumber(cx, slot)
}

function emitKernelText(
  cx: CaptureContext,
  slot: Slot,
  source: Of<'kernelText' | 'kernelArray'>,
): void {
  const {asm, types} = cx
  const struct = STRUCT_OF[source.base]
  emitBase(cx, source.base)
  if (source.from === 'kernelText') {
    emitLoads(asm, 3, 1, types.steps(struct, source.path)!)
  } else {
    const {steps, offset} = types.address(struct, source.path)!
    emitLoads(asm, 1, 1, steps)
    asm.mov(3, 1).aluImm('add', 3, offset)
  }
  emitDestination(cx)
  asm.movImm(2, slot.maxBytes).call('probe_read_kernel_str')
  emitTextResult(cx, slot, slot.maxBytes)
}

/** Copies `r2` bytes (signed, at most `max`) of user memory at `r3`. Nothing is copied when `r2` is not positive. */
function emitUserBytes(cx: CaptureContext, slot: Slot, max: number): void {
  const {asm} = cx
  const [copy, cut, none, fault, done] = [
    asm.label('copy'),
    asm.label('cut'),
    asm.label('none'),
    asm.label('fault'),
    asm.label('done'),
  ]
  asm.jumpIfImm('jsle', 2, 0, none).jumpIfImm('jgt', 2, max, cut)
  asm.store(8, 10, STACK.saved, 2)
  emitCopy(cx, fault)
  asm.load(8, 0, 10, STACK.saved)
  emitSlot(cx, slot, 0)
  asm.alu('add', R.length, 0).jump(done)
  asm.place(cut).movImm(2, max).place(copy)
  emitCopy(cx, fault)
  asm.movImm(0, max)
  emitSlot(cx, slot, SLOT_FLAG.cut)
  asm.aluImm('add', R.length, max).jump(done)
  asm.place(none)
  emitEmptySlot(cx, slot, 0)
  asm.jump(done).place(fault)
  emitEmptySlot(cx, slot, SLOT_FLAG.fault)
  asm.place(done)
}

function emitCopy(cx: CaptureContext, fault: ReturnType<CaptureContext['asm']['label']>): void {
  emitDestination(cx)
  cx.asm.call('probe_read_user').jumpIfImm('jne', 0, 0, fault)
}

function emitRange(cx: CaptureContext, slot: Slot, source: Of<'range'>): void {
  const {asm, types} = cx
  asm.load(8, 1, 10, STACK.task).load(8, 1, 1, types.offset('task_struct', 'mm'))
  asm
    .load(8, 3, 1, types.offset('mm_struct', source.start))
    .load(8, 2, 1, types.offset('mm_struct', source.end))
  asm.alu('sub', 2, 3)
  emitUserBytes(cx, slot, source.max)
}

function emitKernelPath(
  cx: CaptureContext,
  slot: Slot,
  source: Of<'path'>,
  startMax: number,
): void {
  const {steps, offset} = cx.types.address(STRUCT_OF[source.base], source.path)!
  emitBase(cx, source.base)
  emitLoads(cx.asm, 1, 1, steps)
  cx.asm.mov(3, 1).aluImm('add', 3, offset)
  emitPathWalk(cx, slot, walkLimit(startMax))
}

/** `r3 =` the kernel's file behind the descriptor in `r4`; jumps to `none` when there is none. Loses r0–r5. */
function emitFile(cx: CaptureContext, none: ReturnType<CaptureContext['asm']['label']>): void {
  const {asm, types} = cx
  asm.load(8, 1, 10, STACK.task)
  emitLoads(asm, 1, 1, [
    {offset: types.offset('task_struct', 'files'), width: 8},
    {offset: types.offset('files_struct', 'fdt'), width: 8},
  ])
  asm.load(4, 2, 1, types.offset('fdtable', 'max_fds')).load(8, 3, 1, types.offset('fdtable', 'fd'))
  asm.mov32(4, 4).jumpIf('jge', 4, 2, none)
  asm.aluImm('lsh', 4, 3).alu('add', 3, 4)
  emitKernelRead(cx, STACK.read, 8, none)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, none)
}

function emitDirectoryPath(
  cx: CaptureContext,
  slot: Slot,
  source: Of<'dirPath'>,
  startMax: number,
): void {
  const {asm, types} = cx
  const [none, done] = [asm.label('no directory'), asm.label('done')]
  emitArgument(cx, 4, source.index)
  asm.signExtend32(4).jumpIfImm('jeq', 4, AT_FDCWD, none)
  asm.mov(1, 10).aluImm('add', 1, STACK.read).movImm(2, 1)
  emitArgument(cx, 3, source.nameIndex)
  asm.storeImm(8, 10, STACK.read, 0).call('probe_read_user').load(1, 1, 10, STACK.read)
  asm.jumpIfImm('jeq', 1, '/'.charCodeAt(0), none)
  emitArgument(cx, 4, source.index)
  emitFile(cx, none)
  asm.aluImm('add', 3, types.offset('file', 'f_path'))
  emitPathWalk(cx, slot, walkLimit(startMax))
  asm.jump(done).place(none)
  emitEmptySlot(cx, slot, 0)
  asm.place(done)
}

/** Copies the parts of `struct sock` named in `SOCKET_BLOCK`. Descriptors that are no sockets leave the slot empty. */
function emitSocket(cx: CaptureContext, slot: Slot, index: number): void {
  const {asm, types} = cx
  const [none, done] = [asm.label('no socket'), asm.label('done')]
  const S_IFMT = 0o170000
  const S_IFSOCK = 0o140000
  emitArgument(cx, 4, index)
  emitFile(cx, none)
  asm.store(8, 10, STACK.saved, 3)
  asm.aluImm('add', 3, types.offset('file', 'f_inode'))
  emitKernelRead(cx, STACK.read, 8, none)
  asm.load(8, 3, 10, STACK.read).aluImm('add', 3, types.offset('inode', 'i_mode'))
  emitKernelRead(cx, STACK.read, 2, none)
  asm.load(2, 1, 10, STACK.read).aluImm('and', 1, S_IFMT).jumpIfImm('jne', 1, S_IFSOCK, none)
  asm.load(8, 3, 10, STACK.saved).aluImm('add', 3, types.offset('file', 'private_data'))
  emitKernelRead(cx, STACK.read, 8, none)
  asm.load(8, 3, 10, STACK.read).aluImm('add', 3, types.offset('socket', 'sk'))
  emitKernelRead(cx, STACK.read, 8, none)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, none).store(8, 10, STACK.saved, 3)
  const parts: readonly (readonly [from: number, to: number, size: number])[] = [
    [types.offset('sock_common', 'skc_daddr'), SOCKET_BLOCK.remote4, 8],
    [types.offset('sock_common', 'skc_dport'), SOCKET_BLOCK.remotePort, 4],
    [types.offset('sock_common', 'skc_family'), SOCKET_BLOCK.family, 2],
    [types.offset('sock', 'sk_type'), SOCKET_BLOCK.type, 2],
    [types.offset('sock', 'sk_protocol'), SOCKET_BLOCK.protocol, 2],
    [types.offset('sock_common', 'skc_v6_daddr'), SOCKET_BLOCK.remote6, 16],
    [types.offset('sock_common', 'skc_v6_rcv_saddr'), SOCKET_BLOCK.local6, 16],
  ]
  for (const [from, to, size] of parts) {
    emitDestination(cx)
    asm.aluImm('add', 1, to).movImm(2, size).load(8, 3, 10, STACK.saved).aluImm('add', 3, from)
    asm.call('probe_read_kernel').jumpIfImm('jne', 0, 0, none)
  }
  asm.movImm(0, SOCKET_BLOCK.size)
  emitSlot(cx, slot, 0)
  asm.aluImm('add', R.length, SOCKET_BLOCK.size).jump(done).place(none)
  emitEmptySlot(cx, slot, 0)
  asm.place(done)
}
