import type {Slot} from '../../../schema/record-layout.ts'
import {type CaptureContext, emitEmptySlot, R} from '../capture-context.ts'
import {emitReads} from '../kernel-reads.ts'
import {emitNumber, type SourceOf} from './number.ts'

/** Sources that look at a request to a ring: the hook's object is the request, its third word the entry that tells the end. */

/** `r1 =` a number of what the request asks for; 0 where it cannot be read. */
export function emitRequestValue(cx: CaptureContext, source: SourceOf<'request'>): void {
  const {asm, types} = cx
  const [fault, done] = [asm.label('fault'), asm.label('done')]
  // The operation's own structure lies where requests begin to differ.
  asm.mov(3, R.regs).aluImm('add', 3, types.offset('io_kiocb', 'cmd'))
  emitReads(cx, 1, types.steps(source.struct, source.path)!, fault)
  if (source.as === 's32') asm.signExtend32(1)
  asm.jump(done).place(fault).movImm(1, 0).place(done)
}

/** The descriptor that the request opened, or its error. A file that went into the ring's own table has none. */
export function emitRequestFd(cx: CaptureContext, slot: Slot): void {
  const {asm, types} = cx
  const known = asm.label('descriptor known')
  asm.load(8, 1, R.ctx, 16).load(4, 1, 1, types.offset('io_uring_cqe', 'res')).signExtend32(1)
  emitNumber(cx, slot)
  asm.jumpIfImm('jslt', 1, 0, known)
  emitRequestValue(cx, {from: 'request', struct: 'io_open', path: ['file_slot']})
  asm.jumpIfImm('jeq', 1, 0, known)
  emitEmptySlot(cx, slot, 0)
  asm.place(known)
}
