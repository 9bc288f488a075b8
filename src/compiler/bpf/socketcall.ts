import type {Assembler, Label} from '../../bpf/assembler.ts'
import {SOCKETCALLS} from '../../schema/tables/compat-calls.ts'
import {type CaptureContext, emitArgument, R, STACK} from './capture-context.ts'
import type {KernelTypes} from './kernel-access.ts'
import {CALL_SLOTS} from './tracepoints.ts'

/**
 * The old 32-bit call for all socket calls. Its programs stand in the jump table of the 32-bit calls, behind the numbers of
 * that table: the slot of a call inside it is `SOCKETCALL_SLOT` plus its number. They first copy the call's arguments
 * from user memory to the stack, from where all sources take them (`Abi` `socketcall`).
 */

/** Numbers of calls inside socketcall end below this. */
const SUB_CALLS = 24
/** The first slot for calls inside socketcall: above every number of the 32-bit table. */
export const SOCKETCALL_SLOT = CALL_SLOTS - SUB_CALLS

/** A call inside socketcall that a kind of record is captured from. */
export interface SocketcallPlace {
  /** Slot in the jump table of the 32-bit calls. */
  readonly slot: number
  /** Number of the call's arguments. */
  readonly args: number
}

/** The calls inside socketcall that a kind of record is captured from. */
export function socketcallPlaces(kind: string): readonly SocketcallPlace[] {
  return (SOCKETCALLS[kind] ?? []).map(({call, args}) => ({slot: SOCKETCALL_SLOT + call, args}))
}

/** In an entry program: `R.length =` the slot of the call inside a socketcall with these registers in r0. Loses r1. */
export function emitSocketcallSlot(asm: Assembler, types: KernelTypes, out: Label): void {
  asm.load(8, R.length, 0, types.offset('pt_regs', 'bx')).mov32(R.length, R.length)
  asm.jumpIfImm('jge', R.length, SUB_CALLS, out).aluImm('add', R.length, SOCKETCALL_SLOT)
}

/** In a capture program: puts the call's arguments on the stack, missing ones as 0; jumps when they cannot be read. */
export function emitCallArguments(cx: CaptureContext, args: number, out: Label): void {
  const {asm} = cx
  const place = STACK.callArguments
  for (let i = 0; i < 3; i++) asm.storeImm(8, 10, place + 8 * i, 0)
  emitArgument({...cx, abi: 'i386'}, 3, 1)
  asm
    .mov(1, 10)
    .aluImm('add', 1, place)
    .movImm(2, 4 * args)
  asm.call('probe_read_user').jumpIfImm('jne', 0, 0, out)
}
