import type {Assembler, Label, Reg} from '../../../bpf/assembler.ts'
import {BTF_KIND, type Btf} from '../../../bpf/btf.ts'
import type {MapSpec} from '../../../bpf/specs.ts'
import {START_HEAD, type StartLayout} from '../../../schema/captures/start-records.ts'
import {RECORD_LAYOUTS, SLOT_FLAG, type Slot} from '../../../schema/record-layout.ts'
import {
  type CaptureContext,
  emitDestination,
  emitEmptySlot,
  emitSlot,
  R,
  SCRATCH_SIZE,
  STACK,
} from '../capture-context.ts'
import {emitLoads, KernelTypes, type Step} from '../kernel-access.ts'

/**
 * What the iterator programs share. They use the registers and stack places of the capture programs ({@link R},
 * {@link STACK}), so that the walks of paths serve both: r6 the context, r7 scratch memory, r8 length of the record so far.
 */

/** Memory in which a record is put together. Only one reader runs the program at a time. */
export const SCRATCH_MAP: MapSpec = {
  name: 'det_it_scratch',
  type: 'array',
  keySize: 4,
  valueSize: SCRATCH_SIZE,
  maxEntries: 1,
}

/** Longest record that fits the kernel's buffer of 8 pages (linux v6.8 kernel/bpf/bpf_iter.c, bpf_seq_read). */
const BUFFER_MAX = 32_768

/** One way to a number: a path of member names from a struct. Of several the first that this kernel has is taken. */
export type Way = readonly string[]

/** What the emitters of one iterator program share. */
export interface IteratorContext<N extends string, V extends string> extends CaptureContext {
  readonly btf: Btf
  readonly record: StartLayout<N, V>
}

/** A context for a record. @throws Error when the record does not fit the scratch memory or the kernel's buffer. */
export function iteratorContext<N extends string, V extends string>(
  asm: Assembler,
  btf: Btf,
  record: StartLayout<N, V>,
): IteratorContext<N, V> {
  if (record.maxSize > Math.min(SCRATCH_SIZE - 8, BUFFER_MAX))
    throw new Error(`records of ${record.maxSize} bytes are too large`)
  // Walks of paths look at neither the layout of captured records nor at the registers of calls.
  const layout = RECORD_LAYOUTS[0]!
  return {asm, types: new KernelTypes(btf), btf, record, layout, abi: 'x86_64'}
}

/** Takes the context and the scratch memory; leaves when there is none. */
export function emitStart({asm}: {readonly asm: Assembler}, out: Label): void {
  asm.mov(R.ctx, 1)
  asm.storeImm(4, 10, STACK.mapKey, 0).mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, SCRATCH_MAP.name).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, out)
  asm.mov(R.scratch, 0)
}

/** Writes the record to the iterator's file and ends the program. */
export function emitEnd<N extends string, V extends string>(
  {asm, types, record}: IteratorContext<N, V>,
  out: Label,
): void {
  asm.store(4, R.scratch, START_HEAD.size, R.length)
  asm.storeImm(4, R.scratch, START_HEAD.kind, record.kind)
  asm.load(8, 1, R.ctx, 0).load(8, 1, 1, types.offset('bpf_iter_meta', 'seq'))
  // A full buffer makes the kernel hand over what is there and call again for this object.
  asm.mov(2, R.scratch).mov(3, R.length).call('seq_write')
  asm.place(out).movImm(0, 0).exit()
}

/** Stores a register as a number of the record. */
export function emitStore<N extends string, V extends string>(
  {asm, record}: IteratorContext<N, V>,
  name: N,
  from: Reg,
): void {
  asm.store(8, R.scratch, record.numbers[name], from)
}

/** The loads of the first way that this kernel has; undefined when it has none. */
export function firstWay(
  types: KernelTypes,
  struct: string,
  ways: readonly Way[],
): Step[] | undefined {
  for (const way of ways) {
    const steps = types.steps(struct, way)
    if (steps !== undefined) return steps
  }
  return undefined
}

/** Stores a number that is reached from `base`; 0 when this kernel does not have it. Loses r1. */
export function emitNumberOf<N extends string, V extends string>(
  cx: IteratorContext<N, V>,
  name: N,
  base: Reg,
  struct: string,
  ways: readonly Way[],
): void {
  const steps = firstWay(cx.types, struct, ways)
  if (steps === undefined) {
    cx.asm.storeImm(8, R.scratch, cx.record.numbers[name], 0)
    return
  }
  emitLoads(cx.asm, 1, base, steps)
  emitStore(cx, name, 1)
}

/** A variable slot in the form in which the emitters of captures take it. */
export function slotOf<N extends string, V extends string>(
  {record}: IteratorContext<N, V>,
  name: V,
): Slot {
  return {name, source: {from: 'ret'}, ...record.slots[name]}
}

/** Copies `size` bytes (a number, or `'r2'`: that register, bounded before) of kernel memory at `r3` into a slot. */
export function emitBytes(cx: CaptureContext, slot: Slot, size: number | 'r2'): void {
  const {asm} = cx
  const [fault, done] = [asm.label('fault'), asm.label('done')]
  if (size === 'r2') asm.store(8, 10, STACK.saved, 2)
  emitDestination(cx)
  if (size !== 'r2') asm.movImm(2, size)
  asm.call('probe_read_kernel').jumpIfImm('jne', 0, 0, fault)
  if (size === 'r2') {
    asm.load(8, 0, 10, STACK.saved)
    emitSlot(cx, slot, 0)
    asm.alu('add', R.length, 0)
  } else {
    asm.movImm(0, size)
    emitSlot(cx, slot, 0)
    asm.aluImm('add', R.length, size)
  }
  asm.jump(done).place(fault)
  emitEmptySlot(cx, slot, SLOT_FLAG.fault)
  asm.place(done)
}

/** Whether the running kernel describes a struct: parts of it may be left out or live in modules. */
export function hasStruct(btf: Btf, name: string): boolean {
  return btf.find(name, BTF_KIND.STRUCT) !== undefined
}

/** sizeof a struct. @throws Error when this kernel has none of the name. */
export function sizeOfStruct(btf: Btf, name: string): number {
  const type = btf.find(name, BTF_KIND.STRUCT)
  if (type === undefined) throw new Error(`this kernel has no struct ${name}`)
  return btf.sizeOf(type)
}
