import type {Slot} from '../../../schema/record-layout.ts'
import {type CaptureContext, STACK} from '../capture-context.ts'
import {TS_COMPAT} from '../tracepoint-entries.ts'
import {emitNumber} from './number.ts'
import {emitTaskNumber} from './task.ts'

/** Numbers of the calls that take flags, in the 64-bit table and in the 32-bit one. */
const CLONE = {native: 56, compat: 120} as const
const CLONE3 = 435
const PF_KTHREAD = 0x200000
/** Bit of the event's flags: the task is in a pid namespace below the first one. */
const CHILD_IN_PIDNS = 1n << 29n

/**
 * Flags of the call by which the running task makes another: a register of clone, the first member of the structure that clone3
 * gets; fork and vfork have none. In the upper half stands whether the children of the record's task are in an inner pid
 * namespace.
 */
export function emitCloneFlags(cx: CaptureContext, slot: Slot): void {
  const {asm, types} = cx
  const [compat, register, struct] = [
    asm.label('32-bit call'),
    asm.label('flags in register'),
    asm.label('flags in memory'),
  ]
  const [none, known, first] = [asm.label('no flags'), asm.label('known'), asm.label('first level')]
  const task = (member: string): number => types.offset('task_struct', member)
  const regs = (member: string): number => types.offset('pt_regs', member)

  asm.call('get_current_task_btf').load(4, 1, 0, task('flags'))
  // Programs that the kernel starts by itself come from a thread without a call.
  asm.aluImm('and', 1, PF_KTHREAD).jumpIfImm('jne', 1, 0, none)
  asm.load(4, 1, 0, task('thread_info.status')).aluImm('and', 1, TS_COMPAT)
  asm.store(8, 10, STACK.work, 1).mov(1, 0).call('task_pt_regs')
  asm.load(8, 1, 0, regs('orig_ax')).load(8, 2, 10, STACK.work).jumpIfImm('jne', 2, 0, compat)
  asm.load(8, 3, 0, regs('di')).jumpIfImm('jeq', 1, CLONE.native, register)
  asm.jumpIfImm('jeq', 1, CLONE3, struct).jump(none)
  asm.place(compat).load(8, 3, 0, regs('bx')).mov32(3, 3)
  asm.jumpIfImm('jeq', 1, CLONE.compat, register).jumpIfImm('jeq', 1, CLONE3, struct)
  asm.place(none).movImm(1, 0).jump(known)
  asm.place(struct).mov(1, 10).aluImm('add', 1, STACK.work).movImm(2, 4).call('probe_read_user')
  asm.jumpIfImm('jne', 0, 0, none).load(4, 1, 10, STACK.work).jump(known)
  asm.place(register).mov32(1, 3).place(known)

  emitTaskNumber(cx, 2, 'nsproxy', 'pid_ns_for_children', 'level')
  asm
    .jumpIfImm('jeq', 2, 0, first)
    .movImm(2, CHILD_IN_PIDNS << 32n)
    .alu('or', 1, 2)
    .place(first)
  emitNumber(cx, slot)
}
