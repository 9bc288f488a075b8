import {Assembler, type Label} from '../../bpf/assembler.ts'
import type {HookKind, ProgramData, ProgramSpec} from '../../bpf/specs.ts'
import type {Hook} from '../../schema/capture.ts'
import {
  HEADER,
  HEADER_FLAG,
  RECORD_LAYOUTS,
  type RecordLayout,
  type Slot,
} from '../../schema/record-layout.ts'
import {COMPAT_CALLS} from '../../schema/tables/compat-calls.ts'
import {createFilterData} from '../filter/filter-data.ts'
import type {KernelFilter} from '../filter/kernel-filter.ts'
import {BORN_ENTRY} from '../filter/process/cgroup-entry.ts'
import {emitCountWord} from '../filter/process/emit-process.ts'
import {PROCESS_WORD} from '../filter/process/process-entry.ts'
import {
  type Abi,
  type CaptureContext,
  emitArgument,
  emitResult,
  GENERATION_PLACE,
  PROCESS_STATE,
  R,
  STACK,
} from './capture-context.ts'
import {emitCount, emitFiltered, emitOutcome, SOCKETCALL_COUNTER} from './drop-counters.ts'
import {emitEntryCopy, emitEntrySource, entryCopyValue} from './entry-copy.ts'
import {emitContextWords} from './hooks/hook-context.ts'
import {probeAddresses} from './hooks/probe-addresses.ts'
import {emitLoads, KernelTypes} from './kernel-access.ts'
import {emitReads} from './kernel-reads.ts'
import {laneOf} from './lane.ts'
import {MAP_NAME} from './map-names.ts'
import {emitRecordBody} from './record-body.ts'
import {compatHook, type SensorSetting} from './sensor-setting.ts'
import {emitCallArguments, socketcallPlaces} from './socketcall.ts'
import {emitCgroupKey, hasCgroupKey} from './sources/cgroup-key.ts'
import {emitSource} from './sources.ts'
import {halfSize, hasRingEnds, OBJECT_PREFIX, TRACEPOINTS, type Tracepoint} from './tracepoints.ts'

/** What the loaded rules want of one kind of record. */
export interface CaptureRequest {
  /** Values captured on demand that are wanted. */
  readonly onDemand: ReadonlySet<string>
  /** Capture every call, not only those the state needs. */
  readonly everyCall: boolean
  /** Copy the path or address when the call begins, too. */
  readonly entryCopy?: boolean
  /** Records that do not pass stay in the kernel; left out, all pass. */
  readonly filter?: KernelFilter
  /** The filter asks for the process. */
  readonly asksProcess?: boolean
  /** The filter asks for the descriptor: id of the set of tests that its bits stand for. */
  readonly descriptorSet?: bigint
  /** The event's thread is noted with its control groups, or forgotten; see `filter/process/cgroup-entry.ts`. */
  readonly notesGroups?: 'keep' | 'forget'
  /** The event may change what filters know of other processes: always, or only that of a process that has children. */
  readonly changesKin?: 'always' | 'withChildren'
}

const PF_KTHREAD = 0x200000

/** One program of a kind of record: where it runs, and for which system call table. */
interface Place {
  readonly tracepoint: Tracepoint
  readonly hook: HookKind
  readonly abi: Abi
  /** Slot in that table, which is the system call's number; 0 at other tracepoints. */
  readonly call: number
  /** Number of arguments of a call inside socketcall. */
  readonly args?: number
}

/**
 * The programs that capture one kind of record, reached from the entry programs of its tracepoint: for a system call one for
 * its number in the 64-bit table, and one for each of its numbers in the 32-bit table; with a copy at entry as many more.
 */
