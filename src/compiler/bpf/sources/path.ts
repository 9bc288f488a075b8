import type {Label} from '../../../bpf/assembler.ts'
import type {Slot} from '../../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitArgument,
  emitEmptySlot,
  emitKernelRead,
  STACK,
} from '../capture-context.ts'
import {emitLoads} from '../kernel-access.ts'
import {emitPathWalk, walkLimit} from '../path-walk.ts'
import {emitBase, type SourceOf, STRUCT_OF} from './number.ts'

/** Sources of paths: files and directories as the kernel holds them. */

const AT_FDCWD = -100

/** A `struct path` in a kernel object. */
export function emitKernelPath(
  cx: CaptureContext,
  slot: Slot,
  source: SourceOf<'path'>,
  startMax: number,
): void {
  const {steps, offset} = cx.types.address(STRUCT_OF[source.base], source.path)!
  emitBase(cx, source.base)
  emitLoads(cx.asm, 1, 1, steps)
  cx.asm.mov(3, 1).aluImm('add', 3, offset)
  emitPathWalk(cx, slot, walkLimit(startMax))
}

/** `r3 =` the kernel's file behind the descriptor in `r4`; jumps to `none` when there is none. Loses r0–r5. */
export function emitFile(cx: CaptureContext, none: Label): void {
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

/** The directory that a relative name begins at, when a descriptor names it. */
export function emitDirectoryPath(
  cx: CaptureContext,
  slot: Slot,
  source: SourceOf<'dirPath'>,
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
