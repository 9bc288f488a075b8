import type {Label, Reg} from '../../../bpf/assembler.ts'
import type {PidKind} from '../../../schema/capture.ts'
import type {Slot} from '../../../schema/record-layout.ts'
import {type CaptureContext, R, STACK} from '../capture-context.ts'
import {emitLoads} from '../kernel-access.ts'
import {emitReads} from '../kernel-reads.ts'
import {emitNumber, type SourceOf} from './number.ts'

/** Sources that look at one task: its numbers, memory and terminal. */

/** Places in `signal_struct.pids` (linux v6.8 include/linux/pid_types.h). */
const PID_TYPE: Readonly<Record<Exclude<PidKind, 'thread'>, number>> = {
  process: 1,
  group: 2,
  session: 3,
}
/** Counters of `mm_struct.rss_stat` (linux v6.8 include/linux/mm_types_task.h). */
const MM = {file: 0, anonymous: 1, swap: 2, shared: 3} as const
const MEMORY_COUNTERS = {
  resident: [MM.file, MM.anonymous, MM.shared],
  swapped: [MM.swap],
} as const
/** Pages of x86_64 are 4 kB: as a shift. */
const PAGE_KB_SHIFT = 2

/** Whether the new task shares a member with its maker: 1 or 0. */
export function emitShares(cx: CaptureContext, slot: Slot, member: string): void {
  const {asm} = cx
  const offset = cx.types.offset('task_struct', member)
  const differ = asm.label('differ')
  asm.storeImm(8, R.scratch, slot.offset, 0)
  asm.load(8, 1, 10, STACK.task).load(8, 1, 1, offset)
  asm.load(8, 2, R.ctx, 0).load(8, 2, 2, offset)
  asm.jumpIf('jne', 1, 2, differ).storeImm(8, R.scratch, slot.offset, 1).place(differ)
}

/** The controlling terminal as a kernel device number; 0 without one. */
export function emitTty(cx: CaptureContext, slot: Slot): void {
  const {asm} = cx
  emitTaskNumber(cx, 1, 'signal', 'tty', 'driver', 'major')
  emitTaskNumber(cx, 2, 'signal', 'tty', 'driver', 'minor_start')
  emitTaskNumber(cx, 3, 'signal', 'tty', 'index')
  asm.aluImm('lsh', 1, 20).alu('add', 1, 2).alu('add', 1, 3)
  emitNumber(cx, slot)
}

/** A number of the task in the innermost pid namespace. A group or session from outside of it has none there: 0. */
export function emitPidNumber(cx: CaptureContext, slot: Slot, of: PidKind): void {
  const {asm, types} = cx
  const [none, done] = [asm.label('no number'), asm.label('done')]
  const path = of === 'thread' ? ['thread_pid'] : ['signal', `pids[${PID_TYPE[of]}]`]
  emitTaskNumber(cx, 2, 'thread_pid', 'level')
  emitTaskNumber(cx, 3, ...path, 'level')
  asm.jumpIf('jgt', 2, 3, none)
  emitTaskNumber(cx, 3, ...path)
  emitNumbersEntry(cx, slot)
  emitReads(cx, 1, types.steps('upid', ['nr'])!, none)
  asm.jump(done).place(none).movImm(1, 0).place(done)
  emitNumber(cx, slot)
}

/** When the first process of the task's pid namespace started. */
export function emitNamespaceStart(cx: CaptureContext, slot: Slot): void {
  const {asm, types} = cx
  const [none, done] = [asm.label('no namespace'), asm.label('done')]
  emitActiveNamespace(cx, slot, none)
  emitReads(cx, 1, types.steps('pid_namespace', ['child_reaper', 'start_boottime'])!, none)
  asm.jump(done).place(none).movImm(1, 0).place(done)
  emitNumber(cx, slot)
}

/** `r3 =` the task's innermost pid namespace. Uses the slot for a moment. */
export function emitActiveNamespace(cx: CaptureContext, slot: Slot, none: Label): void {
  emitTaskNumber(cx, 2, 'thread_pid', 'level')
  emitTaskNumber(cx, 3, 'thread_pid')
  emitNumbersEntry(cx, slot)
  emitReads(cx, 3, cx.types.steps('upid', ['ns'])!, none)
}

/** `r3 =` the entry of `struct pid.numbers` at the level in `r2`, of the pid in `r3`. */
function emitNumbersEntry({asm, types}: CaptureContext, slot: Slot): void {
  // An address read from memory is a plain number, to which the kernel's verifier lets a variable be added.
  asm.store(8, R.scratch, slot.offset, 3).load(8, 3, R.scratch, slot.offset)
  asm.aluImm('mul', 2, types.size('upid')).alu('add', 3, 2)
  asm.aluImm('add', 3, types.offset('pid', 'numbers'))
}

/** Memory of the task's process in kB. */
export function emitMemory(cx: CaptureContext, slot: Slot, part: SourceOf<'memory'>['part']): void {
  const {asm, types} = cx
  if (part === 'size') {
    emitTaskNumber(cx, 1, 'mm', 'total_vm')
  } else {
    asm.movImm(1, 0)
    for (const counter of MEMORY_COUNTERS[part]) {
      const next = asm.label('next counter')
      // One counter for all processors since linux v6.2; before that a plain sum.
      const path = [
        ['mm', `rss_stat[${counter}]`, 'count'],
        ['mm', 'rss_stat', `count[${counter}]`, 'counter'],
      ].find(form => types.steps('task_struct', form) !== undefined)
      if (path === undefined) throw new Error('struct mm_struct has an unknown rss_stat')
      emitTaskNumber(cx, 2, ...path)
      // What single processors hold back can make the sum negative for a while.
      asm.jumpIfImm('jsle', 2, 0, next).alu('add', 1, 2).place(next)
    }
  }
  asm.aluImm('lsh', 1, PAGE_KB_SHIFT)
  emitNumber(cx, slot)
}

/** `target =` a number reached from the task. */
export function emitTaskNumber({asm, types}: CaptureContext, target: Reg, ...path: string[]): void {
  const steps = types.steps('task_struct', path)
  if (steps === undefined) throw new Error(`struct task_struct has no ${path.join('.')}`)
  asm.load(8, target, 10, STACK.task)
  emitLoads(asm, target, target, steps)
}
