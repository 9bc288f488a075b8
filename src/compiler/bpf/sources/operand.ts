import type {Label, Reg} from '../../../bpf/assembler.ts'
import type {ArgumentTest} from '../../../schema/capture.ts'
import type {MessageMember, Operand, Outcome} from '../../../schema/captures/call-sources.ts'
import {type Abi, type CaptureContext, emitArgument, emitResult, STACK} from '../capture-context.ts'

/** Addresses, lengths and outcomes of calls. */

const EINPROGRESS = -115

interface Place {
  readonly offset: number
  readonly size: 4 | 8
}

/** Members of struct mmsghdr (linux v6.8 include/linux/socket.h), and of compat_mmsghdr (include/net/compat.h). */
const MESSAGE: Readonly<Record<'x86_64' | 'i386', Readonly<Record<MessageMember, Place>>>> = {
  x86_64: {
    name: {offset: 0, size: 8},
    nameLength: {offset: 8, size: 4},
    vector: {offset: 16, size: 8},
    vectorCount: {offset: 24, size: 8},
    control: {offset: 32, size: 8},
    controlLength: {offset: 40, size: 8},
    moved: {offset: 56, size: 4},
  },
  i386: {
    name: {offset: 0, size: 4},
    nameLength: {offset: 4, size: 4},
    vector: {offset: 8, size: 4},
    vectorCount: {offset: 12, size: 4},
    control: {offset: 16, size: 4},
    controlLength: {offset: 20, size: 4},
    moved: {offset: 28, size: 4},
  },
}

/** The layout of user memory: 32-bit callers have 32-bit pointers, however the call was made. */
export function layoutOf(abi: Abi): 'x86_64' | 'i386' {
  return abi === 'x86_64' ? 'x86_64' : 'i386'
}

/** `target =` the operand. Loses r0–r5; what cannot be read is 0. */
export function emitOperand(cx: CaptureContext, target: Reg, operand: Operand): void {
  const {asm} = cx
  if (operand === 'ret') emitResult(cx, target)
  else if ('constant' in operand) asm.movImm(target, operand.constant)
  else if ('message' in operand)
    emitUserNumber(cx, target, operand.index, MESSAGE[layoutOf(cx.abi)][operand.message])
  else if ('pointer' in operand) emitUserNumber(cx, target, operand.index, {offset: 0, size: 4})
  else emitArgument(cx, target, operand.index)
}

/** `target =` a number at an offset from the user memory that an argument points to; 0 when it cannot be read. */
function emitUserNumber(
  cx: CaptureContext,
  target: Reg,
  index: number,
  {offset, size}: Place,
): void {
  const {asm} = cx
  emitArgument(cx, 3, index)
  if (offset > 0) asm.aluImm('add', 3, offset)
  // On a fault the helper clears the place.
  asm.mov(1, 10).aluImm('add', 1, STACK.read).movImm(2, size).call('probe_read_user')
  asm.load(size, target, 10, STACK.read)
}

/** Jumps to `otherwise` unless the call ended that way. Loses r1. */
export function emitOutcome(cx: CaptureContext, outcome: Outcome, otherwise: Label): void {
  const {asm} = cx
  emitResult(cx, 1)
  if (outcome === 'positive') asm.jumpIfImm('jsle', 1, 0, otherwise)
  else if (outcome === 'done') asm.jumpIfImm('jslt', 1, 0, otherwise)
  else {
    const started = asm.label('started')
    asm.jumpIfImm('jeq', 1, EINPROGRESS, started).jumpIfImm('jne', 1, 0, otherwise).place(started)
  }
}

/** Jumps when an argument has one of the values of the test. Loses r1 and r2. */
export function emitArgumentTest(cx: CaptureContext, test: ArgumentTest, wanted: Label): void {
  emitArgument(cx, 1, test.index)
  cx.asm.mov32(1, 1)
  // Immediates of a jump are signed: a value above their range goes through a register.
  for (const value of test.values) cx.asm.movImm(2, value).jumpIf('jeq', 1, 2, wanted)
}
