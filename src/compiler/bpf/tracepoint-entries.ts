import {Assembler, type Label} from '../../bpf/assembler.ts'
import type {Btf} from '../../bpf/btf.ts'
import type {MapSpec, ProgramSpec} from '../../bpf/specs.ts'
import type {Hook} from '../../schema/capture.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {COMPAT_SOCKETCALL} from '../../schema/tables/compat-calls.ts'
import {R, SCRATCH_SIZE, STACK} from './capture-context.ts'
import {KernelTypes} from './kernel-access.ts'

/**
 * What stays in the kernel while capture programs come and go: the maps, and the small entry programs attached to the
 * tracepoints. An entry program jumps through a program array to the capture program of the moment. An array has two
 * halves; the generation in one word of memory says which one is in force, so one store changes all capture programs of
 * all tracepoints at once, while events flow. Each tracepoint has an array of its own: the kernel refuses to share one
 * between tracepoints with different arguments.
 */

/** Every kernel object of ours has a name that begins with this. */
export const OBJECT_PREFIX = 'det_'

/** Names of the maps that capture programs use. */
export const MAP_NAME = {
  events: `${OBJECT_PREFIX}events`,
  scratch: `${OBJECT_PREFIX}scratch`,
  counters: `${OBJECT_PREFIX}counters`,
  /** One word: the generation whose half of the program arrays is in force. */
  active: `${OBJECT_PREFIX}active`,
} as const

/** A tracepoint that capture programs hang on. */
export type Tracepoint = Hook['at']

const TRACEPOINTS: readonly Tracepoint[] = [
  'sys_exit',
  'sched_process_exec',
  'sched_process_fork',
  'sched_process_exit',
]

/** System calls that a jump table has room for: above every number of x86_64. */
const CALL_SLOTS = 512
/** Flag of `thread_info.status`: the task is in a call of the 32-bit table (linux arch/x86/include/asm/thread_info.h). */
export const TS_COMPAT = 2

/** The jump table of the 32-bit system calls. */
export const COMPAT_CALLS_MAP = `${OBJECT_PREFIX}compat`

/** Name of a tracepoint's entry program and of its program array, 15 bytes at most. */
export function entryName(tracepoint: Tracepoint): string {
  return `${OBJECT_PREFIX}${tracepoint.replace('sched_process_', 'at_')}`
}

/** Slots in one half of a tracepoint's program array. */
export function halfSize(tracepoint: Tracepoint): number {
  return tracepoint === 'sys_exit' ? CALL_SLOTS : 1
}

/** Layout of one entry of the counters map: per CPU, by kind of record. The entry after the last kind is the host's. */
export const COUNTER = {
  /** u64, calls that reached the program, the detector's own left out. */
  seen: 0,
  /** u64, records that found the ring buffer full. */
  full: 8,
  size: 16,
} as const

/** Index of the counter of 32-bit `socketcall`s, which are counted and not looked at. */
export const SOCKETCALL_COUNTER = CAPTURES.length

/** What a kernel program needs to know of the host. */
export interface HostFacts {
  readonly btf: Btf
  /** The detector's own process id as the kernel's first pid namespace numbers it: its calls are never captured. */
  readonly selfPid: number
}

/** The maps of all programs. `ringBytes` is a power of two and a multiple of the page size. */
export function captureMaps(ringBytes: number): MapSpec[] {
  const array = (
    name: string,
    type: MapSpec['type'],
    valueSize: number,
    maxEntries: number,
  ): MapSpec => ({
    name,
    type,
    keySize: 4,
    valueSize,
    maxEntries,
  })
  return [
    {name: MAP_NAME.events, type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: ringBytes},
    array(MAP_NAME.scratch, 'percpu_array', SCRATCH_SIZE, 1),
    array(MAP_NAME.counters, 'percpu_array', COUNTER.size, CAPTURES.length + 1),
    array(MAP_NAME.active, 'array', 4, 1),
    ...TRACEPOINTS.map(at => array(entryName(at), 'prog_array', 4, 2 * halfSize(at))),
    array(COMPAT_CALLS_MAP, 'prog_array', 4, 2 * CALL_SLOTS),
  ]
}

/** The programs attached to the tracepoints. */
export function entryPrograms(host: HostFacts): ProgramSpec[] {
  return TRACEPOINTS.map(tracepoint => ({
    name: entryName(tracepoint),
    attach: {kind: 'tp_btf', tracepoint},
    instructions:
      tracepoint === 'sys_exit' ? emitCallEntry(host) : emitPlainEntry(entryName(tracepoint)),
    license: 'GPL',
  }))
}

/** `r3 =` the first slot of the half in force. Loses r0–r2. */
function emitActiveHalf(asm: Assembler, size: number, out: Label): void {
  asm.storeImm(4, 10, STACK.mapKey, 0).mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, MAP_NAME.active).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, out)
  asm.load(4, 3, 0, 0).aluImm('and', 3, 1).aluImm('mul', 3, size)
}

function emitPlainEntry(map: string): ProgramSpec['instructions'] {
  const asm = new Assembler()
  const out = asm.label('out')
  asm.mov(R.ctx, 1)
  emitActiveHalf(asm, 1, out)
  asm.mov(1, R.ctx).loadMap(2, map).call('tail_call')
  return asm.place(out).movImm(0, 0).exit().finish()
}

/** Jumps by system call number, through a table of its own for the 32-bit calls, whose numbers mean other calls. */
function emitCallEntry(host: HostFacts): ProgramSpec['instructions'] {
  const asm = new Assembler()
  const types = new KernelTypes(host.btf)
  const [compat, out, socketcall] = [
    asm.label('32-bit call'),
    asm.label('out'),
    asm.label('socketcall'),
  ]
  asm
    .mov(R.ctx, 1)
    .load(8, R.regs, R.ctx, 0)
    .load(8, R.length, R.regs, types.offset('pt_regs', 'orig_ax'))
  asm.call('get_current_task_btf').load(4, 1, 0, types.offset('task_struct', 'thread_info.status'))
  // Without this a wild number would reach into the other half.
  asm.jumpIfImm('jge', R.length, CALL_SLOTS, out)
  asm.aluImm('and', 1, TS_COMPAT).jumpIfImm('jne', 1, 0, compat)
  const jumpThrough = (map: string): void => {
    emitActiveHalf(asm, CALL_SLOTS, out)
    asm.alu('add', 3, R.length).mov(1, R.ctx).loadMap(2, map).call('tail_call').jump(out)
  }
  jumpThrough(entryName('sys_exit'))
  asm.place(compat).jumpIfImm('jeq', R.length, COMPAT_SOCKETCALL, socketcall)
  jumpThrough(COMPAT_CALLS_MAP)
  asm.place(socketcall)
  emitCount(asm, SOCKETCALL_COUNTER, out)
  return asm.place(out).movImm(0, 0).exit().finish()
}

/** Counts a call; the counter's address stays on the stack. A plain add will do: the entry is this CPU's own. */
export function emitCount(asm: Assembler, index: number, out: Label): void {
  asm.storeImm(4, 10, STACK.mapKey, index).mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm.loadMap(1, MAP_NAME.counters).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, out)
  asm.store(8, 10, STACK.counters, 0)
  asm.load(8, 1, 0, COUNTER.seen).aluImm('add', 1, 1).store(8, 0, COUNTER.seen, 1)
}
