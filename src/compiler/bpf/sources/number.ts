import type {KernelBase, Source} from '../../../schema/capture.ts'
import {PRCTL_TEXT_OPTIONS} from '../../../schema/captures/rows.ts'
import type {Slot} from '../../../schema/record-layout.ts'
import {COMPAT_BIT} from '../../../schema/tables/compat-calls.ts'
import {type CaptureContext, emitArgument, R, STACK} from '../capture-context.ts'
import {emitLoads} from '../kernel-access.ts'
import {TS_COMPAT} from '../tracepoint-entries.ts'

/** Sources of numbers: registers, members of user structures, members of kernel objects. */

/** An option of prctl (linux v6.8 include/uapi/linux/prctl.h). */
const PR_GET_CHILD_SUBREAPER = 37

/** The sources of one family. */
export type SourceOf<From extends Source['from']> = Extract<Source, {from: From}>

/** The struct that each kernel object is. */
export const STRUCT_OF: Readonly<Record<KernelBase, string>> = {
  task: 'task_struct',
  maker: 'task_struct',
  bprm: 'linux_binprm',
}

/** Stores `r1` as the value of a number slot. */
export function emitNumber({asm}: CaptureContext, slot: Slot): void {
  asm.store(8, R.scratch, slot.offset, 1)
}

/** `r1 =` the kernel object that a path begins at. */
export function emitBase({asm}: CaptureContext, base: KernelBase): void {
  if (base === 'task') asm.load(8, 1, 10, STACK.task)
  else if (base === 'maker') asm.load(8, 1, R.ctx, 0)
  else asm.mov(1, R.regs)
}

/** `r1 =` an argument register, cut to its type. */
export function emitArgumentValue(cx: CaptureContext, {index, as}: SourceOf<'arg'>): void {
  emitArgument(cx, 1, index)
  // The registers of a 32-bit call hold 32 bits.
  if (as === 's32' || (as === 's64' && cx.abi !== 'x86_64')) cx.asm.signExtend32(1)
  if (as === 'u32') cx.asm.mov32(1, 1)
}

const MEMBER_WIDTHS = {u64: 8, long: 8, s32: 4, u32: 4, u16: 2, s16: 2} as const

/** `r1 =` a member of a structure in user memory; what stands for it where that memory cannot be read. */
export function emitMemberValue(cx: CaptureContext, source: SourceOf<'member'>): void {
  const {asm} = cx
  const {as = 'u64', missing = 0} = source
  const isHalf = as === 'long' && cx.abi !== 'x86_64'
  const width = isHalf ? 4 : MEMBER_WIDTHS[as]
  const [fault, done] = [asm.label('fault'), asm.label('done')]
  emitArgument(cx, 3, source.index)
  asm.aluImm('add', 3, isHalf ? source.offset / 2 : source.offset)
  asm.mov(1, 10).aluImm('add', 1, STACK.work).movImm(2, width)
  asm.call('probe_read_user').jumpIfImm('jne', 0, 0, fault)
  asm.load(width, 1, 10, STACK.work)
  if (as === 's32') asm.signExtend32(1)
  if (as === 's16') asm.aluImm('lsh', 1, 48).aluImm('arsh', 1, 48)
  asm.jump(done).place(fault).movImm(1, missing).place(done)
}

/** A number reached from a kernel object. */
export function emitKernelNumber(cx: CaptureContext, slot: Slot, source: SourceOf<'kernel'>): void {
  const steps = cx.types.steps(STRUCT_OF[source.base], source.path)
  if (steps === undefined) {
    cx.asm.movImm(1, source.missing ?? 0)
  } else {
    emitBase(cx, source.base)
    emitLoads(cx.asm, 1, 1, steps)
  }
  emitNumber(cx, slot)
}

/** The number of the call that is running. */
export function emitCallNumber(cx: CaptureContext, slot: Slot): void {
  cx.asm.call('get_current_task_btf').mov(1, 0).call('task_pt_regs')
  cx.asm.load(8, 1, 0, cx.types.offset('pt_regs', 'orig_ax'))
  emitCompatBit(cx)
  emitNumber(cx, slot)
}

/** Marks the system call number in r1 when it belongs to the 32-bit table. Loses r0 and r2. */
function emitCompatBit({asm, types}: CaptureContext): void {
  const native = asm.label('64-bit call')
  asm.store(8, 10, STACK.saved, 1).call('get_current_task_btf').load(8, 1, 10, STACK.saved)
  asm.load(4, 2, 0, types.offset('task_struct', 'thread_info.status')).aluImm('and', 2, TS_COMPAT)
  asm.jumpIfImm('jeq', 2, 0, native).aluImm('or', 1, COMPAT_BIT).place(native)
}

/** The second argument of `prctl`: a number, or what the option says it points to. */
export function emitPrctlNumber(cx: CaptureContext, slot: Slot): void {
  const {asm} = cx
  const [text, pointer, done] = [asm.label('text'), asm.label('pointer'), asm.label('done')]
  emitArgument(cx, 2, 0)
  asm.mov32(2, 2)
  for (const option of PRCTL_TEXT_OPTIONS) asm.jumpIfImm('jeq', 2, option, text)
  asm.jumpIfImm('jeq', 2, PR_GET_CHILD_SUBREAPER, pointer)
  emitArgumentValue(cx, {from: 'arg', index: 1, as: 's64'})
  asm.jump(done).place(pointer)
  emitMemberValue(cx, {from: 'member', index: 1, offset: 0, as: 's32'})
  asm.jump(done).place(text).movImm(1, 0).place(done)
  emitNumber(cx, slot)
}
