import type {Assembler, Label} from '../../bpf/assembler.ts'
import {HEADER} from '../../schema/record-layout.ts'
import {emitDescriptorState} from './descriptor/emit-descriptor.ts'
import {emitNode} from './emit-node.ts'
import {emitJumpIfTold, emitText} from './emit-text.ts'
import type {FilterData} from './filter-data.ts'
import {type FilterStages, stagesOf} from './filter-stages.ts'
import type {DescriptorAtom, KernelFilter} from './kernel-filter.ts'
import {emitProcessState} from './process/emit-process.ts'
import {emitSocketView, socketPlaceOf} from './socket/emit-socket.ts'
import {planTexts} from './text/text-plan.ts'

/** What a filter must find in the scratch memory. */
export interface FilterNeeds {
  /** Offsets of the number slots that it asks for. */
  readonly slots: ReadonlySet<number>
  /** Offsets of the text slots that it asks for. */
  readonly texts: ReadonlySet<number>
  /** Offsets of the slots with the socket that it asks for. */
  readonly sockets: ReadonlySet<number>
  /** Whether it asks for members of the header. */
  readonly header: boolean
  /** Whether it asks for the process. */
  readonly process: boolean
  /** Where it says which descriptor it asks for. */
  readonly descriptor: Pick<DescriptorAtom, 'fd' | 'file' | 'node'> | undefined
}

/** What a filter asks for. */
export function filterNeeds(filter: KernelFilter): FilterNeeds {
  const needs = {
    slots: new Set<number>(),
    texts: new Set<number>(),
    sockets: new Set<number>(),
    header: false,
    process: false,
    descriptor: undefined as FilterNeeds['descriptor'],
  }
  const visit = (node: KernelFilter): void => {
    if (node.kind === 'and' || node.kind === 'or') return node.children.forEach(visit)
    if (node.kind !== 'literal') return
    const {atom} = node
    if (atom.kind === 'text') needs.texts.add(atom.offset)
    else if (atom.kind === 'process') needs.process = true
    else if (atom.kind === 'descriptor') needs.descriptor = atom
    else if (atom.kind === 'socket') {
      needs.sockets.add(atom.offset)
      if (atom.family !== undefined) needs.sockets.add(atom.family)
      if (atom.failure !== undefined) needs.slots.add(atom.failure.offset)
    } else if (atom.offset < HEADER.size) needs.header = true
    else needs.slots.add(atom.offset)
  }
  visit(filter)
  const {descriptor} = needs
  if (descriptor !== undefined)
    for (const offset of [descriptor.fd, descriptor.file, descriptor.node]) needs.slots.add(offset)
  return needs
}

/** How a filter gets at what it asks for. */
export interface FilterSetting {
  /** Takes the tables that the program needs. */
  readonly data: FilterData
  /** Id of the set of tests that the bits of descriptors stand for. */
  readonly descriptorSet?: bigint
  /** Emits what puts these parts of the record into the scratch memory; left out, they are there. Loses r0 to r5. */
  readonly fill?: Readonly<
    Record<'numbers' | 'process' | 'descriptor' | 'sockets' | 'texts', () => void>
  >
}

/**
 * Emits a filter over the record in the scratch memory: jumps to `drop` when the record does not pass, and goes on otherwise. In the
 * order in which the least is done for most records that do not pass; what a stage needs is filled in just before it. Loses r0 to
 * r5.
 */
export function emitFilter(
  asm: Assembler,
  filter: KernelFilter,
  drop: Label,
  {data, descriptorSet = 0n, fill}: FilterSetting,
): void {
  const needs = filterNeeds(filter)
  const stages = stagesOf(filter)
  const place = socketPlaceOf(filter)
  const code = {plans: new Map(), data}
  fill?.numbers()
  emitNode(asm, stages.numbers, drop, code)
  const lookUpProcess = (): void => {
    if (!needs.process) return
    fill?.process()
    emitProcessState(asm)
  }
  // A look at a text costs less than one at the process, and tells more. Not so where it takes a look at the socket, too.
  const processLast = needs.texts.size > 0 && needs.descriptor === undefined && place === undefined
  if (!processLast && needs.process) {
    lookUpProcess()
    emitNode(asm, stages.processes, drop, code)
  }
  if (needs.descriptor !== undefined) {
    fill?.descriptor()
    emitDescriptorState(asm, needs.descriptor, descriptorSet)
    emitNode(asm, stages.descriptors, drop, code)
  }
  if (place !== undefined) {
    fill?.sockets()
    emitSocketView(asm, place)
    emitNode(asm, stages.sockets, drop, code)
  }
  if (needs.texts.size === 0) return
  fill?.texts()
  emitTextStages(asm, stages, drop, {data, lookUpProcess: processLast ? lookUpProcess : undefined})
}

/**
 * Emits what the others left open. Most texts match nothing: then what is left of the filter is asked, which is little, and of that
 * first what does not ask for the process when that is yet to be looked up.
 */
function emitTextStages(
  asm: Assembler,
  {untold, untoldByNumbers, whole}: FilterStages,
  drop: Label,
  {
    data,
    lookUpProcess,
  }: {readonly data: FilterData; readonly lookUpProcess: (() => void) | undefined},
): void {
  const plans = planTexts(whole)
  const code = {plans, data}
  for (const plan of plans.values()) emitText(asm, plan, data)
  if (lookUpProcess !== undefined) {
    const told = asm.label('told')
    for (const plan of plans.values()) emitJumpIfTold(asm, plan, told)
    emitNode(asm, untoldByNumbers, drop, code)
    asm.place(told)
    lookUpProcess()
  }
  const [told, passed] = [asm.label('told'), asm.label('passed')]
  for (const plan of plans.values()) emitJumpIfTold(asm, plan, told)
  if (untold.kind === 'drop') asm.jump(drop)
  else {
    emitNode(asm, untold, drop, code)
    asm.jump(passed)
  }
  asm.place(told)
  emitNode(asm, whole, drop, code)
  asm.place(passed)
}