export function capturePrograms(
  index: number,
  request: CaptureRequest,
  setting: SensorSetting,
): ProgramSpec[] {
  const layout = RECORD_LAYOUTS[index]
  if (layout === undefined) throw new Error(`there is no kind of record ${index}`)
  const {hook} = layout.capture
  if (hook.at === 'io_uring_complete' && !hasRingEnds(setting.btf)) return []
  if (hook.at !== 'sys_exit') {
    const place: Place = {tracepoint: hook.at, hook: setting.hooks.others, abi: 'x86_64', call: 0}
    return [programAt(layout, place, '', emitCapture(layout, request, setting, place))]
  }
  const calls = callPlaces(layout, hook.nr, setting)
  const programs = calls.map(({prefix, ...place}) =>
    programAt(layout, place, prefix, emitCapture(layout, request, setting, place)),
  )
  if (request.entryCopy !== true) return programs
  const copies = calls.filter(hasEntryCopy).map(({prefix, ...call}) => {
    const place: Place = {...call, tracepoint: 'sys_enter'}
    return programAt(layout, place, `in${prefix || '_'}`, emitCopy(layout, setting, place))
  })
  return [...programs, ...copies]
}

/** Calls inside socketcall have their arguments in memory, so a copy of these alone would be worth nothing. */
function hasEntryCopy({abi}: Place): boolean {
  return abi !== 'socketcall'
}

function callPlaces(
  {capture}: RecordLayout,
  nr: number,
  {hooks}: SensorSetting,
): (Place & {readonly prefix: string})[] {
  const native = {
    tracepoint: 'sys_exit',
    hook: hooks.calls,
    abi: 'x86_64',
    call: nr,
    prefix: '',
  } as const
  const compat = compatHook(hooks)
  if (compat === undefined) return [native]
  const numbers = COMPAT_CALLS[capture.kind] ?? []
  const at = {tracepoint: 'sys_exit', hook: compat} as const
  return [
    native,
    ...numbers.map(call => ({...at, abi: 'i386', call, prefix: '32_'}) as const),
    ...socketcallPlaces(capture.kind).map(
      ({slot, args}) => ({...at, abi: 'socketcall', call: slot, args, prefix: 'sc_'}) as const,
    ),
  ]
}

function programAt(
  {capture}: RecordLayout,
  {tracepoint, hook, abi, call}: Place,
  prefix: string,
  {instructions, data}: ProgramCode,
): ProgramSpec {
  const {array, compatArray} = TRACEPOINTS[tracepoint]
  return {
    name: `${OBJECT_PREFIX}${prefix}${capture.kind}`.slice(0, 15),
    attach: {
      kind: 'tail_call',
      hook,
      tracepoint,
      map: abi === 'x86_64' ? array : compatArray!,
      slot: call,
      halfSize: halfSize(tracepoint),
    },
    instructions: hook === 'tp_btf' ? instructions : probeAddresses(instructions),
    license: 'GPL',
    ...(data.length > 0 && {data}),
  }
}

/** What an emitter of a whole program gives. */
interface ProgramCode {
  readonly instructions: ProgramSpec['instructions']
  readonly data: readonly ProgramData[]
}

/** Leaves requests to a ring that are for something else. */
function emitOperationFilter(cx: CaptureContext, operations: readonly number[], out: Label): void {
  const wanted = cx.asm.label('wanted')
  cx.asm.mov(3, R.regs)
  emitReads(cx, 1, cx.types.steps('io_kiocb', ['opcode'])!, out)
  for (const operation of operations) cx.asm.jumpIfImm('jeq', 1, operation, wanted)
  cx.asm.jump(out).place(wanted)
}

