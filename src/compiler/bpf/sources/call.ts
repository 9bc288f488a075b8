import type {CallSource} from '../../../schema/captures/call-sources.ts'
import {SLOT_FLAG, type Slot, SOCKADDR_MAX} from '../../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitArgument,
  emitEmptySlot,
  emitResult,
  R,
  STACK,
} from '../capture-context.ts'
import {emitNumber, type SourceOf} from './number.ts'
import {emitArgumentTest, emitOperand, emitOutcome, layoutOf} from './operand.ts'
import {emitDescriptor, emitSocket} from './socket.ts'
import {emitUserBytes} from './text.ts'
import {emitVector, emitVectorSize} from './vector.ts'

/** Fills a slot from a source of the calls on descriptors and sockets. */
export function emitCallSource(
  cx: CaptureContext,
  slot: Slot,
  source: Exclude<CallSource, {from: 'after'}>,
  startMax: number,
): void {
  switch (source.from) {
    case 'wide':
      emitWide(cx, source)
      return emitNumber(cx, slot)
    case 'vectorSize':
      emitVectorSize(cx, source)
      return emitNumber(cx, slot)
    case 'messageLength':
      emitOperand(cx, 1, {index: source.index, message: 'moved'})
      return emitNumber(cx, slot)
    case 'descriptor':
      emitDescriptor(cx, source)
      return emitNumber(cx, slot)
    case 'bytes':
      return emitBytes(cx, slot, source)
    case 'peerAddress':
      emitBlock(cx, source)
      return emitUserBytes(cx, slot, SOCKADDR_MAX)
    case 'vector':
      return emitVector(cx, slot, source, startMax)
    case 'socket':
      return emitSocket(cx, slot, source)
  }
}

/** Fills a slot only after an outcome. `emit` fills it from the source that is meant. */
export function emitAfter(
  cx: CaptureContext,
  slot: Slot,
  {outcome, then, otherwise}: SourceOf<'after'>,
  emit: (slot: Slot) => void,
): void {
  const {asm} = cx
  const [other, done] = [asm.label('other outcome'), asm.label('done')]
  emitOutcome(cx, outcome, other)
  emit({...slot, source: then})
  asm.jump(done).place(other)
  if (otherwise === undefined) emitEmptySlot(cx, slot, SLOT_FLAG.none)
  else {
    if (otherwise === 'ret') emitResult(cx, 1)
    else asm.movImm(1, otherwise)
    emitNumber(cx, slot)
  }
  asm.place(done)
}

/** A block of user memory, where the call and its arguments give it. */
function emitBytes(cx: CaptureContext, slot: Slot, source: SourceOf<'bytes'>): void {
  const {asm} = cx
  if (source.only64 === true && layoutOf(cx.abi) !== 'x86_64')
    return emitEmptySlot(cx, slot, SLOT_FLAG.none)
  const [wanted, done] = [asm.label('wanted'), asm.label('done')]
  if (source.when !== undefined) {
    emitArgumentTest(cx, source.when, wanted)
    emitEmptySlot(cx, slot, SLOT_FLAG.none)
    asm.jump(done)
  }
  asm.place(wanted)
  emitBlock(cx, source)
  emitUserBytes(cx, slot, source.max)
  asm.place(done)
}

/** `r2 =` the length, `r3 =` the address of a block of user memory. */
function emitBlock(cx: CaptureContext, {at, length}: SourceOf<'bytes' | 'peerAddress'>): void {
  emitOperand(cx, 2, length)
  cx.asm.store(8, 10, STACK.saved, 2)
  emitOperand(cx, 3, at)
  cx.asm.load(8, 2, 10, STACK.saved)
}

/** `r1 =` a 64-bit argument. */
function emitWide(cx: CaptureContext, source: SourceOf<'wide'>): void {
  const {asm, types} = cx
  if (layoutOf(cx.abi) === 'x86_64') return emitArgument(cx, 1, source.index)
  const whole = asm.label('whole')
  emitArgument(cx, 1, source.low)
  asm.load(8, 2, R.regs, types.offset('pt_regs', 'orig_ax'))
  for (const nr of source.narrow ?? []) asm.jumpIfImm('jeq', 2, nr, whole)
  emitArgument(cx, 2, source.high)
  asm.aluImm('lsh', 2, 32).alu('or', 1, 2).place(whole)
}
