import type {CapturePlan} from '../../../compiler/bpf/capture-plan.ts'
import {MAP_NAME} from '../../../compiler/bpf/map-names.ts'
import type {FieldBinder} from '../../../compiler/field-ref.ts'
import {
  descriptorKey,
  encodeDescriptorEntry,
} from '../../../compiler/filter/descriptor/descriptor-entry.ts'
import {
  type DescriptorSet,
  NO_DESCRIPTOR_TESTS,
} from '../../../compiler/filter/descriptor/descriptor-set.ts'
import {compileRuleMatcher, type RuleMatcher} from '../../../compiler/js/matcher.ts'
import type {MatchContext} from '../../../engine/match-context.ts'
import type {RecordEvent} from '../../../sensor/decoder.ts'
import type {BpfMap} from '../../../sensor/map.ts'
import {FD, type FdInfo, isInternet} from '../../../state/fd.ts'

/** The matcher indexes rules by event: these are asked of any. */
const ANY_CODE = -1
/** Types whose facts change while they are open. */
const CHANGING: ReadonlySet<number> = new Set([
  FD.unknown,
  FD.ipv4Server,
  FD.ipv6Server,
  FD.unix,
  FD.netlink,
])

/** What is asked of a record. */
export type PassedRecord = Pick<RecordEvent, 'kindIndex' | 'pid' | 'processStart'>

/** What happened to entries. */
export interface DescriptorBitsCounts {
  written: number
  /** Not written because the map is full. */
  refused: number
}

/** What was written of a descriptor. */
interface Written {
  readonly key: Buffer
  readonly set: bigint
}

/**
 * Tells the kernel's filters which tests hold for an open descriptor, so that its next calls need not leave the kernel. An entry is
 * written when a record about the descriptor passed, and is good for the file that the record named.
 */
export class DescriptorBits {
  readonly counts: DescriptorBitsCounts = {written: 0, refused: 0}
  readonly #binder: FieldBinder<MatchContext>
  readonly #entries: BpfMap
  readonly #holding: number[] = []
  /** Which descriptors have an entry: dropped with what the state knows of them. */
  #written = new WeakMap<FdInfo, Map<number, Written>>()
  #set: DescriptorSet = NO_DESCRIPTOR_TESTS
  #matcher: RuleMatcher<MatchContext> | undefined
  /** Kinds of record whose filters ask for descriptors. */
  #kinds: ReadonlySet<number> = new Set()

  constructor(binder: FieldBinder<MatchContext>, map: (name: string) => BpfMap) {
    this.#binder = binder
    this.#entries = map(MAP_NAME.descriptors)
  }

  /** Judges and writes by this plan from now on. */
  follow({descriptorTests, kinds}: Pick<CapturePlan, 'descriptorTests' | 'kinds'>): void {
    this.#kinds = new Set(
      [...kinds].flatMap(([index, {descriptorSet}]) => (descriptorSet === undefined ? [] : index)),
    )
    if (descriptorTests.id === this.#set.id) return
    this.#set = descriptorTests
    const eventCodes = new Set([ANY_CODE])
    const rules = descriptorTests.tests.map(({test}) => ({condition: test, eventCodes}))
    this.#matcher = rules.length === 0 ? undefined : compileRuleMatcher(rules, this.#binder)
  }

  /** A record passed; the context is still about it. */
  passed({kindIndex, pid, processStart}: PassedRecord, context: MatchContext): void {
    const {fd, thread, event} = context
    if (event.def.name === 'procexit') this.#forget(context)
    if (fd === undefined || thread === undefined || !this.#kinds.has(kindIndex)) return
    const {file, node} = fd.identity
    if (
      this.#matcher === undefined ||
      file === undefined ||
      node === undefined ||
      CHANGING.has(fd.type) ||
      isInternet(fd)
    )
      return
    const byNumber = this.#written.get(fd) ?? new Map<number, Written>()
    if (byNumber.get(thread.lastFd)?.set === this.#set.id) return
    const key = descriptorKey(pid, thread.lastFd)
    this.#holding.length = 0
    this.#matcher.matchAll(context, ANY_CODE, this.#holding)
    const {tests, id} = this.#set
    const entry = encodeDescriptorEntry(key, {
      start: processStart,
      file: BigInt(file),
      node: BigInt(node),
      set: id,
      bits: this.#holding.reduce((bits, index) => bits | (1n << BigInt(tests[index]!.bit)), 0n),
    })
    if (!this.#entries.tryUpdate(key, entry)) {
      this.counts.refused++
      return
    }
    this.counts.written++
    this.#written.set(fd, byNumber.set(thread.lastFd, {key, set: id}))
  }

  /** Removes the entries of a process that ends: while it runs each number has one entry, which is replaced. */
  #forget({thread, state}: MatchContext): void {
    if (thread === undefined || thread.tid !== thread.pid) return
    for (const fd of state.table.fdsOf(thread)?.values() ?? []) {
      for (const {key} of this.#written.get(fd)?.values() ?? []) this.#entries.delete(key)
      this.#written.delete(fd)
    }
  }
}