/** The program that makes the record, at the end of the call or at another tracepoint. */
function emitCapture(
  layout: RecordLayout,
  request: CaptureRequest,
  setting: SensorSetting,
  place: Place,
): ProgramCode {
  const cx = contextOf(layout, setting, place)
  const {asm} = cx
  const data = createFilterData()
  const {capture} = layout
  const [out, unread, above] = [
    asm.label('out'),
    asm.label('arguments not read'),
    asm.label('above the largest length'),
  ]
  emitSubject(cx, place)
  emitScope(cx, place, capture.hook, setting, out)
  if (place.args !== undefined) emitCallArguments(cx, place.args, unread)
  if (capture.onlyArg !== undefined && !request.everyCall)
    emitArgumentFilter(cx, capture.onlyArg, out)
  if (capture.hook.at === 'io_uring_complete') emitOperationFilter(cx, capture.hook.operations, out)
  emitCount(asm, layout.index, out)
  asm.storeImm(4, 10, STACK.mapKey, 0).mov(2, 10).aluImm('add', 2, STACK.mapKey)
  asm
    .loadMap(1, MAP_NAME.scratch)
    .call('map_lookup_elem')
    .jumpIfImm('jeq', 0, 0, out)
    .mov(R.scratch, 0)

  if (request.notesGroups !== undefined) emitGroupNote(cx, request.notesGroups)
  const copied =
    request.entryCopy === true && hasEntryCopy(place) ? entryCopyValue(capture) : undefined
  const filtered = asm.label('filtered')
  emitRecordBody(cx, {
    filter: request.filter,
    data,
    isWanted: slot => isWanted(layout, slot, request),
    emitSlot: (slot, startMax) => {
      const emitAtExit = (): void => emitSource(cx, slot, startMax)
      if (slot.name === copied) emitEntrySource(cx, slot, place.call, above, emitAtExit)
      else emitAtExit()
    },
    emitHeader: () => emitHeader(cx, request.changesKin),
    emitIds: () => emitIds(cx),
    emitProcess: () => emitProcess(cx),
    emitIdentity: () => emitIdentity(cx),
    descriptorSet: request.descriptorSet ?? 0n,
    above,
    filtered,
  })
  const wanted = layout.slots.filter(slot => isWanted(layout, slot, request))
  emitOutcome(cx, laneOf(capture), setting.rings, {out, above}, wanted, {
    mayChangeKin: request.changesKin !== undefined,
  })
  if (place.args !== undefined) {
    asm.place(unread)
    emitCount(asm, SOCKETCALL_COUNTER, out)
    asm.jump(out)
  }
  if (request.filter !== undefined) {
    asm.place(filtered)
    emitFiltered(asm)
  }
  return {instructions: asm.finish(), data: data.finish()}
}

/** The program that copies a value when the call begins. */
function emitCopy(layout: RecordLayout, setting: SensorSetting, place: Place): ProgramCode {
  const cx = contextOf(layout, setting, place)
  const out = cx.asm.label('out')
  const slot = layout.slots.find(({name}) => name === entryCopyValue(layout.capture))
  if (slot === undefined) throw new Error(`${layout.capture.kind} has nothing to copy at entry`)
  emitSubject(cx, place)
  emitScope(cx, place, layout.capture.hook, setting, out)
  emitEntryCopy(cx, slot, place.call, out)
  return {instructions: cx.asm.place(out).movImm(0, 0).exit().finish(), data: []}
}

function contextOf(layout: RecordLayout, {btf}: SensorSetting, {abi}: Place): CaptureContext {
  return {asm: new Assembler(), types: new KernelTypes(btf), layout, abi}
}

function isWanted({capture}: RecordLayout, slot: Slot, request: CaptureRequest): boolean {
  return !(capture.onDemand ?? []).includes(slot.name) || request.onDemand.has(slot.name)
}

/** Puts the task that the record is about on the stack and into r0, and the hook's object into `R.regs`. */
function emitSubject({asm}: CaptureContext, {hook, tracepoint}: Place): void {
  const {task, object} = TRACEPOINTS[tracepoint]
  emitContextWords(asm, hook, tracepoint)
  if (object === undefined) asm.movImm(R.regs, 0)
  else asm.load(8, R.regs, R.ctx, object * 8)
  if (task === undefined) asm.call('get_current_task_btf')
  else asm.load(8, 0, R.ctx, task * 8)
  asm.store(8, 10, STACK.task, 0)
}

