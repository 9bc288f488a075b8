import type {Label} from '../../../bpf/assembler.ts'
import {SLOT_FLAG, type Slot} from '../../../schema/record-layout.ts'
import {type CaptureContext, emitArgument, emitEmptySlot, R, STACK} from '../capture-context.ts'
import type {Step} from '../kernel-access.ts'
import {emitReads} from '../kernel-reads.ts'
import {emitPathWalk, walkLimit} from '../path-walk.ts'
import {emitArgumentValue, emitMemberValue, emitNumber, type SourceOf} from './number.ts'
import {emitFile} from './path.ts'
import {emitRequestValue} from './request.ts'

/** Sources that look at an open file: its address is one value, the others are reached from there. */

/** `file.f_mode`: the call made the file (linux v6.8 include/linux/fs.h). */
const FMODE_CREATED = 0x100000
/** `super_block.s_magic` of overlay file systems (linux v6.8 include/uapi/linux/magic.h). */
const OVERLAYFS_SUPER_MAGIC = 0x794c7630
/** Bits of a timestamp's nanoseconds; kernels from 6.13 keep a mark above them (linux v6.13 fs/inode.c). */
const NANOSECOND_BITS = 0x3fffffff
/** Stack places of this family. */
const PLACE = {dentry: STACK.work + 8, bits: STACK.work + 32} as const

/** Address of the kernel's file behind a descriptor; 0 for none. */
export function emitFileAddress(cx: CaptureContext, slot: Slot, fd: string | number): void {
  const {asm} = cx
  const [none, done] = [asm.label('no file'), asm.label('done')]
  if (typeof fd === 'number') emitArgument(cx, 4, fd)
  else asm.load(8, 4, R.scratch, offsetOf(cx, fd)).jumpIfImm('jslt', 4, 0, none)
  emitFile(cx, none)
  asm.mov(1, 3).jump(done).place(none).movImm(1, 0).place(done)
  emitNumber(cx, slot)
}

/** A number reached from a file. */
export function emitFileNumber(
  cx: CaptureContext,
  slot: Slot,
  source: SourceOf<'fileNumber'>,
): void {
  const steps = cx.types.steps('file', source.path)
  if (steps === undefined) throw new Error(`struct file has no ${source.path.join('.')}`)
  emitFromFile(cx, slot, source.of, steps, source.missing)
}

/** Number of the mount that a file was opened through. */
export function emitMountId(cx: CaptureContext, slot: Slot, of: string): void {
  const {types} = cx
  const mount = types.offset('file', 'f_path') + types.offset('path', 'mnt')
  const id = types.offset('mount', 'mnt_id') - types.offset('mount', 'mnt')
  emitFromFile(cx, slot, of, [
    {offset: mount, width: 8},
    {offset: id, width: 4},
  ])
}

/** Path of a file. */
export function emitFilePath(cx: CaptureContext, slot: Slot, of: string, startMax: number): void {
  const {asm, types} = cx
  const [none, done] = [asm.label('no file'), asm.label('done')]
  emitFileOf(cx, of, none)
  asm.aluImm('add', 3, types.offset('file', 'f_path'))
  emitPathWalk(cx, slot, walkLimit(startMax))
  asm.jump(done).place(none)
  emitEmptySlot(cx, slot, SLOT_FLAG.none)
  asm.place(done)
}

/** A timestamp of a file's node in nanoseconds. Kernels keep it in one of three forms. */
export function emitInodeTime(cx: CaptureContext, slot: Slot, source: SourceOf<'inodeTime'>): void {
  const {asm, types} = cx
  const {of, time} = source
  const forms = [
    [[`i_${time}_sec`], [`i_${time}_nsec`]],
    ...[`__i_${time}`, `i_${time}`].map(name => [
      [name, 'tv_sec'],
      [name, 'tv_nsec'],
    ]),
  ].map(parts => parts.map(part => types.steps('file', ['f_inode', ...part])))
  const [seconds, nanoseconds] = forms.find(parts => parts.every(steps => steps !== undefined))!
  const [none, done] = [asm.label('no time'), asm.label('done')]
  emitFileOf(cx, of, none)
  emitReads(cx, 1, seconds!, none)
  asm.aluImm('mul', 1, 1_000_000_000).store(8, 10, PLACE.bits, 1)
  emitFileOf(cx, of, none)
  emitReads(cx, 1, nanoseconds!, none)
  asm.aluImm('and', 1, NANOSECOND_BITS).load(8, 2, 10, PLACE.bits).alu('add', 1, 2)
  emitNumber(cx, slot)
  asm.jump(done).place(none)
  emitEmptySlot(cx, slot, 0)
  asm.place(done)
}

