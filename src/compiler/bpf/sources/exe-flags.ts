import type {Label} from '../../../bpf/assembler.ts'
import type {Slot} from '../../../schema/record-layout.ts'
import {type CaptureContext, R, STACK} from '../capture-context.ts'
import {emitLoads} from '../kernel-access.ts'
import {emitReads} from '../kernel-reads.ts'
import {emitFileOf, emitLayer} from './file.ts'
import {emitNumber} from './number.ts'

/**
 * Facts about the executable of a task that captures carry as bits: whether the task could write to it, on which layer of an
 * overlay it lies, and whether it is a memory file. Writing is judged by owner, group, mode and capabilities, as the kernel
 * does without access lists (linux v6.8 fs/namei.c, acl_permission_check and generic_permission).
 */

/** `execve_flags`. */
const EXE = {writable: 1, upper: 2, fromMemory: 4, lower: 8} as const
/** `super_block.s_flags` and `inode.i_flags` (linux v6.8 include/linux/fs.h). */
const SB_RDONLY = 1
const S_IMMUTABLE = 8
/** Who a mode's write bit is for. */
const WRITE = {owner: 0o200, group: 0o020, others: 0o002} as const
/** Masks of capabilities by number (linux v6.8 include/uapi/linux/capability.h). */
const CAP_DAC_OVERRIDE = 1 << 1
const CAP_FOWNER = 1 << 3
/** `memfd:` and the following byte, masked off, as a little-endian number. */
const MEMFD_PREFIX = 0x3a6466_6d656dn
/** Halvings that find a group among the most that a task can have (NGROUPS_MAX, linux v6.8 include/uapi/linux/limits.h). */
const GROUP_SEARCH_STEPS = 17
/** Ranges of ids that a user namespace maps without a separate table (linux v6.8 include/linux/user_namespace.h). */
const INLINE_EXTENTS = 5
/** Stack places of this family; the second one of the work area is taken by `emitLayer`. */
const PLACE = {
  bits: STACK.work,
  node: STACK.work + 16,
  mode: STACK.work + 24,
  owner: STACK.work + 32,
  group: STACK.work + 40,
  groups: STACK.work + 48,
  middle: STACK.work + 56,
  steps: STACK.saved,
} as const

/** Emits the bits of `execve_flags` for the file that the value `of` names. */
export function emitExeFlags(cx: CaptureContext, slot: Slot, of: string): void {
  const {asm} = cx
  const [onDisk, layered, done] = [asm.label('on disk'), asm.label('layered'), asm.label('done')]
  asm.storeImm(8, 10, PLACE.bits, 0)
  emitFileOf(cx, of, done)
  emitMemoryTest(cx, onDisk)
  asm.storeImm(8, 10, PLACE.bits, EXE.fromMemory).place(onDisk)
  emitFileOf(cx, of, done)
  emitLayer(cx, EXE, PLACE.bits, layered)
  asm.place(layered)
  emitFileOf(cx, of, done)
  emitWriteTest(cx, slot, done)
  asm.load(8, 1, 10, PLACE.bits).aluImm('or', 1, EXE.writable).store(8, 10, PLACE.bits, 1)
  asm.place(done).load(8, 1, 10, PLACE.bits)
  emitNumber(cx, slot)
}

/** Jumps unless the file in `r3` is a memory file: an entry without a parent, whose name begins with `memfd:`. */
function emitMemoryTest(cx: CaptureContext, onDisk: Label): void {
  const {asm, types} = cx
  const entry = types.offset('file', 'f_path') + types.offset('path', 'dentry')
  emitReads(cx, 3, [{offset: entry, width: 8}], onDisk)
  asm.store(8, 10, PLACE.node, 3)
  emitReads(cx, 1, types.steps('dentry', ['d_parent'])!, onDisk)
  asm.load(8, 3, 10, PLACE.node).jumpIf('jne', 1, 3, onDisk)
  const name = types.offset('dentry', 'd_name.name')
  emitReads(
    cx,
    1,
    [
      {offset: name, width: 8},
      {offset: 0, width: 8},
    ],
    onDisk,
  )
  asm.aluImm('lsh', 1, 16).aluImm('rsh', 1, 16).movImm(2, MEMFD_PREFIX)
  asm.jumpIf('jne', 1, 2, onDisk)
}

