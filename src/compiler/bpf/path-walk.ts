import type {Label} from '../../bpf/assembler.ts'
import {
  NAME_MAX,
  PATH_WALK_DEPTH,
  PATH_WALK_MAX,
  SLOT_FLAG,
  type Slot,
} from '../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitDestination,
  emitEmptySlot,
  emitForgetLength,
  emitKernelRead,
  R,
  STACK,
} from './capture-context.ts'

/**
 * Walks from a `struct path` up to the root of the mount tree, across mounts, and writes the names NUL-terminated in that
 * order: user space turns them round. This is the file as the kernel holds it: no link, `..` or mount trick is
 * left in it. `r3` holds the address of the `struct path`; the length must not exceed `limit - PATH_WALK_MAX`.
 *
 * A tree that does not hang on a mount namespace's root is marked as detached.
 *
 * Bounds: `PATH_WALK_DEPTH` names and `PATH_WALK_MAX` bytes, past which the path is marked as cut.
 */
export function emitPathWalk(cx: CaptureContext, slot: Slot, limit: number): void {
  const {asm, types} = cx
  const mountOffset = types.offset('mount', 'mnt')
  const parentOffset = types.offset('mount', 'mnt_parent')
  const entryOffset = types.offset('dentry', 'd_parent')
  if (types.offset('path', 'dentry') !== types.offset('path', 'mnt') + 8)
    throw new Error('struct path has an unknown order')
  if (types.offset('mount', 'mnt_mountpoint') !== parentOffset + 8)
    throw new Error('struct mount has an unknown order')
  if (types.offset('dentry', 'd_name') !== entryOffset + 8)
    throw new Error('struct dentry has an unknown order')

  const loop = asm.label('loop')
  const inMount = asm.label('in mount')
  const top = asm.label('top')
  const detached = asm.label('detached')
  const loose = asm.label('mount that hangs nowhere')
  const cut = asm.label('cut')
  const fault = asm.label('fault')
  const end = asm.label('end')

  asm.store(8, 10, STACK.saved, R.regs).store(8, 10, STACK.start, R.length)
  emitKernelRead(cx, STACK.mount, 16, fault)
  asm.movImm(R.regs, 0)

  asm.place(loop)
  emitForgetLength(cx, limit, cut)
  asm.jumpIfImm('jge', R.regs, PATH_WALK_DEPTH, cut).aluImm('add', R.regs, 1)
  asm.load(8, 3, 10, STACK.mount).aluImm('add', 3, types.offset('vfsmount', 'mnt_root'))
  emitKernelRead(cx, STACK.read, 8, fault)
  asm.load(8, 1, 10, STACK.read).load(8, 2, 10, STACK.dentry).jumpIf('jne', 1, 2, inMount)

  // At the root of a mount: go on where it is mounted, or stop at the root of them all.
  asm.load(8, 3, 10, STACK.mount).aluImm('add', 3, parentOffset - mountOffset)
  emitKernelRead(cx, STACK.read, 16, fault)
  asm.load(8, 1, 10, STACK.mount).aluImm('add', 1, -mountOffset)
  asm.load(8, 2, 10, STACK.read).jumpIf('jeq', 1, 2, top)
  asm.aluImm('add', 2, mountOffset).store(8, 10, STACK.mount, 2)
  asm
    .load(8, 1, 10, STACK.read + 8)
    .store(8, 10, STACK.dentry, 1)
    .jump(loop)

  // Parent at read, hash and length at read + 8, address of the name at read + 16.
  asm.place(inMount)
  asm.load(8, 3, 10, STACK.dentry).aluImm('add', 3, entryOffset)
  emitKernelRead(cx, STACK.read, 24, fault)
  const emitName = (): void => {
    emitDestination(cx)
    asm
      .movImm(2, NAME_MAX)
      .load(8, 3, 10, STACK.read + 16)
      .call('probe_read_kernel_str')
    asm.jumpIfImm('jsle', 0, 0, fault).jumpIfImm('jgt', 0, NAME_MAX, fault).alu('add', R.length, 0)
  }
  asm.load(8, 1, 10, STACK.read).load(8, 2, 10, STACK.dentry).jumpIf('jeq', 1, 2, detached)
  emitName()
  asm.load(8, 1, 10, STACK.read).store(8, 10, STACK.dentry, 1)
  asm.jump(loop)

  asm.place(detached)
  emitName()
  emitFinish(cx, slot, SLOT_FLAG.detached)
  asm.jump(end)
  asm.place(top)
  emitNamespaceTest(cx, loose)
  emitFinish(cx, slot, SLOT_FLAG.whole)
  asm.jump(end).place(loose)
  emitFinish(cx, slot, SLOT_FLAG.detached)
  asm.jump(end)
  asm.place(cut)
  emitFinish(cx, slot, SLOT_FLAG.cut)
  asm.jump(end)
  asm.place(fault)
  asm.load(8, R.length, 10, STACK.start)
  emitEmptySlot(cx, slot, SLOT_FLAG.fault)
  asm.place(end).load(8, R.regs, 10, STACK.saved)
}

/**
 * Jumps when the topmost mount, on the stack, is in no mount namespace that anybody sees: unmounted while in use, or made by
 * open_tree and fsmount and never moved to its place. Paths there look like those of other files.
 */
function emitNamespaceTest(cx: CaptureContext, loose: Label): void {
  const {asm, types} = cx
  const mountOffset = types.offset('mount', 'mnt')
  // Namespaces that hold such mounts only are not numbered.
  const number = ['ns.ns_id', 'seq'].find(member => types.has('mnt_namespace', member))
  asm.load(8, 3, 10, STACK.mount).aluImm('add', 3, types.offset('mount', 'mnt_ns') - mountOffset)
  emitKernelRead(cx, STACK.read, 8, loose)
  asm.load(8, 3, 10, STACK.read).jumpIfImm('jeq', 3, 0, loose)
  if (number === undefined) return
  asm.aluImm('add', 3, types.offset('mnt_namespace', number))
  emitKernelRead(cx, STACK.read, 8, loose)
  asm.load(8, 1, 10, STACK.read).jumpIfImm('jeq', 1, 0, loose)
}

/** Fills a variable slot whose data reaches from the start on the stack to the length so far. */
export function emitFinish({asm}: CaptureContext, slot: Slot, flags: number): void {
  asm.load(8, 1, 10, STACK.start).store(4, R.scratch, slot.offset, 1)
  asm
    .mov(2, R.length)
    .alu('sub', 2, 1)
    .store(2, R.scratch, slot.offset + 4, 2)
  asm.storeImm(2, R.scratch, slot.offset + 6, flags)
}

/** The largest length that a walk may reach before its last name, given the largest length it may begin at. */
export function walkLimit(startMax: number): number {
  return startMax + PATH_WALK_MAX
}