/** What a call did to a file, above the call's flags or alone. */
export function emitFileState(cx: CaptureContext, slot: Slot, source: SourceOf<'fileState'>): void {
  const {asm, types} = cx
  const {of, bits, flags} = source
  const known = asm.label('state known')
  const old = asm.label('file was there')
  asm.storeImm(8, 10, PLACE.bits, 0)
  emitFileOf(cx, of, known)
  if (bits.created !== undefined) {
    emitReads(cx, 1, types.steps('file', ['f_mode'])!, known)
    asm.aluImm('and', 1, FMODE_CREATED).jumpIfImm('jeq', 1, 0, old)
    asm.storeImm(8, 10, PLACE.bits, bits.created).place(old)
    emitFileOf(cx, of, known)
  }
  emitLayer(cx, bits, PLACE.bits, known)
  asm.place(known)
  if (flags === undefined) {
    asm.load(8, 1, 10, PLACE.bits)
  } else {
    emitFlags(cx, flags)
    asm.load(8, 2, 10, PLACE.bits).aluImm('lsh', 2, 32).alu('or', 1, 2)
  }
  emitNumber(cx, slot)
}

/** The flags that the call was given, for now without what it did to the file. */
export function emitGivenFlags(cx: CaptureContext, slot: Slot): void {
  const {source} = slot
  if (source.from !== 'fileState' || source.flags === undefined)
    throw new Error(`${slot.name} has no flags of the call`)
  emitFlags(cx, source.flags)
  emitNumber(cx, slot)
}

/** `r1 =` the flags that the call was given. */
function emitFlags(cx: CaptureContext, flags: NonNullable<SourceOf<'fileState'>['flags']>): void {
  if (flags.from === 'arg') emitArgumentValue(cx, flags)
  else if (flags.from === 'request') emitRequestValue(cx, flags)
  else emitMemberValue(cx, flags)
  cx.asm.mov32(1, 1)
}

/**
 * Adds to the bits on the stack which layer of an overlay the file in `r3` lies on; jumps when it is on none. A node of an
 * overlay is followed by the entry of its copy on the upper layer (linux v6.8 fs/overlayfs/ovl_entry.h).
 */
export function emitLayer(
  cx: CaptureContext,
  bits: {readonly upper: number; readonly lower: number},
  place: number,
  done: Label,
): void {
  const {asm, types} = cx
  const [lower, add] = [asm.label('lower layer'), asm.label('layer known')]
  const entry = types.offset('file', 'f_path') + types.offset('path', 'dentry')
  emitReads(cx, 3, [{offset: entry, width: 8}], done)
  asm.store(8, 10, PLACE.dentry, 3)
  emitReads(cx, 1, types.steps('dentry', ['d_sb', 's_magic'])!, done)
  asm.jumpIfImm('jne', 1, OVERLAYFS_SUPER_MAGIC, done).load(8, 3, 10, PLACE.dentry)
  const inode: Step = {offset: types.offset('dentry', 'd_inode'), width: 8}
  emitReads(cx, 3, [inode, {offset: types.size('inode'), width: 8}], done)
  asm.jumpIfImm('jeq', 3, 0, lower)
  emitReads(cx, 1, [inode, {offset: types.offset('inode', 'i_ino'), width: 8}], lower)
  asm.jumpIfImm('jeq', 1, 0, lower).movImm(1, bits.upper).jump(add)
  asm.place(lower).movImm(1, bits.lower)
  asm.place(add).load(8, 2, 10, place).alu('or', 2, 1).store(8, 10, place, 2)
}

/** `r3 =` the address that the value `of` holds; jumps when there is no file. */
export function emitFileOf(cx: CaptureContext, of: string, none: Label): void {
  const {asm} = cx
  asm.load(8, 3, R.scratch, offsetOf(cx, of)).jumpIfImm('jeq', 3, 0, none)
}

/** Where the record holds a value that was captured before. */
function offsetOf({layout}: CaptureContext, value: string): number {
  const slot = layout.slots.find(({name}) => name === value)
  if (slot === undefined) throw new Error(`${layout.capture.kind} has no value ${value}`)
  return slot.offset
}

function emitFromFile(
  cx: CaptureContext,
  slot: Slot,
  of: string,
  steps: readonly Step[],
  missing?: number,
): void {
  const {asm} = cx
  const [none, done] = [asm.label('no file'), asm.label('done')]
  emitFileOf(cx, of, none)
  emitReads(cx, 1, steps, none)
  emitNumber(cx, slot)
  asm.jump(done).place(none)
  if (missing === undefined) emitEmptySlot(cx, slot, 0)
  else asm.storeImm(8, R.scratch, slot.offset, missing)
  asm.place(done)
}
