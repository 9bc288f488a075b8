import type {Assembler, Label, Reg} from '../../bpf/assembler.ts'
import {
  ABSENT_NUMBER,
  LARGEST_RECORD,
  type RecordLayout,
  SLOT_FLAG,
  type Slot,
} from '../../schema/record-layout.ts'
import {PREDICATES_MAX} from '../filter/process/predicate-set.ts'
import type {KernelTypes} from './kernel-access.ts'

/**
 * What the emitters of one capture program share. Registers that keep their meaning through the whole program:
 *
 *     r6  the context's words, or a copy of them in the form of the typed hook's (see `hook-context.ts`)
 *     r7  scratch memory for the record     r8  length of the record so far
 *     r9  pt_regs of the call, or the binprm of an exec
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

/**
 * The system call tables of x86: 64-bit programs reach the 32-bit one too, with `int 0x80`. `socketcall` is its old call for
 * all socket calls, which takes the address of an array of 32-bit arguments.
 */
export type Abi = 'x86_64' | 'i386' | 'socketcall'

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
  /** For the source that is being emitted: 64 bytes. */
  work: -160,
  /** The six arguments of a `socketcall`, 32 bits each. */
  callArguments: -184,
  /** Entries of a vector of buffers: 192 bytes. */
  vector: -376,
  /** Entry copies: address of the copy made at entry, and of the one made at exit. */
  entryCopy: -408,
  exitCopy: -416,
  /** Copy of the context's words, for hooks whose context has another form: 24 bytes. */
  words: -448,
  /** Loads through bare addresses: what was read, and six registers that a read would lose. */
  probe: -456,
  spill: -504,
} as const

/** The registers that keep their meaning. */
export const R = {ctx: 6, scratch: 7, length: 8, regs: 9} as const satisfies Record<string, Reg>

/** pt_regs members that hold the arguments of a system call, in order. */
const ARGUMENT_REGISTERS: Readonly<Record<'x86_64' | 'i386', readonly string[]>> = {
  x86_64: ['di', 'si', 'dx', 'r10', 'r8', 'r9'],
  i386: ['bx', 'cx', 'dx', 'si', 'di', 'bp'],
}

/** `target =` the call's argument. Of a 32-bit call the upper half of the register means nothing. */
export function emitArgument({asm, types, abi}: CaptureContext, target: Reg, index: number): void {
  if (abi === 'socketcall') {
    asm.load(4, target, 10, STACK.callArguments + 4 * index)
    return
  }
  const register = ARGUMENT_REGISTERS[abi][index]
  if (register === undefined) throw new Error(`system calls have no argument ${index}`)
  asm.load(8, target, R.regs, types.offset('pt_regs', register))
  if (abi === 'i386') asm.mov32(target, target)
}

/** `target =` the result of the call that ended. */
export function emitResult({asm}: CaptureContext, target: Reg): void {
  asm.load(8, target, R.ctx, 8)
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

/** Fills a slot that has no value: a variable one with no data and these flags. */
export function emitEmptySlot({asm}: CaptureContext, slot: Slot, flags: number): void {
  if (slot.maxBytes === 0) {
    asm.movImm(1, ABSENT_NUMBER).store(8, R.scratch, slot.offset, 1)
    return
  }
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
/**
 * Where the entry program leaves the generation by which it chose the capture program: u32. No program may look at the word in
 * force again, since that may have changed meanwhile, and a program that two generations share is in both halves.
 */
export const GENERATION_PLACE = LENGTH_PLACE + 4

/** Where a filter keeps what it knows of the texts of a record: a state for each text, behind the length. */
export const TEXT_STATES = LENGTH_PLACE + 8
/** Most texts of a record that a filter looks at. */
export const TEXT_STATES_MAX = 8
/** Most sets of tests of one text that are told apart: one bit each. */
export const TEXT_BITS_MAX = 256
/** Bytes of a state: what is known of the text, and the bits. */
export const TEXT_STATE_SIZE = 8 + TEXT_BITS_MAX / 8
/** Bytes behind all else, so that a text may be read in whole words from wherever it begins. */
const READ_AHEAD = 272

/** Where a filter keeps what it knows of the process, u64 each: see `filter/process`. */
const PROCESS_PLACE = TEXT_STATES + TEXT_STATE_SIZE * TEXT_STATES_MAX
export const PROCESS_STATE = {
  /** Of the record's thread: when it was made, and the number of its program. */
  start: PROCESS_PLACE,
  execId: PROCESS_PLACE + 8,
  /** The words in force. */
  epoch: PROCESS_PLACE + 16,
  version: PROCESS_PLACE + 24,
  set: PROCESS_PLACE + 32,
  /** Which of the bits hold, then the bits. */
  known: PROCESS_PLACE + 40,
  bits: PROCESS_PLACE + 48,
} as const
const PROCESS_STATE_SIZE = 48 + PREDICATES_MAX / 8

/** Where a filter keeps what it knows of the descriptor, u64 each: whether the bits hold, and the bits. */
const DESCRIPTOR_PLACE = PROCESS_PLACE + PROCESS_STATE_SIZE
export const DESCRIPTOR_STATE = {known: DESCRIPTOR_PLACE, bits: DESCRIPTOR_PLACE + 8} as const
const DESCRIPTOR_STATE_SIZE = 16

/** Where a filter keeps what it knows of the socket: seven words, see `filter/socket/emit-socket.ts`. */
export const SOCKET_VIEW = DESCRIPTOR_PLACE + DESCRIPTOR_STATE_SIZE
const SOCKET_VIEW_SIZE = 7 * 8

/** Size of the scratch memory: the largest record, the resting place of the length, and what filters need. */
export const SCRATCH_SIZE = SOCKET_VIEW + SOCKET_VIEW_SIZE + READ_AHEAD

/**
 * Makes the kernel's verifier forget how the length came about, and bounds it anew; jumps when it is above `max` (which
 * cannot happen). Every path through what was emitted before then looks the same to the verifier, so it
 * follows what comes after only once: without this the paths multiply past its limit of a million instructions.
 */
export function emitForgetLength({asm}: CaptureContext, max: number, above: Label): void {
  asm.store(4, R.scratch, LENGTH_PLACE, R.length).load(4, R.length, R.scratch, LENGTH_PLACE)
  asm.jumpIfImm('jgt', R.length, max, above)
}