/** Leaves what is not wanted: the detector itself, kernel threads, calls with the wrong outcome. r0 holds the task. */
function emitScope(
  cx: CaptureContext,
  {tracepoint}: Place,
  hook: Hook,
  {selfPid}: SensorSetting,
  out: Label,
): void {
  const {asm, types} = cx
  if (tracepoint === 'sys_exit' && hook.at === 'sys_exit' && hook.calls !== undefined) {
    emitResult(cx, 1)
    asm.jumpIfImm(hook.calls === 'failed' ? 'jsge' : 'jeq', 1, 0, out)
  }
  if (TRACEPOINTS[tracepoint].kernelThreads) {
    asm
      .load(4, 1, 0, types.offset('task_struct', 'flags'))
      .aluImm('and', 1, PF_KTHREAD)
      .jumpIfImm('jne', 1, 0, out)
  }
  asm.load(4, 1, 0, types.offset('task_struct', 'tgid')).jumpIfImm('jeq', 1, selfPid, out)
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

function emitHeader(cx: CaptureContext, changesKin: CaptureRequest['changesKin']): void {
  const {asm, layout} = cx
  asm.storeImm(2, R.scratch, HEADER.flags, 0)
  if (changesKin !== undefined) emitNextEpoch(cx, changesKin)
  asm.call('ktime_get_boot_ns').store(8, R.scratch, HEADER.timestamp, 0)
  asm.storeImm(2, R.scratch, HEADER.kind, layout.index)
  asm.call('get_smp_processor_id').store(2, R.scratch, HEADER.cpu, 0)
  asm.load(4, 1, R.scratch, GENERATION_PLACE).store(2, R.scratch, HEADER.generation, 1)
  emitOfTask(cx, 4, HEADER.tid, 'pid')
  emitIds(cx)
  emitIdentity(cx)
}

/** Which process it is. */
function emitIdentity(cx: CaptureContext): void {
  emitOfTask(cx, 4, HEADER.pid, 'tgid')
  emitOfTask(cx, 8, HEADER.start, 'group_leader', 'start_boottime')
}

function emitIds(cx: CaptureContext): void {
  emitOfTask(cx, 4, HEADER.uid, 'cred', 'euid', 'val')
  emitOfTask(cx, 4, HEADER.gid, 'cred', 'egid', 'val')
}

/** Notes in which control groups a thread is, or forgets it. */
function emitGroupNote(cx: CaptureContext, notes: 'keep' | 'forget'): void {
  const {asm, types} = cx
  if (!hasCgroupKey(types)) return
  asm.load(8, 1, 10, STACK.task).load(4, 1, 1, types.offset('task_struct', 'pid'))
  asm.store(4, 10, STACK.mapKey, 1)
  if (notes === 'forget') {
    asm.mov(2, 10).aluImm('add', 2, STACK.mapKey)
    asm.loadMap(1, MAP_NAME.born).call('map_delete_elem')
    return
  }
  emitCgroupKey(cx)
  asm.store(8, 10, STACK.work + BORN_ENTRY.cgroup, 1)
  asm.load(8, 1, 10, STACK.task).load(8, 1, 1, types.offset('task_struct', 'start_boottime'))
  asm.store(8, 10, STACK.work + BORN_ENTRY.start, 1)
  asm.mov(2, 10).aluImm('add', 2, STACK.mapKey).mov(3, 10).aluImm('add', 3, STACK.work)
  asm.loadMap(1, MAP_NAME.born).movImm(4, 0).call('map_update_elem')
}

/** What the entry of a thread is compared with. */
function emitProcess(cx: CaptureContext): void {
  emitOfTask(cx, 4, HEADER.tid, 'pid')
  emitOfTask(cx, 8, PROCESS_STATE.start, 'start_boottime')
  emitOfTask(cx, 8, PROCESS_STATE.execId, 'self_exec_id')
}

/**
 * Counts the epoch up. Must stand before the time of the record is taken: what user space takes in after this record then
 * finds no entry that was written before it.
 */
function emitNextEpoch({asm, types}: CaptureContext, when: 'always' | 'withChildren'): void {
  const without = asm.label('no children')
  if (when === 'withChildren') {
    asm.load(8, 1, 10, STACK.task)
    emitLoads(asm, 2, 1, types.steps('task_struct', ['children', 'next'])!)
    asm.load(8, 1, 10, STACK.task).aluImm('add', 1, types.offset('task_struct', 'children'))
    asm.jumpIf('jeq', 1, 2, without)
  }
  asm.storeImm(2, R.scratch, HEADER.flags, HEADER_FLAG.epoch)
  emitCountWord(asm, PROCESS_WORD.epoch)
  asm.place(without)
}

/** Copies a number of the task into the scratch memory. */
function emitOfTask(
  {asm, types}: CaptureContext,
  width: 4 | 8,
  to: number,
  ...path: string[]
): void {
  asm.load(8, 1, 10, STACK.task)
  emitLoads(asm, 1, 1, types.steps('task_struct', path)!)
  asm.store(width, R.scratch, to, 1)
}
