import type {Assembler, Reg} from '../../../bpf/assembler.ts'
import type {HookKind} from '../../../bpf/specs.ts'
import {R, STACK} from '../capture-context.ts'
import {TRACEPOINTS, type Tracepoint} from '../tracepoints.ts'

/**
 * What differs between the kinds of hook. A typed hook's context is an array of words with typed pointers; the emitters of
 * capture code know only that form. Where a hook hands over something else, its programs begin by laying out the same words on
 * their stack: the running task and its registers come typed from helpers (linux v5.15), other pointers stay bare
 * addresses, and `probeAddresses` turns the loads through these into guarded copies.
 *
 *     tp_btf       | word 0 | word 1 | …                                          |
 *     raw_tp       the same words, all of them plain numbers
 *     tracepoint   | trace header: 8 | call number: s32 | 4 | result: 8 |          (of a system call's trace event)
 */

const TRACE_EVENT = {callNumber: 8, result: 16} as const

/** First instructions of a program: `R.ctx =` the context's words. `r1` holds the context. Loses r0–r5. */
export function emitContextWords(asm: Assembler, hook: HookKind, tracepoint: Tracepoint): void {
  asm.mov(R.ctx, 1)
  if (hook === 'tp_btf') return
  const {words} = TRACEPOINTS[tracepoint]
  for (const [index, word] of words.entries()) {
    if (word === 'current' || word === 'regs') {
      asm.call('get_current_task_btf')
      if (word === 'regs') asm.mov(1, 0).call('task_pt_regs')
    } else {
      asm.load(8, 0, R.ctx, hook === 'tracepoint' ? TRACE_EVENT.result : index * 8)
    }
    asm.store(8, 10, STACK.words + index * 8, 0)
  }
  asm.mov(R.ctx, 10).aluImm('add', R.ctx, STACK.words)
}

/** `r0 =` the registers of the running call, in an entry program. `R.ctx` holds the context itself. Loses r1–r5. */
export function emitContextRegisters(asm: Assembler, hook: HookKind): void {
  if (hook === 'tp_btf') asm.load(8, 0, R.ctx, 0)
  else asm.call('get_current_task_btf').mov(1, 0).call('task_pt_regs')
}

/** `target =` the number of the running call, in an entry program. `R.ctx` holds the context itself. Loses r0–r5. */
export function emitContextCallNumber(
  asm: Assembler,
  hook: HookKind,
  target: Reg,
  callNumberOffset: number,
): void {
  if (hook === 'tracepoint') {
    asm.load(4, target, R.ctx, TRACE_EVENT.callNumber)
    return
  }
  emitContextRegisters(asm, hook)
  asm.load(8, target, 0, callNumberOffset)
}
