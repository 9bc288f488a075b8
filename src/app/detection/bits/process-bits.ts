import type {CapturePlan} from '../../../compiler/bpf/capture-plan.ts'
import {MAP_NAME} from '../../../compiler/bpf/map-names.ts'
import type {FieldBinder} from '../../../compiler/field-ref.ts'
import {NO_PREDICATES, type PredicateSet} from '../../../compiler/filter/process/predicate-set.ts'
import {
  encodeProcessEntry,
  MAX_PROCESS_ENTRIES,
  NO_EPOCH,
  PROCESS_WORD,
} from '../../../compiler/filter/process/process-entry.ts'
import type {MatchContext} from '../../../engine/match-context.ts'
import {compileProcessJudge, type ProcessJudge} from '../../../engine/process-judge.ts'
import type {RecordEvent} from '../../../sensor/decoder.ts'
import type {BpfMap} from '../../../sensor/map.ts'
import {indexKey} from '../../../sensor/map.ts'
import type {HostState} from '../../../state/host-state.ts'
import {isUnknown, type Thread} from '../../../state/thread.ts'
import {CgroupBits} from './cgroup-bits.ts'

/** What {@link ProcessBits} works with. */
export interface ProcessBitsOptions {
  readonly state: HostState
  readonly binder: FieldBinder<MatchContext>
  /** A map of the sensor by its name. */
  readonly map: (name: string) => ProcessMap
}

/** What is done with the maps. */
export type ProcessMap = Pick<BpfMap, 'lookup' | 'update' | 'tryUpdate' | 'delete'>

/** What is asked of a record. */
export type PassedRecord = Pick<RecordEvent, 'kind' | 'kindIndex' | 'tid' | 'countsEpoch'>

/** What was written about a thread, and for which moment of the state. */
interface Written {
  readonly thread: Thread
  readonly execId: Thread['execId']
  readonly revision: number
  readonly epoch: number
  readonly set: bigint
}

/** What happened to entries. */
export interface ProcessBitsCounts {
  written: number
  /** Not written because the map is full. */
  refused: number
}

/** Kinds of record with which threads begin, and programs. */
const BEGINNINGS: ReadonlySet<string> = new Set(['new_task', 'exec'])
/** Kinds of record for which the epoch is counted up where there are children. */
const TASK_CHANGES: ReadonlySet<string> = new Set(['exec', 'procexit'])
/** Longest time of a batch that is spent on judging, in milliseconds: a thread takes up to a few tenths with a hundred rules. */
const JUDGING_MS = 2
/** A thread with so many records in one batch is judged at once. */
const MANY_RECORDS = 16
/** Refused entries after which the map is searched for threads that are gone. */
const SWEEP_EVERY = 1024

/**
 * Tells the kernel's filters which conditions hold for a thread. Entries are written once a batch of records is taken in, for
 * threads whose records pass again and again. What an entry is good for, and why none can hide a match: docs/adr/0015.
 */
export class ProcessBits {
  readonly counts: ProcessBitsCounts = {written: 0, refused: 0}
  readonly #state: HostState
  readonly #binder: FieldBinder<MatchContext>
  readonly #entries: ProcessMap
  readonly #words: ProcessMap
  readonly #cgroups: CgroupBits
  readonly #written = new Map<number, Written>()
  /** Threads whose records passed in this batch, with the number of these. */
  readonly #waiting = new Map<Thread, number>()
  /** Threads that are judged when a record of theirs passes once more. */
  readonly #once = new Set<Thread>()
  #set: PredicateSet = NO_PREDICATES
  /** Compiled when it is first needed: rules should come into force first. */
  #judge: ProcessJudge | undefined
  /** Kinds of record whose filters ask for processes. */
  #kinds: ReadonlySet<number> = new Set()
  #hasKin = false
  #hasContainers = false
  /** Records that were taken in of those for which the kernel counted the epoch up. */
  #applied = 0
  /** Such records that were lost, and whose effects were looked for since. */
  #mended = 0
  #published = -1

  constructor({state, binder, map}: ProcessBitsOptions) {
    this.#state = state
    this.#binder = binder
    this.#entries = map(MAP_NAME.processes)
    this.#cgroups = new CgroupBits(state, map(MAP_NAME.cgroups))
    this.#words = map(MAP_NAME.processWords)
  }

  /** Says what the programs of a generation mean by their bits: to be called before they can run. */
  announce(generation: number, {predicates}: Pick<CapturePlan, 'predicates'>): void {
    this.#setWord(PROCESS_WORD.sets + (generation & 1), predicates.id)
  }

  /** Judges and writes by this plan from now on. */
  follow({predicates, kinds}: Pick<CapturePlan, 'predicates' | 'kinds'>): void {
    this.#kinds = new Set(
      [...kinds].flatMap(([index, {asksProcess}]) => (asksProcess ? index : [])),
    )
    if (predicates.id === this.#set.id) return
    this.#set = predicates
    this.#judge = undefined
    this.#cgroups.follow(predicates)
    const list = predicates.predicates
    this.#hasKin = list.some(({kin}) => kin)
    this.#hasContainers = list.some(({container}) => container)
  }

