import type {Assembler, Label} from '../../bpf/assembler.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {HEADER, HEADER_FLAG, SLOT_FLAG, type Slot} from '../../schema/record-layout.ts'
import {emitCountWord} from '../filter/process/emit-process.ts'
import {PROCESS_WORD} from '../filter/process/process-entry.ts'
import {type CaptureContext, R, STACK} from './capture-context.ts'
import {type Lane, type RingSizes, ringSize} from './lane.ts'
import {MAP_NAME} from './map-names.ts'

/**
 * The end of a record: into its ring buffer, or dropped for a reason; either way it is counted. Plain adds will do, since
 * every counter belongs to one CPU and its programs do not interrupt one another.
 */

/**
 * One entry of the counters map (per CPU; one a kind of record, and one for the host after the last kind): a u64 each, at these
 * offsets. seen = passed + full + tooLarge + filtered; fault and cut are
 * properties of records whatever became of them.
 */
export const COUNTER = {
  /** Calls that reached the program, the detector's own and those with an unwanted outcome left out. */
  seen: 0,
  /** Records that found the ring buffer full. */
  full: 8,
  /** Records that are in the ring buffer. */
  passed: 16,
  /** Records larger than the ring buffer. */
  tooLarge: 24,
  /** Records with at least one text or block of bytes that could not be read. */
  fault: 32,
  /** Records with at least one such value that is longer than what was kept. */
  cut: 40,
  /** Records that no rule can match, which is all that is known of them. */
  filtered: 48,
  size: 56,
} as const

/** Index of the entry that counts the 32-bit `socketcall`s whose arguments could not be read: only `seen` is used. */
export const SOCKETCALL_COUNTER = CAPTURES.length

// linux v6.8 include/uapi/linux/bpf.h: flags of bpf_ringbuf_output, and what bpf_ringbuf_query tells.
const BPF_RB_NO_WAKEUP = 1
const BPF_RB_FORCE_WAKEUP = 2
const BPF_RB_AVAIL_DATA = 0
const BPF_RB_RING_SIZE = 1
/** Bytes that a ring buffer keeps before each record. */
const RECORD_HEADER = 8

/** Counts a call; the counter's address stays on the stack. */
export function emitCount(asm: Assembler, index: number, out: Label): void {
  asm.storeImm(4, 10, STACK.mapKey, index).mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, MAP_NAME.counters).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, out)
  asm.store(8, 10, STACK.counters, 0)
  asm.load(8, 1, 0, COUNTER.seen).aluImm('add', 1, 1).store(8, 0, COUNTER.seen, 1)
}

/**
 * The last instructions of a capture program: hands the record over and counts what became of it. `out` is placed here, and
 * so is `above`, where records go whose length cannot be (none does): they are counted as too large.
 */
export function emitOutcome(
  cx: CaptureContext,
  lane: Lane,
  rings: RingSizes,
  labels: {readonly out: Label; readonly above: Label},
  wanted: readonly Slot[],
  {mayChangeKin}: {readonly mayChangeKin: boolean},
): void {
  const {asm} = cx
  const [dropped, tooLarge, flagged, end] = [
    asm.label('dropped'),
    asm.label('too large'),
    asm.label('flagged'),
    asm.label('end'),
  ]
  emitWakeUp(cx, lane, rings)
  asm.loadMap(1, MAP_NAME[lane]).mov(2, R.scratch).mov(3, R.length).call('ringbuf_output')
  asm.load(8, 1, 10, STACK.counters).jumpIfImm('jne', 0, 0, dropped)
  emitIncrement(asm, COUNTER.passed)
  asm.place(flagged)
  emitFlagCounts(cx, wanted)
  asm.place(labels.out).place(end).movImm(0, 0).exit()

  asm.place(dropped)
  if (mayChangeKin) emitLostEpoch(asm)
  asm.loadMap(1, MAP_NAME[lane]).movImm(2, BPF_RB_RING_SIZE).call('ringbuf_query')
  asm.load(8, 1, 10, STACK.counters).mov(2, R.length).aluImm('add', 2, RECORD_HEADER)
  asm.jumpIf('jgt', 2, 0, tooLarge)
  emitIncrement(asm, COUNTER.full)
  asm.jump(flagged).place(tooLarge)
  emitIncrement(asm, COUNTER.tooLarge)
  asm.jump(flagged)
  // Nothing jumps there from a record whose length is fixed, and the kernel accepts no code that is never reached.
  if (cx.layout.slots.every(({maxBytes}) => maxBytes === 0)) return
  asm.place(labels.above).load(8, 1, 10, STACK.counters)
  emitIncrement(asm, COUNTER.tooLarge)
  asm.jump(end)
}

/** Counts a lost record for which the epoch of processes was counted up. */
function emitLostEpoch(asm: Assembler): void {
  const other = asm.label('no epoch')
  asm.load(2, 1, R.scratch, HEADER.flags).aluImm('and', 1, HEADER_FLAG.epoch)
  asm.jumpIfImm('jeq', 1, 0, other)
  emitCountWord(asm, PROCESS_WORD.lost)
  asm.place(other)
}

/** Counts a record that the filter does not let pass, and ends. */
export function emitFiltered(asm: Assembler): void {
  asm.load(8, 1, 10, STACK.counters)
  emitIncrement(asm, COUNTER.filtered)
  asm.movImm(0, 0).exit()
}

/** Adds one to the counter at this offset; `r1` holds the entry's address, before and after. */
function emitIncrement(asm: Assembler, counter: number): void {
  asm.load(8, 2, 1, counter).aluImm('add', 2, 1).store(8, 1, counter, 2)
}

/** Counts a record once that has a value which is cut, or could not be read. `r1` holds the entry's address. */
function emitFlagCounts({asm}: CaptureContext, wanted: readonly Slot[]): void {
  const variable = wanted.filter(({maxBytes}) => maxBytes > 0)
  if (variable.length === 0) return
  asm.movImm(3, 0)
  for (const {offset} of variable) asm.load(2, 2, R.scratch, offset + 6).alu('or', 3, 2)
  for (const [flag, counter] of [
    [SLOT_FLAG.fault, COUNTER.fault],
    [SLOT_FLAG.cut, COUNTER.cut],
  ] as const) {
    const without = asm.label('without')
    asm.mov(2, 3).aluImm('and', 2, flag).jumpIfImm('jeq', 2, 0, without)
    emitIncrement(asm, counter)
    asm.place(without)
  }
}

/**
 * `r4 =` whether the reader is woken: only by the record with which the data that waits passes a quarter, a half or three
 * quarters of the ring. A wake-up costs a microsecond, so all else waits for the reader to look by itself.
 */
function emitWakeUp({asm}: CaptureContext, lane: Lane, rings: RingSizes): void {
  const quarterBits = Math.log2(ringSize(lane, rings)) - 2
  const asleep = asm.label('asleep')
  asm.loadMap(1, MAP_NAME[lane]).movImm(2, BPF_RB_AVAIL_DATA).call('ringbuf_query')
  asm.mov(1, 0).alu('add', 1, R.length)
  asm.aluImm('rsh', 0, quarterBits).aluImm('rsh', 1, quarterBits)
  asm.movImm(4, BPF_RB_NO_WAKEUP).jumpIf('jeq', 0, 1, asleep)
  asm.movImm(4, BPF_RB_FORCE_WAKEUP).place(asleep)
}
