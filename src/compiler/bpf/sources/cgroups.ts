import type {Label} from '../../../bpf/assembler.ts'
import {
  CGROUP_SUBSYSTEMS,
  CGROUPS_MAX,
  NAME_MAX,
  SLOT_FLAG,
  type Slot,
} from '../../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitDestination,
  emitForgetLength,
  emitKernelRead,
  R,
  STACK,
} from '../capture-context.ts'
import {emitLoads, type KernelTypes} from '../kernel-access.ts'
import {emitFinish} from '../path-walk.ts'

/** Most names of one control group's path that are kept. */
const CGROUP_DEPTH = 24
/** What stands for a path when the subsystem is on the default hierarchy. */
const ON_DEFAULT = '/'.charCodeAt(0)
/** Stack places: the node that is being read. */
const PLACE = {node: STACK.work, counter: STACK.saved} as const

/**
 * The control groups of a task: walks from each group's node up to the root of its hierarchy. Layout at `CGROUP_SUBSYSTEMS`. A
 * slot that had no room for the rest is marked as cut; the paths before are whole.
 */
export function emitCgroups(cx: CaptureContext, slot: Slot, startMax: number): void {
  const {asm, types} = cx
  const [cut, done] = [asm.label('cut'), asm.label('done')]
  const limit = startMax + CGROUPS_MAX
  const load = (target: 1 | 2, ...path: string[]): void => {
    asm.load(8, target, 10, STACK.task)
    emitLoads(asm, target, target, types.steps('task_struct', ['cgroups', ...path])!)
  }
  asm.store(8, 10, PLACE.counter, R.regs).store(8, 10, STACK.start, R.length)
  load(1, 'dfl_cgrp', 'kn')
  emitNodeWalk(cx, limit, cut)
  for (const subsystem of CGROUP_SUBSYSTEMS) {
    const [onDefault, next] = [asm.label('on default hierarchy'), asm.label('next subsystem')]
    const index = types.enumerator('cgroup_subsys_id', `${subsystem}_cgrp_id`)
    if (index !== undefined) {
      load(1, `subsys[${index}]`, 'cgroup', 'root')
      load(2, 'dfl_cgrp', 'root')
      asm.jumpIf('jeq', 1, 2, onDefault)
      load(1, `subsys[${index}]`, 'cgroup', 'kn')
      emitNodeWalk(cx, limit, cut)
      asm.jump(next)
    }
    asm.place(onDefault)
    emitForgetLength(cx, limit, cut)
    emitDestination(cx)
    asm.storeImm(2, 1, 0, ON_DEFAULT).aluImm('add', R.length, 2).place(next)
  }
  emitFinish(cx, slot, 0)
  asm.jump(done).place(cut)
  emitFinish(cx, slot, SLOT_FLAG.cut)
  asm.place(done).load(8, R.regs, 10, PLACE.counter)
}

/** Writes the names from the node in `r1` up to the root, whose name is empty. */
function emitNodeWalk(cx: CaptureContext, limit: number, cut: Label): void {
  const {asm, types} = cx
  const [loop, end] = [asm.label('node'), asm.label('root reached')]
  const parent = parentOffset(types)
  if (types.offset('kernfs_node', 'name') !== parent + 8)
    throw new Error('struct kernfs_node has an unknown order')
  asm.store(8, 10, PLACE.node, 1).movImm(R.regs, 0)
  asm.place(loop)
  emitForgetLength(cx, limit, cut)
  asm.jumpIfImm('jge', R.regs, CGROUP_DEPTH, cut).aluImm('add', R.regs, 1)
  asm.load(8, 3, 10, PLACE.node).aluImm('add', 3, parent)
  emitKernelRead(cx, STACK.read, 16, cut)
  emitDestination(cx)
  asm
    .movImm(2, NAME_MAX)
    .load(8, 3, 10, STACK.read + 8)
    .call('probe_read_kernel_str')
  asm.jumpIfImm('jsle', 0, 0, cut).jumpIfImm('jgt', 0, NAME_MAX, cut).alu('add', R.length, 0)
  asm.load(8, 1, 10, STACK.read).jumpIfImm('jeq', 1, 0, end)
  asm.store(8, 10, PLACE.node, 1).jump(loop).place(end)
}

/** The member was renamed when it came under RCU (linux v6.15 include/linux/kernfs.h). */
function parentOffset(types: KernelTypes): number {
  const member = types.has('kernfs_node', '__parent') ? '__parent' : 'parent'
  return types.offset('kernfs_node', member)
}
