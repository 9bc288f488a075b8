import {NAME_MAX, PATH_WALK_DEPTH, SLOT_FLAG, type Slot} from '../../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitDestination,
  emitEmptySlot,
  emitForgetLength,
  emitKernelRead,
  R,
  STACK,
} from '../capture-context.ts'

/**
 * Walks from a node of the kernel's file system for control groups (`struct kernfs_node`, in `r3`; 0 for none) up to the
 * root and writes the names NUL-terminated in that order, the root's own (empty) name left out. Bounds as for the walk of
 * paths; the length must not exceed `limit` less the longest path.
 */
export function emitNameWalk(cx: CaptureContext, slot: Slot, limit: number): void {
  const {asm, types} = cx
  const parent = types.has('kernfs_node', '__parent') ? '__parent' : 'parent'
  const parentOffset = types.offset('kernfs_node', parent)
  if (types.offset('kernfs_node', 'name') !== parentOffset + 8)
    throw new Error('struct kernfs_node has an unknown order')
  const [loop, whole, cut, fault, end] = [
    asm.label('loop'),
    asm.label('whole'),
    asm.label('cut'),
    asm.label('fault'),
    asm.label('end'),
  ]
  const finish = (flags: number): void => {
    asm.load(8, 1, 10, STACK.start).store(4, R.scratch, slot.offset, 1)
    asm
      .mov(2, R.length)
      .alu('sub', 2, 1)
      .store(2, R.scratch, slot.offset + 4, 2)
    asm.storeImm(2, R.scratch, slot.offset + 6, flags)
  }
  asm.store(8, 10, STACK.saved, R.regs).store(8, 10, STACK.start, R.length)
  asm.store(8, 10, STACK.dentry, 3).movImm(R.regs, 0)
  asm.jumpIfImm('jeq', 3, 0, fault)

  asm.place(loop)
  emitForgetLength(cx, limit, cut)
  asm.jumpIfImm('jge', R.regs, PATH_WALK_DEPTH, cut).aluImm('add', R.regs, 1)
  // Parent at read, address of the name at read + 8.
  asm.load(8, 3, 10, STACK.dentry).aluImm('add', 3, parentOffset)
  emitKernelRead(cx, STACK.read, 16, fault)
  asm.load(8, 1, 10, STACK.read).jumpIfImm('jeq', 1, 0, whole).store(8, 10, STACK.dentry, 1)
  emitDestination(cx)
  asm
    .movImm(2, NAME_MAX)
    .load(8, 3, 10, STACK.read + 8)
    .call('probe_read_kernel_str')
  asm.jumpIfImm('jsle', 0, 0, fault).jumpIfImm('jgt', 0, NAME_MAX, fault).alu('add', R.length, 0)
  asm.jump(loop)

  asm.place(whole)
  finish(0)
  asm.jump(end).place(cut)
  finish(SLOT_FLAG.cut)
  asm.jump(end).place(fault)
  asm.load(8, R.length, 10, STACK.start)
  emitEmptySlot(cx, slot, SLOT_FLAG.fault)
  asm.place(end).load(8, R.regs, 10, STACK.saved)
}
