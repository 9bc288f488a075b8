import type {Label} from '../../../bpf/assembler.ts'
import {SLOT_FLAG, type Slot} from '../../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitArgument,
  emitDestination,
  emitEmptySlot,
  emitForgetLength,
  emitResult,
  emitSlot,
  emitTextResult,
  R,
  SCRATCH_SIZE,
  STACK,
} from '../capture-context.ts'
import {emitLoads} from '../kernel-access.ts'
import {emitFinish} from '../path-walk.ts'
import {emitBase, type SourceOf, STRUCT_OF} from './number.ts'
import {emitArgumentTest} from './operand.ts'

/** Sources of text and bytes: user memory, kernel text. */

/** Most texts of an array. */
const TEXTS_MAX = 64

/** Text that an argument points to. */
export function emitUserText(
  cx: CaptureContext,
  slot: Slot,
  {index, when}: SourceOf<'text'>,
): void {
  const {asm} = cx
  const [wanted, done] = [asm.label('wanted'), asm.label('done')]
  if (when !== undefined) {
    emitArgumentTest(cx, when, wanted)
    emitEmptySlot(cx, slot, SLOT_FLAG.none)
    asm.jump(done)
  }
  asm.place(wanted)
  emitDestination(cx)
  emitArgument(cx, 3, index)
  asm.movImm(2, slot.maxBytes).call('probe_read_user_str')
  emitTextResult(cx, slot, slot.maxBytes)
  asm.place(done)
}

/**
 * Texts that an array of pointers points to, up to its closing null pointer. What does not fit, more than `TEXTS_MAX` texts
 * and unreadable ones end it, marked as cut. The record must have room for twice the slot's bytes.
 */
export function emitUserTexts(
  cx: CaptureContext,
  slot: Slot,
  index: number,
  startMax: number,
): void {
  const {asm} = cx
  const max = slot.maxBytes
  if (startMax + 2 * max > SCRATCH_SIZE) throw new Error(`no room for ${slot.name}`)
  const pointer = cx.abi === 'i386' ? 4 : 8
  const [loop, whole, cut] = [asm.label('loop'), asm.label('whole'), asm.label('cut')]
  const done = asm.label('done')
  const place = {array: STACK.work, text: STACK.work + 8, room: STACK.work + 16}
  asm.store(8, 10, STACK.saved, R.regs).store(8, 10, STACK.start, R.length)
  emitArgument(cx, 3, index)
  asm.movImm(R.regs, 0).jumpIfImm('jeq', 3, 0, whole)

  asm.place(loop).store(8, 10, place.array, 3)
  emitForgetLength(cx, startMax + max, cut)
  asm.jumpIfImm('jge', R.regs, TEXTS_MAX, cut).aluImm('add', R.regs, 1)
  asm.mov(1, 10).aluImm('add', 1, place.text).movImm(2, pointer).call('probe_read_user')
  asm.jumpIfImm('jne', 0, 0, cut)
  asm.load(pointer, 3, 10, place.text).jumpIfImm('jeq', 3, 0, whole)
  asm.load(8, 2, 10, STACK.start).aluImm('add', 2, max).alu('sub', 2, R.length)
  asm.jumpIfImm('jsle', 2, 0, cut).jumpIfImm('jgt', 2, max, cut).store(8, 10, place.room, 2)
  emitDestination(cx)
  asm.call('probe_read_user_str')
  asm.jumpIfImm('jsle', 0, 0, cut).jumpIfImm('jgt', 0, max, cut).alu('add', R.length, 0)
  asm.load(8, 2, 10, place.room).jumpIf('jeq', 0, 2, cut)
  asm.load(8, 3, 10, place.array).aluImm('add', 3, pointer).jump(loop)

  asm.place(whole)
  emitFinish(cx, slot, 0)
  asm.jump(done).place(cut)
  emitFinish(cx, slot, SLOT_FLAG.cut)
  asm.place(done).load(8, R.regs, 10, STACK.saved)
}

/** Kernel text, behind a pointer or in an array. */
export function emitKernelText(
  cx: CaptureContext,
  slot: Slot,
  source: SourceOf<'kernelText' | 'kernelArray'>,
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
export function emitUserBytes(cx: CaptureContext, slot: Slot, max: number): void {
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

function emitCopy(cx: CaptureContext, fault: Label): void {
  emitDestination(cx)
  cx.asm.call('probe_read_user').jumpIfImm('jne', 0, 0, fault)
}

/** The first bytes of a buffer: as many as the call moved, or was to move. */
export function emitBuffer(cx: CaptureContext, slot: Slot, source: SourceOf<'buffer'>): void {
  const {asm} = cx
  emitResult(cx, 2)
  if (source.lengthIndex !== undefined) {
    const moved = asm.label('moved')
    asm.jumpIfImm('jsgt', 2, 0, moved)
    emitArgument(cx, 2, source.lengthIndex)
    asm.place(moved)
  }
  emitArgument(cx, 3, source.index)
  emitUserBytes(cx, slot, source.max)
}

/** User memory between two addresses of the memory description. */
export function emitRange(cx: CaptureContext, slot: Slot, source: SourceOf<'range'>): void {
  const {asm, types} = cx
  asm.load(8, 1, 10, STACK.task).load(8, 1, 1, types.offset('task_struct', 'mm'))
  asm
    .load(8, 3, 1, types.offset('mm_struct', source.start))
    .load(8, 2, 1, types.offset('mm_struct', source.end))
  asm.alu('sub', 2, 3)
  emitUserBytes(cx, slot, source.max)
}
