import {Assembler, type Label} from '../../bpf/assembler.ts'
import type {HookKind, ProgramSpec} from '../../bpf/specs.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {COMPAT_SOCKETCALL} from '../../schema/tables/compat-calls.ts'
import {GENERATION_PLACE, R, STACK} from './capture-context.ts'
import type {CapturePlan} from './capture-plan.ts'
import {emitForgetCopy} from './entry-copy.ts'
import {callEvents} from './hook-plan.ts'
import {emitContextCallNumber, emitContextRegisters} from './hooks/hook-context.ts'
import {KernelTypes} from './kernel-access.ts'
import {MAP_NAME} from './map-names.ts'
import {compatHook, type SensorSetting} from './sensor-setting.ts'
import {emitSocketcallSlot, SOCKETCALL_SLOT} from './socketcall.ts'
import {
  CALL_SLOTS,
  halfSize,
  hasRingEnds,
  TASK_TRACEPOINTS,
  TRACEPOINTS,
  type Tracepoint,
} from './tracepoints.ts'

/**
 * The small programs that stay attached to the tracepoints while capture programs come and go. An entry program jumps
 * through a program array to the capture program of the moment. An array has two halves; the generation in one word of memory
 * says which one is in force, so one store changes all capture programs of all tracepoints at once, while events flow. The word is
 * read once for each event, and the capture program gets the generation that was read.
 */

/** Flag of `thread_info.status`: the task is in a call of the 32-bit table (linux arch/x86/include/asm/thread_info.h). */
export const TS_COMPAT = 2

/**
 * The programs attached to the tracepoints. They do not depend on the plan, but which of them there are does, and so
 * do the trace events that a per-call program is attached to.
 */
export function entryPrograms(
  plan: Pick<CapturePlan, 'kinds' | 'entryCopies'>,
  setting: SensorSetting,
): ProgramSpec[] {
  return [
    // Attached in this order: a process whose calls are seen should have been seen when it was made.
    ...TASK_TRACEPOINTS.map(tracepoint => taskEntry(tracepoint, setting)),
    ...callEntries('sys_exit', plan.kinds.keys(), setting),
    ...(plan.entryCopies.size > 0 ? callEntries('sys_enter', plan.entryCopies, setting) : []),
    ...(wantsRingEnds(plan) && hasRingEnds(setting.btf)
      ? [taskEntry('io_uring_complete', setting)]
      : []),
  ]
}

function wantsRingEnds({kinds}: Pick<CapturePlan, 'kinds'>): boolean {
  return [...kinds.keys()].some(index => CAPTURES[index]!.hook.at === 'io_uring_complete')
}

function taskEntry(
  tracepoint: (typeof TASK_TRACEPOINTS)[number] | 'io_uring_complete',
  {hooks}: SensorSetting,
): ProgramSpec {
  return {
    name: TRACEPOINTS[tracepoint].array,
    attach: {kind: hooks.others, tracepoint},
    instructions: emitTaskEntry(tracepoint),
    license: 'GPL',
  }
}

/** The entry programs at one side of the system calls: one for all, or one by trace events and one for 32-bit calls. */
function callEntries(
  tracepoint: 'sys_enter' | 'sys_exit',
  kinds: Iterable<number>,
  setting: SensorSetting,
): ProgramSpec[] {
  const {calls, callEvents: available} = setting.hooks
  const compat = compatHook(setting.hooks)
  const {array, compatArray} = TRACEPOINTS[tracepoint]
  if (calls !== 'tracepoint') {
    const instructions = emitCallEntry(tracepoint, calls, {native: true, compat: true}, setting)
    return [{name: array, attach: {kind: calls, tracepoint}, instructions, license: 'GPL'}]
  }
  const perCall: ProgramSpec = {
    name: array,
    attach: {kind: 'tracepoint', tracepoint, events: callEvents(tracepoint, kinds, available)},
    instructions: emitCallEntry(tracepoint, calls, {native: true, compat: false}, setting),
    license: 'GPL',
  }
  if (compat === undefined || compat === 'tracepoint') return [perCall]
  const watch: ProgramSpec = {
    name: compatArray!,
    attach: {kind: compat, tracepoint},
    instructions: emitCallEntry(tracepoint, compat, {native: false, compat: true}, setting),
    license: 'GPL',
  }
  return [perCall, watch]
}

/** `r3 =` the first slot of the half in force, whose generation the capture program is told. Loses r0–r2. */
function emitActiveHalf(asm: Assembler, size: number, out: Label): void {
  asm.storeImm(4, 10, STACK.mapKey, 0).mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, MAP_NAME.scratch).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, out)
  asm.loadMapValue(1, MAP_NAME.active, 0).load(4, 3, 1, 0).store(4, 0, GENERATION_PLACE, 3)
  asm.aluImm('and', 3, 1).aluImm('mul', 3, size)
}

function emitTaskEntry(tracepoint: Tracepoint): ProgramSpec['instructions'] {
  const asm = new Assembler()
  const out = asm.label('out')
  asm.mov(R.ctx, 1)
  if (tracepoint === 'sched_process_exit') emitForgetCopy(asm)
  emitActiveHalf(asm, halfSize(tracepoint), out)
  asm.mov(1, R.ctx).loadMap(2, TRACEPOINTS[tracepoint].array).call('tail_call')
  return asm.place(out).movImm(0, 0).exit().finish()
}

/**
 * Jumps by system call number, through a table of its own for the 32-bit calls, whose numbers mean other calls. Trace events
 * of calls are never raised by 32-bit ones.
 */
function emitCallEntry(
  tracepoint: 'sys_enter' | 'sys_exit',
  hook: HookKind,
  tables: {readonly native: boolean; readonly compat: boolean},
  {btf}: SensorSetting,
): ProgramSpec['instructions'] {
  const asm = new Assembler()
  const types = new KernelTypes(btf)
  const [compat, out] = [asm.label('32-bit call'), asm.label('out')]
  const {array, compatArray} = TRACEPOINTS[tracepoint]
  const jumpThrough = (map: string): void => {
    emitActiveHalf(asm, CALL_SLOTS, out)
    asm.alu('add', 3, R.length).mov(1, R.ctx).loadMap(2, map).call('tail_call').jump(out)
  }
  asm.mov(R.ctx, 1)
  emitContextCallNumber(asm, hook, R.length, types.offset('pt_regs', 'orig_ax'))
  // Without this a wild number would reach into the other half.
  asm.jumpIfImm('jge', R.length, CALL_SLOTS, out)
  if (tables.compat) {
    asm.call('get_current_task_btf')
    asm.load(4, 1, 0, types.offset('task_struct', 'thread_info.status')).aluImm('and', 1, TS_COMPAT)
    asm.jumpIfImm('jne', 1, 0, compat)
  }
  if (tables.native) jumpThrough(array)
  else asm.jump(out)
  if (tables.compat) {
    const direct = asm.label('not a socketcall')
    asm.place(compat).jumpIfImm('jge', R.length, SOCKETCALL_SLOT, out)
    asm.jumpIfImm('jne', R.length, COMPAT_SOCKETCALL, direct)
    emitContextRegisters(asm, hook)
    emitSocketcallSlot(asm, types, out)
    asm.place(direct)
    jumpThrough(compatArray!)
  }
  return asm.place(out).movImm(0, 0).exit().finish()
}
