import type {Label} from '../../../bpf/assembler.ts'
import type {Slot} from '../../../schema/record-layout.ts'
import {type CaptureContext, R, STACK} from '../capture-context.ts'
import {emitReads} from '../kernel-reads.ts'
import {emitNumber} from './number.ts'
import {emitActiveNamespace, emitTaskNumber} from './task.ts'

/** Ancestors looked at for one that adopts orphans. */
const ANCESTORS = 32
/** Threads of the heir's process looked at for one that is not ending. */
const THREADS = 128
const PF_EXITING = 4
/** Stack places: the task that is being looked at, its pid namespace level, the list's head. */
const PLACE = {task: STACK.work, level: STACK.work + 8, head: STACK.work + 16} as const

/**
 * The thread that takes over the children of the exiting one, found like the kernel does (linux v6.8 kernel/exit.c,
 * find_new_reaper): a living thread of its process, else of the nearest ancestor in its pid namespace that adopts orphans
 * (PR_SET_CHILD_SUBREAPER), else the namespace's first process.
 */
export function emitReaper(cx: CaptureContext, slot: Slot): void {
  const {asm, types} = cx
  const [ancestor, init, heir] = [asm.label('ancestor'), asm.label('init'), asm.label('heir')]
  const [none, done] = [asm.label('no heir'), asm.label('done')]
  const read = (...path: string[]): void => {
    asm.load(8, 3, 10, PLACE.task)
    emitReads(cx, 1, types.steps('task_struct', path)!, none)
  }
  asm.store(8, 10, STACK.saved, R.regs)
  asm.load(8, 1, 10, STACK.task).store(8, 10, PLACE.task, 1)
  asm.aluImm('add', 1, types.offset('task_struct', 'children'))
  emitTaskNumber(cx, 2, 'children', 'next')
  asm.jumpIf('jeq', 1, 2, none)

  emitTaskNumber(cx, 1, 'signal', 'live', 'counter')
  asm.jumpIfImm('jne', 1, 0, heir)
  emitTaskNumber(cx, 1, 'signal', 'has_child_subreaper')
  asm.jumpIfImm('jeq', 1, 0, init)
  emitTaskNumber(cx, 1, 'thread_pid', 'level')
  asm.store(8, 10, PLACE.level, 1).movImm(R.regs, 0)

  asm.place(ancestor)
  asm.jumpIfImm('jge', R.regs, ANCESTORS, init).aluImm('add', R.regs, 1)
  read('real_parent')
  asm.store(8, 10, PLACE.task, 1)
  read('thread_pid', 'level')
  asm.load(8, 2, 10, PLACE.level).jumpIf('jne', 1, 2, init)
  read('pid')
  asm.jumpIfImm('jeq', 1, 0, init)
  read('signal', 'is_child_subreaper')
  asm.jumpIfImm('jeq', 1, 0, ancestor)
  read('signal', 'live', 'counter')
  asm.jumpIfImm('jeq', 1, 0, ancestor).jump(heir)

  asm.place(init)
  emitActiveNamespace(cx, slot, none)
  emitReads(cx, 3, types.steps('pid_namespace', ['child_reaper'])!, none)
  asm.load(8, 1, 10, STACK.task).jumpIf('jeq', 1, 3, none)
  emitReads(cx, 1, types.steps('task_struct', ['pid'])!, none)
  asm.jump(done)

  asm.place(heir)
  emitLivingThread(cx, none)
  asm.jump(done).place(none).movImm(1, 0)
  asm.place(done).load(8, R.regs, 10, STACK.saved)
  emitNumber(cx, slot)
}

/** `r1 =` number of a thread that is not ending, of the process whose thread is on the stack. */
function emitLivingThread(cx: CaptureContext, none: Label): void {
  const {asm, types} = cx
  const [thread, found] = [asm.label('thread'), asm.label('found')]
  const link = types.offset('task_struct', 'thread_node')
  asm.load(8, 3, 10, PLACE.task)
  emitReads(cx, 3, types.steps('task_struct', ['signal'])!, none)
  asm.aluImm('add', 3, types.offset('signal_struct', 'thread_head'))
  asm.store(8, 10, PLACE.head, 3).movImm(R.regs, 0)

  asm.place(thread)
  asm.jumpIfImm('jge', R.regs, THREADS, none).aluImm('add', R.regs, 1)
  emitReads(cx, 3, types.steps('list_head', ['next'])!, none)
  asm.load(8, 1, 10, PLACE.head).jumpIf('jeq', 1, 3, none)
  asm.aluImm('sub', 3, link).store(8, 10, PLACE.task, 3)
  emitReads(cx, 1, types.steps('task_struct', ['flags'])!, none)
  asm.aluImm('and', 1, PF_EXITING).jumpIfImm('jeq', 1, 0, found)
  asm.load(8, 3, 10, PLACE.task).aluImm('add', 3, link).jump(thread)
  asm.place(found).load(8, 3, 10, PLACE.task)
  emitReads(cx, 1, types.steps('task_struct', ['pid'])!, none)
}
