import type {Label} from '../../../bpf/assembler.ts'
import {VECTOR_BUFFERS, VECTOR_ENTRIES} from '../../../schema/captures/call-sources.ts'
import {SLOT_FLAG, type Slot} from '../../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitDestination,
  emitEmptySlot,
  emitForgetLength,
  R,
  STACK,
} from '../capture-context.ts'
import type {SourceOf} from './number.ts'
import {emitOperand, layoutOf} from './operand.ts'

/** Vectors of user buffers (struct iovec, or its 32-bit form). */

/** Stack place of the bytes that may still be copied; no walk is under way meanwhile. */
const LEFT = STACK.mount

/** Puts the vector's first entries on the stack, the missing ones as empty buffers; jumps when it cannot be read. */
function emitEntries(
  cx: CaptureContext,
  {at, count}: SourceOf<'vector' | 'vectorSize'>,
  fault: Label,
): void {
  const {asm} = cx
  const wide = layoutOf(cx.abi) === 'x86_64'
  const few = asm.label('few entries')
  for (let i = 0; i < 2 * VECTOR_ENTRIES; i++) asm.storeImm(8, 10, STACK.vector + 8 * i, 0)
  emitOperand(cx, 2, count)
  asm.store(8, 10, STACK.saved, 2)
  emitOperand(cx, 3, at)
  asm.load(8, 2, 10, STACK.saved).jumpIfImm('jeq', 2, 0, fault)
  asm.jumpIfImm('jle', 2, VECTOR_ENTRIES, few).movImm(2, VECTOR_ENTRIES).place(few)
  asm
    .aluImm('lsh', 2, wide ? 4 : 3)
    .mov(1, 10)
    .aluImm('add', 1, STACK.vector)
  asm.call('probe_read_user').jumpIfImm('jne', 0, 0, fault)
}

/** Stack places of an entry's address and size. */
function entry(cx: CaptureContext, i: number): {width: 4 | 8; base: number; size: number} {
  const width = layoutOf(cx.abi) === 'x86_64' ? 8 : 4
  const base = STACK.vector + 2 * width * i
  return {width, base, size: base + width}
}

/** `r1 =` the sizes of the vector's buffers added up, as 32 bits. */
export function emitVectorSize(cx: CaptureContext, source: SourceOf<'vectorSize'>): void {
  const {asm} = cx
  const [fault, done] = [asm.label('no vector'), asm.label('done')]
  emitEntries(cx, source, fault)
  asm.movImm(1, 0)
  for (let i = 0; i < VECTOR_ENTRIES; i++) {
    const {width, size} = entry(cx, i)
    asm.load(width, 2, 10, size).alu('add', 1, 2)
  }
  asm.mov32(1, 1).jump(done).place(fault).movImm(1, 0).place(done)
}

/** Copies the first bytes of the vector's buffers. Filled to the maximum they count as cut. */
export function emitVector(
  cx: CaptureContext,
  slot: Slot,
  source: SourceOf<'vector'>,
  startMax: number,
): void {
  const {asm} = cx
  const [none, fault, copied, whole, done] = [
    asm.label('none'),
    asm.label('fault'),
    asm.label('copied'),
    asm.label('whole'),
    asm.label('done'),
  ]
  emitLimit(cx, source, none)
  emitEntries(cx, source, fault)
  asm.store(8, 10, STACK.start, R.length)
  for (let i = 0; i < VECTOR_BUFFERS; i++) {
    const {width, base, size} = entry(cx, i)
    const [next, fits] = [asm.label('next buffer'), asm.label('fits')]
    asm.load(width, 2, 10, size).jumpIfImm('jeq', 2, 0, next)
    asm.load(8, 4, 10, LEFT).jumpIfImm('jeq', 4, 0, copied)
    asm.jumpIf('jle', 2, 4, fits).mov(2, 4).place(fits).jumpIfImm('jgt', 2, source.max, copied)
    asm.store(8, 10, STACK.saved, 2).load(width, 3, 10, base)
    emitDestination(cx)
    asm.call('probe_read_user').jumpIfImm('jne', 0, 0, i === 0 ? fault : copied)
    asm.load(8, 2, 10, STACK.saved).load(8, 4, 10, LEFT).alu('sub', 4, 2).store(8, 10, LEFT, 4)
    asm.alu('add', R.length, 2)
    emitForgetLength(cx, startMax + source.max, copied)
    asm.place(next)
  }
  asm.place(copied)
  emitForgetLength(cx, startMax + source.max, fault)
  asm.load(8, 1, 10, STACK.start).store(4, R.scratch, slot.offset, 1)
  asm
    .mov(2, R.length)
    .alu('sub', 2, 1)
    .store(2, R.scratch, slot.offset + 4, 2)
  asm.storeImm(2, R.scratch, slot.offset + 6, 0).jumpIfImm('jlt', 2, source.max, whole)
  asm
    .storeImm(2, R.scratch, slot.offset + 6, SLOT_FLAG.cut)
    .place(whole)
    .jump(done)
  asm.place(fault)
  emitEmptySlot(cx, slot, SLOT_FLAG.fault)
  // The kernel refuses code that cannot be reached: outwards there is always a limit.
  if (source.way === 'in') {
    asm.jump(done).place(none)
    emitEmptySlot(cx, slot, SLOT_FLAG.none)
  }
  asm.place(done)
}

/** Puts the most bytes to copy on the stack; jumps when there are none. */
function emitLimit(cx: CaptureContext, source: SourceOf<'vector'>, none: Label): void {
  const {asm} = cx
  const {way, max, moved = 'ret'} = source
  const [most, set] = [asm.label('most'), asm.label('limit set')]
  emitOperand(cx, 1, moved)
  asm.jumpIfImm('jsle', 1, 0, way === 'out' ? most : none).jumpIfImm('jle', 1, max, set)
  asm.place(most).movImm(1, max).place(set).store(8, 10, LEFT, 1)
}
