import type {Assembler, Label, Reg} from '../../bpf/assembler.ts'
import {
  LARGEST_RECORD,
  type RecordLayout,
  SLOT_FLAG,
  type Slot,
} from '../../schema/record-layout.ts'
import type {KernelTypes} from './kernel-access.ts'

/**
 * What the emitters of one capture program share. Registers that keep their meaning through the whole program:
 *
 *     r6  the context     r7  scratch memory for the record
 *     r8  length of the record so far     r9  pt_regs of the call, or the binprm of an exec
 *
 * r0–r5 belong to whoever emits. Stack places are in {@link STACK}.
 */
export interface CaptureContext {
  readonly asm: Assembler
  readonly types: KernelTypes
  readonly layout: RecordLayout
  /** The table that the call's number and registers belong to. */
  readonly abi: Abi
}

/** The system call tables of x86: 64-bit programs reach the 32-bit one too, with `int 0x80`. */
export type Abi = 'x86_64' | 'i386'

/** Stack places, as offsets from the frame register. */
export const STACK = {
  mapKey: -8,
  /** The task that the record is about. */
  task: -16,
  counters: -24,
  saved: -32,
  /** Start of the data being written. */
  start: -40,
  /** A `struct path` being walked: mount, then directory entry. */
  mount: -56,
  dentry: -48,
  /** What kernel reads bring: up to 32 bytes. */
  read: -96,
} as const

/** The registers that keep their meaning. */
export const R = {ctx: 6, scratch: 7, length: 8, regs: 9} as const satisfies Record<string, Reg>

/** pt_regs members that hold the arguments of a system call, in order. */
const ARGUMENT_REGISTERS: Readonly<Record<Abi, readonly string[]>> = {
  x86_64: ['di', 'si', 'dx', 'r10', 'r8', 'r9'],
  i386: ['bx', 'cx', 'dx', 'si', 'di', 'bp'],
}

/** `target =` the call's argument. Of a 32-bit call the upper half of the register means nothing. */
export function emitArgument({asm, types, abi}: CaptureContext, target: Reg, index: number): void {
  const register = ARGUMENT_REGISTERS[abi][index]
  if (register === undefined) throw new Error(`system calls have no argument ${index}`)
  asm.load(8, target, R.regs, types.offset('pt_regs', register))
  if (abi === 'i386') asm.mov32(target, target)
}

/** `r1 =` where the next data goes: scratch plus the length so far. */
export function emitDestination({asm}: CaptureContext): void {
  asm.mov(1, R.scratch).alu('add', 1, R.length)
}

/** Fills a variable slot whose data begins at the length so far: the length is in `r0`, at most the slot's maximum. */
export function emitSlot({asm}: CaptureContext, slot: Slot, flags: number): void {
  asm.store(4, R.scratch, slot.offset, R.length)
  asm.store(2, R.scratch, slot.offset + 4, 0)
  asm.storeImm(2, R.scratch, slot.offset + 6, flags)
}

/** Fills a variable slot that has no data. */
export function emitEmptySlot({asm}: CaptureContext, slot: Slot, flags: number): void {
  asm.store(4, R.scratch, slot.offset, R.length)
  asm.storeImm(2, R.scratch, slot.offset + 4, 0)
  asm.storeImm(2, R.scratch, slot.offset + 6, flags)
}

/** `r0 = probe_read_kernel(stack + place, size, r3)`; jumps when the memory cannot be read. */
export function emitKernelRead(
  {asm}: CaptureContext,
  place: number,
  size: number,
  onFault: Label,
): void {
  asm
    .mov(1, 10)
    .aluImm('add', 1, place)
    .movImm(2, size)
    .call('probe_read_kernel')
    .jumpIfImm('jne', 0, 0, onFault)
}

/**
 * After a `probe_read_*_str` of at most `max` bytes: fills the slot from its result in `r0` and moves the length on.
 * The closing NUL is left out. A read that filled all the room is marked as cut.
 */
export function emitTextResult(cx: CaptureContext, slot: Slot, max: number): void {
  const {asm} = cx
  const [whole, fault, done] = [asm.label('whole'), asm.label('fault'), asm.label('done')]
  asm.jumpIfImm('jsle', 0, 0, fault).jumpIfImm('jgt', 0, max, fault)
  asm.jumpIfImm('jlt', 0, max, whole).aluImm('sub', 0, 1)
  emitSlot(cx, slot, SLOT_FLAG.cut)
  asm.alu('add', R.length, 0).jump(done)
  asm.place(whole).aluImm('sub', 0, 1)
  emitSlot(cx, slot, 0)
  asm.alu('add', R.length, 0).jump(done)
  asm.place(fault)
  emitEmptySlot(cx, slot, SLOT_FLAG.fault)
  asm.place(done)
}

/** Where the length rests for a moment, behind the record in the scratch memory. */
const LENGTH_PLACE = Math.ceil(LARGEST_RECORD / 8) * 8

/** Size of the scratch memory: the largest record and the resting place of the length. */
export const SCRATCH_SIZE = LENGTH_PLACE + 8

/**
 * Makes the kernel's verifier forget how the length came about, and bounds it anew; jumps when it is above `max` (which
 * cannot happen). Every path through what was emitted before then looks the same to the verifier, so it
 * follows what comes after only once: without this the paths multiply past its limit of a million instructions.
 */
export function emitForgetLength({asm}: CaptureContext, max: number, above: Label): void {
  asm.store(4, R.scratch, LENGTH_PLACE, R.length).load(4, R.length, R.scratch, LENGTH_PLACE)
  asm.jumpIfImm('jgt', R.length, max, above)
}
