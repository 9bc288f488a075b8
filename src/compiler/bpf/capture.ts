import {Assembler, type Label} from '../../bpf/assembler.ts'
import type {ProgramSpec} from '../../bpf/specs.ts'
import type {Hook} from '../../schema/capture.ts'
import {HEADER, RECORD_LAYOUTS, type RecordLayout, type Slot} from '../../schema/record-layout.ts'
import {COMPAT_CALLS} from '../../schema/tables/compat-calls.ts'
import {
  type Abi,
  type CaptureContext,
  emitArgument,
  emitEmptySlot,
  emitForgetLength,
  R,
  STACK,
} from './capture-context.ts'
import {emitLoads, KernelTypes} from './kernel-access.ts'
import {emitSource} from './sources.ts'
import {
  COMPAT_CALLS_MAP,
  COUNTER,
  emitCount,
  entryName,
  type HostFacts,
  halfSize,
  MAP_NAME,
  OBJECT_PREFIX,
} from './tracepoint-entries.ts'

/** What the loaded rules want of one kind of record. */
export interface CaptureRequest {
  /** Values captured on demand that are wanted. */
  readonly onDemand: ReadonlySet<string>
  /** Capture every call, not only those the state needs. */
  readonly everyCall: boolean
}

const PF_KTHREAD = 0x200000
const BPF_RB_NO_WAKEUP = 1

/**
 * The programs that capture one kind of record, reached from the entry program of its tracepoint: for a system call one for
 * its number in the 64-bit table, and one for each of its numbers in the 32-bit table.
 */
export function capturePrograms(
  index: number,
  request: CaptureRequest,
  host: HostFacts,
): ProgramSpec[] {
  const layout = RECORD_LAYOUTS[index]
  if (layout === undefined) throw new Error(`there is no kind of record ${index}`)
  const {kind, hook} = layout.capture
  const program = (prefix: string, map: string, slot: number, abi: Abi): ProgramSpec => ({
    name: `${prefix}${kind}`.slice(0, 15),
    attach: {kind: 'tail_call', tracepoint: hook.at, map, slot, halfSize: halfSize(hook.at)},
    instructions: emitCapture(layout, request, host, abi),
    license: 'GPL',
  })
  if (hook.at !== 'sys_exit') return [program(OBJECT_PREFIX, entryName(hook.at), 0, 'x86_64')]
  return [
    program(OBJECT_PREFIX, entryName(hook.at), hook.nr, 'x86_64'),
    ...(COMPAT_CALLS[kind] ?? []).map(nr =>
      program(`${OBJECT_PREFIX}32_`, COMPAT_CALLS_MAP, nr, 'i386'),
    ),
  ]
}

function emitCapture(
  layout: RecordLayout,
  request: CaptureRequest,
  host: HostFacts,
  abi: Abi,
): ProgramSpec['instructions'] {
  const asm = new Assembler()
  const cx: CaptureContext = {asm, types: new KernelTypes(host.btf), layout, abi}
  const [out, full] = [asm.label('out'), asm.label('ring full')]
  const {hook} = layout.capture

  asm.mov(R.ctx, 1)
  emitSubject(cx, hook)
  emitScope(cx, hook, host, out)
  if (layout.capture.onlyArg !== undefined && !request.everyCall)
    emitArgumentFilter(cx, layout.capture.onlyArg, out)
  emitCount(asm, layout.index, out)
  asm.storeImm(4, 10, STACK.mapKey, 0).mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm
    .loadMap(1, MAP_NAME.scratch)
    .call('map_lookup_elem')
    .jumpIfImm('jeq', 0, 0, out)
    .mov(R.scratch, 0)
  emitHeader(cx)

  let startMax = layout.fixedSize
  asm.movImm(R.length, layout.fixedSize)
  for (const slot of layout.slots) {
    if (isWanted(layout, slot, request)) emitSource(cx, slot, startMax)
    else emitEmptySlot(cx, slot, 0)
    startMax += slot.maxBytes
    if (slot.maxBytes > 0) emitForgetLength(cx, startMax, out)
  }

  asm.loadMap(1, MAP_NAME.events).mov(2, R.scratch).mov(3, R.length).movImm(4, BPF_RB_NO_WAKEUP)
  asm.call('ringbuf_output').jumpIfImm('jne', 0, 0, full)
  asm.place(out).movImm(0, 0).exit()
  asm.place(full).load(8, 1, 10, STACK.counters)
  asm.load(8, 2, 1, COUNTER.full).aluImm('add', 2, 1).store(8, 1, COUNTER.full, 2).jump(out)
  return asm.finish()
}

function isWanted({capture}: RecordLayout, slot: Slot, request: CaptureRequest): boolean {
  return !(capture.onDemand ?? []).includes(slot.name) || request.onDemand.has(slot.name)
}

/** Puts the task that the record is about on the stack, and the call's registers or the binprm into r9. */
function emitSubject({asm}: CaptureContext, hook: Hook): void {
  switch (hook.at) {
    case 'sys_exit':
      asm.load(8, R.regs, R.ctx, 0).call('get_current_task_btf')
      break
    case 'sched_process_exec':
      asm.load(8, R.regs, R.ctx, 16).load(8, 0, R.ctx, 0)
      break
    case 'sched_process_fork':
      asm.load(8, 0, R.ctx, 8).mov(R.regs, 0)
      break
    case 'sched_process_exit':
      asm.load(8, 0, R.ctx, 0).mov(R.regs, 0)
      break
  }
  asm.store(8, 10, STACK.task, 0)
}

/** Leaves what is not wanted: the detector itself, kernel threads, calls with the wrong outcome. r0 holds the task. */
function emitScope({asm, types}: CaptureContext, hook: Hook, host: HostFacts, out: Label): void {
  if (hook.at === 'sys_exit') {
    if (hook.calls === 'failed') asm.load(8, 1, R.ctx, 8).jumpIfImm('jsge', 1, 0, out)
    if (hook.calls === 'notZero') asm.load(8, 1, R.ctx, 8).jumpIfImm('jeq', 1, 0, out)
  } else {
    asm
      .load(4, 1, 0, types.offset('task_struct', 'flags'))
      .aluImm('and', 1, PF_KTHREAD)
      .jumpIfImm('jne', 1, 0, out)
  }
  asm.load(4, 1, 0, types.offset('task_struct', 'tgid')).jumpIfImm('jeq', 1, host.selfPid, out)
}

function emitArgumentFilter(
  cx: CaptureContext,
  {index, values}: {readonly index: number; readonly values: readonly number[]},
  out: Label,
): void {
  const wanted = cx.asm.label('wanted')
  emitArgument(cx, 1, index)
  for (const value of values) cx.asm.jumpIfImm('jeq', 1, value, wanted)
  cx.asm.jump(out).place(wanted)
}

function emitHeader({asm, types, layout}: CaptureContext): void {
  asm.call('ktime_get_boot_ns').store(8, R.scratch, HEADER.timestamp, 0)
  asm.storeImm(4, R.scratch, HEADER.kind, layout.index)
  const copy = (width: 4 | 8, to: number, ...path: string[]): void => {
    asm.load(8, 1, 10, STACK.task)
    emitLoads(asm, 1, 1, types.steps('task_struct', path)!)
    asm.store(width, R.scratch, to, 1)
  }
  copy(4, HEADER.tid, 'pid')
  copy(4, HEADER.pid, 'tgid')
  copy(4, HEADER.uid, 'cred', 'euid', 'val')
  copy(4, HEADER.gid, 'cred', 'egid', 'val')
  copy(8, HEADER.start, 'group_leader', 'start_boottime')
}
