import type {Assembler, Label, Reg} from '../../bpf/assembler.ts'
import type {CaptureDef} from '../../schema/capture.ts'
import {TEXT_MAX} from '../../schema/captures/rows.ts'
import {SLOT_FLAG, type Slot, SOCKADDR_MAX} from '../../schema/record-layout.ts'
import {COMPAT_BIT} from '../../schema/tables/compat-calls.ts'
import {
  type CaptureContext,
  emitArgument,
  emitDestination,
  GENERATION_PLACE,
  R,
  STACK,
} from './capture-context.ts'
import {MAP_NAME} from './map-names.ts'

/**
 * Copies of what a call is given, taken when it begins. At its end another thread may have changed the memory, so a rule that
 * decides on a path or an address looks at the copy from before the kernel read it. The copy lies in a map by thread, and is
 * good for one use: the same call of the same thread, under the same generation. Where there is none, or the memory could
 * not be read yet (a page that nobody has touched), the record has what is there at the end, and says so.
 *
 *     | call: u32 | generation: u32 | length: s32 | slot flags: u32 | data, closed by 8 zero bytes |
 *
 * `call` is the number with `COMPAT_BIT`, 0 for a copy that is used up; a negative length is a fault.
 */
export const ENTRY_COPY = {
  call: 0,
  generation: 4,
  length: 8,
  flags: 12,
  data: 16,
  size: 16 + TEXT_MAX + 8,
} as const

/** Threads whose copies are kept at once, 16 MiB in all; threads beyond that do without. */
export const MAX_ENTRY_COPIES = 4096

const BPF_NOEXIST = 1
const FAULT = -1

/** The value of each kind of record that is copied at entry. */
const COPIED: Readonly<Record<string, string>> = {
  open: 'name',
  openat: 'name',
  openat2: 'name',
  creat: 'name',
  connect: 'addr',
}

/** Name of the value that a copy at entry can be had of; undefined for other kinds of record. */
export function entryCopyValue({kind}: Pick<CaptureDef, 'kind'>): string | undefined {
  return Object.hasOwn(COPIED, kind) ? COPIED[kind] : undefined
}

/** Body of a program at the beginning of a call, after its scope is decided: copies the value of the slot. */
export function emitEntryCopy(cx: CaptureContext, slot: Slot, call: number, out: Label): void {
  const {asm} = cx
  const found = asm.label('found')
  emitFindCopy(cx)
  asm.jumpIfImm('jne', 0, 0, found)
  emitExitCopy(asm, out)
  asm.storeImm(4, 0, ENTRY_COPY.call, 0).store(8, 10, STACK.exitCopy, 0)
  emitThreadKey(asm)
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey).loadMap(1, MAP_NAME.entryCopies)
  asm.load(8, 3, 10, STACK.exitCopy).movImm(4, BPF_NOEXIST).call('map_update_elem')
  emitFindCopy(cx)
  asm.jumpIfImm('jeq', 0, 0, out)
  asm.place(found).store(8, 10, STACK.entryCopy, 0)
  emitTake(cx, slot, STACK.entryCopy, out)
  // At the beginning of a call there is no record yet, and nothing holds the scratch memory.
  emitLookup(asm, MAP_NAME.scratch, out)
  asm.load(4, 2, 0, GENERATION_PLACE).load(8, 1, 10, STACK.entryCopy)
  asm.store(4, 1, ENTRY_COPY.generation, 2).storeImm(4, 1, ENTRY_COPY.call, callMark(cx, call))
}

/**
 * Fills a slot from the copy made at entry where there is a good one, else by `emitAtExit`. A copy that differs from what is
 * there now is marked as changed.
 */
export function emitEntrySource(
  cx: CaptureContext,
  slot: Slot,
  call: number,
  above: Label,
  emitAtExit: () => void,
): void {
  const {asm} = cx
  const [atExit, faulted, same, done] = [
    asm.label('at exit'),
    asm.label('fault at entry'),
    asm.label('unchanged'),
    asm.label('done'),
  ]
  emitFindCopy(cx)
  asm.jumpIfImm('jeq', 0, 0, atExit).store(8, 10, STACK.entryCopy, 0)
  asm.load(4, 1, 0, ENTRY_COPY.call).jumpIfImm('jne', 1, callMark(cx, call), atExit)
  asm.storeImm(4, 0, ENTRY_COPY.call, 0)
  asm.load(4, 1, 0, ENTRY_COPY.generation).load(4, 2, R.scratch, GENERATION_PLACE)
  asm.jumpIf('jne', 1, 2, atExit)
  asm.load(4, 1, 0, ENTRY_COPY.length).signExtend32(1).jumpIfImm('jslt', 1, 0, faulted)

  asm.load(4, 1, 0, ENTRY_COPY.flags).aluImm('or', 1, SLOT_FLAG.entry)
  asm.store(2, R.scratch, slot.offset + 6, 1)
  emitExitCopy(asm, same)
  asm.store(8, 10, STACK.exitCopy, 0)
  emitTake(cx, slot, STACK.exitCopy, same)
  emitMarkChange(cx, slot, same)

  asm.place(same).load(8, 3, 10, STACK.entryCopy).load(4, 2, 3, ENTRY_COPY.length)
  asm.jumpIfImm('jgt', 2, slot.maxBytes, above)
  asm.store(4, R.scratch, slot.offset, R.length).store(2, R.scratch, slot.offset + 4, 2)
  asm.store(8, 10, STACK.saved, 2)
  emitDestination(cx)
  asm.aluImm('add', 3, ENTRY_COPY.data).call('probe_read_kernel')
  asm.load(8, 2, 10, STACK.saved).alu('add', R.length, 2).jump(done)

  asm.place(faulted)
  emitAtExit()
  asm.load(2, 1, R.scratch, slot.offset + 6).aluImm('or', 1, SLOT_FLAG.entryFault)
  asm.store(2, R.scratch, slot.offset + 6, 1).jump(done)
  asm.place(atExit)
  emitAtExit()
  asm.place(done)
}