/** Goes on when the task may write to the file in `r3`, else jumps. */
function emitWriteTest(cx: CaptureContext, slot: Slot, no: Label): void {
  const {asm, types} = cx
  const yes = asm.label('writable')
  const notOwner = asm.label('not the owner')
  const inGroup = asm.label('in the group')
  const others = asm.label('others')
  const byCapability = asm.label('by capability')
  const node = (place: number, ...path: string[]): void => {
    asm.load(8, 3, 10, PLACE.node)
    emitReads(cx, 1, types.steps('inode', path)!, no)
    asm.store(8, 10, place, 1)
  }
  emitReads(cx, 3, types.steps('file', ['f_inode'])!, no)
  asm.store(8, 10, PLACE.node, 3)
  emitReads(cx, 1, types.steps('inode', ['i_sb', 's_flags'])!, no)
  asm.aluImm('and', 1, SB_RDONLY).jumpIfImm('jne', 1, 0, no)
  node(PLACE.mode, 'i_flags')
  asm.aluImm('and', 1, S_IMMUTABLE).jumpIfImm('jne', 1, 0, no)
  node(PLACE.mode, 'i_mode')
  node(PLACE.owner, 'i_uid', 'val')
  node(PLACE.group, 'i_gid', 'val')

  // An owner can change the mode: the peers count that as writable whatever the mode says.
  emitCredential(cx, 'fsuid', 'val')
  asm.load(8, 2, 10, PLACE.owner).jumpIf('jne', 1, 2, notOwner).jump(yes)
  asm.place(notOwner)
  emitCredential(cx, 'fsgid', 'val')
  asm.load(8, 2, 10, PLACE.group).jumpIf('jeq', 1, 2, inGroup)
  emitGroupSearch(cx, slot, inGroup, others)
  asm.place(inGroup).load(8, 1, 10, PLACE.mode).aluImm('and', 1, WRITE.group)
  asm.jumpIfImm('jne', 1, 0, yes).jump(byCapability)
  asm.place(others).load(8, 1, 10, PLACE.mode).aluImm('and', 1, WRITE.others)
  asm.jumpIfImm('jne', 1, 0, yes)

  asm.place(byCapability)
  emitCredential(cx, 'cap_effective')
  asm.aluImm('and', 1, CAP_DAC_OVERRIDE | CAP_FOWNER).jumpIfImm('jeq', 1, 0, no)
  emitMappingTest(cx, 'uid_map', PLACE.owner, no)
  emitMappingTest(cx, 'gid_map', PLACE.group, no)
  asm.place(yes)
}

/** `r1 =` a number of the task's credentials. */
function emitCredential({asm, types}: CaptureContext, ...path: string[]): void {
  asm.load(8, 1, 10, STACK.task)
  emitLoads(asm, 1, 1, types.steps('task_struct', ['cred', ...path])!)
}

/** Looks for the file's group among the task's further groups, which are sorted; jumps either way. */
function emitGroupSearch(cx: CaptureContext, slot: Slot, found: Label, missing: Label): void {
  const {asm, types} = cx
  const [loop, above] = [asm.label('halve'), asm.label('above')]
  // The bounds rest in the slot, where the kernel's verifier does not follow their values.
  const [low, high] = [slot.offset, slot.offset + 4]
  emitCredential(cx, 'group_info', 'ngroups')
  asm.storeImm(4, R.scratch, low, 0).store(4, R.scratch, high, 1)
  asm.load(8, 3, 10, STACK.task)
  emitReads(cx, 3, types.steps('task_struct', ['cred', 'group_info'])!, missing)
  asm.aluImm('add', 3, types.offset('group_info', 'gid')).store(8, 10, PLACE.groups, 3)
  asm.storeImm(8, 10, PLACE.steps, GROUP_SEARCH_STEPS)

  asm.place(loop)
  asm.load(8, 1, 10, PLACE.steps).jumpIfImm('jeq', 1, 0, missing).aluImm('sub', 1, 1)
  asm.store(8, 10, PLACE.steps, 1)
  asm.load(4, 4, R.scratch, low).load(4, 2, R.scratch, high).jumpIf('jge', 4, 2, missing)
  asm.alu('add', 4, 2).aluImm('rsh', 4, 1).store(8, 10, PLACE.middle, 4)
  asm.aluImm('lsh', 4, 2).load(8, 3, 10, PLACE.groups).alu('add', 3, 4)
  emitReads(cx, 1, [{offset: 0, width: 4}], missing)
  asm.load(8, 2, 10, PLACE.group).load(8, 4, 10, PLACE.middle)
  asm.jumpIf('jeq', 1, 2, found).jumpIf('jlt', 1, 2, above)
  asm.store(4, R.scratch, high, 4).jump(loop)
  asm.place(above).aluImm('add', 4, 1).store(4, R.scratch, low, 4).jump(loop)
}

/** Jumps when the id on the stack is not mapped in the task's user namespace. Long maps count as mapping every id. */
function emitMappingTest(
  cx: CaptureContext,
  map: 'uid_map' | 'gid_map',
  place: number,
  no: Label,
): void {
  const {asm} = cx
  const mapped = asm.label('mapped')
  emitCredential(cx, 'user_ns', map, 'nr_extents')
  asm.mov(4, 1).jumpIfImm('jgt', 4, INLINE_EXTENTS, mapped)
  for (let index = 0; index < INLINE_EXTENTS; index++) {
    asm.jumpIfImm('jle', 4, index, no)
    emitCredential(cx, 'user_ns', map, `extent[${index}]`, 'lower_first')
    asm.load(8, 2, 10, place).alu('sub', 2, 1).mov32(2, 2)
    emitCredential(cx, 'user_ns', map, `extent[${index}]`, 'count')
    asm.jumpIf('jlt', 2, 1, mapped)
  }
  asm.jump(no).place(mapped)
}
