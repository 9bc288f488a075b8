import type {Label} from '../../bpf/assembler.ts'
import type {Source} from '../../schema/capture.ts'
import type {RecordLayout, Slot} from '../../schema/record-layout.ts'
import {emitFilter, filterNeeds} from '../filter/emit-filter.ts'
import type {FilterData} from '../filter/filter-data.ts'
import type {KernelFilter} from '../filter/kernel-filter.ts'
import {type CaptureContext, emitEmptySlot, emitForgetLength, R} from './capture-context.ts'
import {emitGivenFlags} from './sources/file.ts'

/** How the slots of a record are filled. */
export interface BodyPlan {
  readonly filter: KernelFilter | undefined
  readonly data: FilterData
  readonly isWanted: (slot: Slot) => boolean
  /** Fills a wanted slot; `startMax` is the largest length that the record can have by then. */
  readonly emitSlot: (slot: Slot, startMax: number) => void
  readonly emitHeader: () => void
  /** Fills the members of the header that filters ask for. */
  readonly emitIds: () => void
  /** Puts where filters look for them: the thread's number, its start and exec id. */
  readonly emitProcess: () => void
  /** Puts the process's number and start into the header. */
  readonly emitIdentity: () => void
  /** Id of the set of tests that the bits of descriptors stand for. */
  readonly descriptorSet: bigint
  readonly above: Label
  readonly filtered: Label
}

/**
 * Fills the record in the scratch memory, in the order in which the least is done for a record that does not pass: the
 * numbers that the filter asks for, what can be told by them, the texts that it asks for, the rest of the filter; then all else.
 */
export function emitRecordBody(cx: CaptureContext, plan: BodyPlan): void {
  const {asm, layout} = cx
  const {filter, data, above, filtered} = plan
  let startMax = layout.fixedSize
  const filled = new Set<Slot>()
  const fill = (slot: Slot): void => {
    if (filled.has(slot)) return
    filled.add(slot)
    if (plan.isWanted(slot)) plan.emitSlot(slot, startMax)
    else emitEmptySlot(cx, slot, 0)
    startMax += slot.maxBytes
    if (slot.maxBytes > 0) emitForgetLength(cx, startMax, above)
  }
  asm.movImm(R.length, layout.fixedSize)
  if (filter !== undefined) {
    const {slots, texts, sockets, header} = filterNeeds(filter)
    emitFilter(asm, filter, filtered, {
      data,
      descriptorSet: plan.descriptorSet,
      fill: {
        numbers: () => {
          if (header) plan.emitIds()
          // Flags that the call was given are at hand; what it did to the file takes a look at the file.
          const early = layout.slots.filter(slot => slots.has(slot.offset) && isGiven(slot, filter))
          for (const slot of early) emitGivenFlags(cx, slot)
          const others = [...slots].filter(offset => early.every(slot => slot.offset !== offset))
          for (const slot of withOrigins(layout, new Set(others))) fill(slot)
        },
        process: plan.emitProcess,
        descriptor: plan.emitIdentity,
        sockets: () => {
          for (const slot of layout.slots) if (sockets.has(slot.offset)) fill(slot)
        },
        texts: () => {
          for (const slot of withOrigins(layout, texts)) fill(slot)
        },
      },
    })
  }
  plan.emitHeader()
  for (const slot of layout.slots) fill(slot)
}

/** Whether a filter asks of this slot only what stands in the flags that the call was given. */
function isGiven({source, offset}: Slot, filter: KernelFilter): boolean {
  if (source.from !== 'fileState' || source.flags === undefined) return false
  const asksAbove = (node: KernelFilter): boolean => {
    if (node.kind === 'and' || node.kind === 'or') return node.children.some(asksAbove)
    if (node.kind !== 'literal' || node.atom.kind !== 'bits') return false
    return node.atom.offset === offset && node.atom.hasBitsAbove
  }
  return !asksAbove(filter)
}

/** The slots at these offsets with those that they are worked out from, in the order of the layout. */
function withOrigins({slots}: RecordLayout, offsets: ReadonlySet<number>): Slot[] {
  const needed = new Set<string>()
  const add = (slot: Slot): void => {
    if (needed.has(slot.name)) return
    needed.add(slot.name)
    for (const name of originsOf(slot.source)) {
      const origin = slots.find(other => other.name === name)
      if (origin !== undefined) add(origin)
    }
  }
  for (const slot of slots) if (offsets.has(slot.offset)) add(slot)
  return slots.filter(({name}) => needed.has(name))
}

/** Names of the values that a value is worked out from. */
function originsOf(source: Source): string[] {
  switch (source.from) {
    case 'file':
      return typeof source.fd === 'string' ? [source.fd] : []
    case 'fileNumber':
    case 'filePath':
    case 'fileState':
    case 'mountId':
    case 'inodeTime':
    case 'exeFlags':
      return [source.of]
    case 'socket':
      return source.peer === undefined ? [] : [source.peer]
    case 'after':
      return originsOf(source.then)
    default:
      return []
  }
}