/** Forgets the copy of a thread that ends. */
export function emitForgetCopy(asm: Assembler): void {
  emitThreadKey(asm)
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, MAP_NAME.entryCopies).call('map_delete_elem')
}

function callMark({abi}: CaptureContext, call: number): number {
  return abi === 'x86_64' ? call : call | COMPAT_BIT
}

/** The number of the running thread as a map key. Loses r0–r5. */
function emitThreadKey(asm: Assembler): void {
  asm.call('get_current_pid_tgid').store(4, 10, STACK.mapKey, 0)
}

/** `r0 =` the copy of the running thread, or null. */
function emitFindCopy({asm}: CaptureContext): void {
  emitThreadKey(asm)
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, MAP_NAME.entryCopies).call('map_lookup_elem')
}

/** `r0 =` this CPU's place for the copy at exit. */
function emitExitCopy(asm: Assembler, none: Label): void {
  emitLookup(asm, MAP_NAME.exitCopy, none)
}

/** `r0 =` the first value of an array. */
function emitLookup(asm: Assembler, map: string, none: Label): void {
  asm.storeImm(4, 10, STACK.mapKey, 0).mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, map).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, none)
}

/** Copies the slot's user memory into the copy whose address is at a stack place. */
function emitTake(cx: CaptureContext, {source, maxBytes}: Slot, place: number, above: Label): void {
  const {asm} = cx
  const [fault, whole, done] = [asm.label('fault'), asm.label('whole'), asm.label('done')]
  asm.load(8, 1, 10, place).storeImm(4, 1, ENTRY_COPY.flags, 0)
  if (source.from === 'text') {
    emitArgument(cx, 3, source.index)
    asm.aluImm('add', 1, ENTRY_COPY.data).movImm(2, maxBytes).call('probe_read_user_str')
    asm.jumpIfImm('jsle', 0, 0, fault).jumpIfImm('jgt', 0, maxBytes, above).aluImm('sub', 0, 1)
    asm.load(8, 1, 10, place).jumpIfImm('jne', 0, maxBytes - 1, whole)
    asm.storeImm(4, 1, ENTRY_COPY.flags, SLOT_FLAG.cut).jump(whole)
  } else if (source.from === 'sockaddr') {
    const [some, fits] = [asm.label('some'), asm.label('fits')]
    emitArgument(cx, 2, source.lengthIndex)
    asm.signExtend32(2).jumpIfImm('jsge', 2, 0, some).movImm(2, 0)
    asm.place(some).jumpIfImm('jle', 2, SOCKADDR_MAX, fits)
    asm.storeImm(4, 1, ENTRY_COPY.flags, SLOT_FLAG.cut).movImm(2, SOCKADDR_MAX)
    asm.place(fits).store(8, 10, STACK.saved, 2)
    emitArgument(cx, 3, source.index)
    asm.aluImm('add', 1, ENTRY_COPY.data).call('probe_read_user').jumpIfImm('jne', 0, 0, fault)
    asm.load(8, 0, 10, STACK.saved).load(8, 1, 10, place)
  } else throw new Error(`a copy at entry cannot be made of a ${source.from}`)
  asm.place(whole).store(4, 1, ENTRY_COPY.length, 0)
  // Zero bytes behind the data, so that copies can be compared in whole words.
  asm.jumpIfImm('jgt', 0, maxBytes, above).alu('add', 1, 0)
  asm.storeImm(8, 1, ENTRY_COPY.data, 0).jump(done)
  asm.place(fault).load(8, 1, 10, place).storeImm(4, 1, ENTRY_COPY.length, FAULT)
  asm.place(done)
}

/** Compares the two copies and marks the slot where they differ. A copy at exit that faults says nothing. */
function emitMarkChange({asm}: CaptureContext, slot: Slot, same: Label): void {
  const [loop, changed] = [asm.label('compare'), asm.label('changed')]
  const [offset, left, right]: readonly Reg[] = [3, 4, 5]
  asm.load(8, 1, 10, STACK.entryCopy).load(8, 2, 10, STACK.exitCopy)
  asm.load(4, 0, 2, ENTRY_COPY.length).signExtend32(0).jumpIfImm('jslt', 0, 0, same)
  asm.load(4, left!, 1, ENTRY_COPY.length).jumpIf('jne', 0, left!, changed)
  asm.movImm(offset!, 0)
  asm.place(loop).jumpIf('jge', offset!, 0, same)
  asm.load(8, left!, 1, ENTRY_COPY.data).load(8, right!, 2, ENTRY_COPY.data)
  asm.jumpIf('jne', left!, right!, changed)
  asm.aluImm('add', 1, 8).aluImm('add', 2, 8).aluImm('add', offset!, 8)
  asm.jumpIfImm('jlt', offset!, slot.maxBytes, loop).jump(same)
  asm
    .place(changed)
    .load(2, 1, R.scratch, slot.offset + 6)
    .aluImm('or', 1, SLOT_FLAG.changed)
  asm.store(2, R.scratch, slot.offset + 6, 1)
}