  /** The state took in a record, which is about this thread. */
  passed({kind, kindIndex, tid, countsEpoch}: PassedRecord, thread: Thread | undefined): void {
    if (countsEpoch) this.#applied++
    // The kernel saw no children where the state has some: whatever was judged by these is not good any more.
    else if (TASK_CHANGES.has(kind) && thread !== undefined && thread.children.size > 0)
      this.#state.noteUntold()
    if (BEGINNINGS.has(kind)) this.#began(tid)
    if (kind === 'procexit') {
      this.#remove(tid)
      if (thread !== undefined) this.#once.delete(thread)
    } else if (thread !== undefined && this.#kinds.has(kindIndex))
      this.#waiting.set(thread, (this.#waiting.get(thread) ?? 0) + 1)
  }

  /** Reads the host again by `mend`, after records were lost. */
  mend(mend: () => void): void {
    // What is lost from here on may be missed by the look at the host.
    const lost = Number(this.#word(PROCESS_WORD.lost))
    mend()
    this.#mended = lost
  }

  /** Makes entries for what was taken in: to be called when a batch of records is done, and when the state changed otherwise. */
  settle(): void {
    const {revision} = this.#state
    // First, so that no entry of before is good once the state is another one.
    if (revision !== this.#published) this.#setWord(PROCESS_WORD.version, BigInt(revision))
    this.#published = revision
    this.#cgroups.settle(revision, () => this.#judging())
    if (this.#waiting.size === 0) return
    const end = performance.now() + JUDGING_MS
    for (const [thread, records] of this.#waiting) {
      if (this.#isWritten(thread) || !this.#isWorthwhile(thread, records)) continue
      this.#write(thread)
      // Those left out come again with their next record.
      if (performance.now() > end) break
    }
    this.#waiting.clear()
  }

  /** Most processes are over before an entry is of use: one must have shown that it lives, or that it does much. */
  #isWorthwhile(thread: Thread, records: number): boolean {
    if (records >= MANY_RECORDS || this.#written.has(thread.tid) || this.#once.delete(thread))
      return true
    if (this.#once.size >= MAX_PROCESS_ENTRIES) this.#once.clear()
    this.#once.add(thread)
    return false
  }

  #isWritten(thread: Thread): boolean {
    const written = this.#written.get(thread.tid)
    return (
      written !== undefined &&
      written.thread === thread &&
      written.execId === thread.execId &&
      written.revision === this.#published &&
      written.set === this.#set.id &&
      (written.epoch === this.#epoch || !this.#hasKin)
    )
  }

  get #epoch(): number {
    return this.#applied + this.#mended
  }

  #write(thread: Thread): void {
    const {tid, madeNs, execId, containerId} = thread
    const {table, containers} = this.#state
    if (madeNs === undefined || execId === undefined) return
    if (thread.dead || isUnknown(thread) || table.get(tid) !== thread) return
    const main = table.main(thread)
    if (main === undefined || isUnknown(main)) return
    // Its records wait for what the container is: they must leave the kernel.
    const isPending = containerId !== '' && containers.stateOf(containerId) === 'pending'
    if (this.#hasContainers && isPending) return
    const judge = this.#judging()
    const entry = encodeProcessEntry(tid, {
      start: BigInt(madeNs),
      execId: BigInt(execId),
      set: this.#set.id,
      version: BigInt(this.#published),
      epoch: table.isRooted(thread) ? BigInt(this.#epoch) : NO_EPOCH,
      bits: judge(thread),
    })
    if (!this.#entries.tryUpdate(indexKey(tid), entry)) {
      if (this.counts.refused++ % SWEEP_EVERY === 0) this.#sweep()
      return
    }
    this.counts.written++
    const [revision, epoch, set] = [this.#published, this.#epoch, this.#set.id]
    this.#written.set(tid, {thread, execId, revision, epoch, set})
  }

  #began(tid: number): void {
    const thread = this.#state.table.get(tid)
    if (thread !== undefined) this.#cgroups.began(thread)
  }

  #judging(): ProcessJudge {
    this.#judge ??= compileProcessJudge(this.#state, this.#set.predicates, this.#binder)
    return this.#judge
  }

  /** Removes the entries of threads whose end was not told. */
  #sweep(): void {
    for (const [tid, {thread}] of this.#written)
      if (this.#state.table.get(tid) !== thread) this.#remove(tid)
  }

  #remove(tid: number): void {
    if (this.#written.delete(tid)) this.#entries.delete(indexKey(tid))
  }

  #word(index: number): bigint {
    const value = Buffer.alloc(8)
    this.#words.lookup(indexKey(index), value)
    return value.readBigUInt64LE(0)
  }

  #setWord(index: number, word: bigint): void {
    const value = Buffer.alloc(8)
    value.writeBigUInt64LE(word, 0)
    this.#words.update(indexKey(index), value)
  }
}
