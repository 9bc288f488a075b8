import {MAP_NAME} from '../../../../src/compiler/bpf/map-names.ts'
import type {ProcessNow} from '../../../../src/compiler/filter/process/interpret-process.ts'
import {PROCESS_WORD} from '../../../../src/compiler/filter/process/process-entry.ts'
import {HEADER, HEADER_FLAG} from '../../../../src/schema/record-layout.ts'
import {type MadeRecord, type MadeValue, madeRecord} from '../../../compiler/filter/made-record.ts'

/** A process of one thread. */
export interface Task {
  readonly tid: number
  readonly start: bigint
  execId: bigint
  comm: string
  sid: number
  parent: Task | undefined
  readonly children: Set<Task>
}

/** A record in the ring; `dropped`: numbers of the filters that would have kept it in the kernel. */
export interface Submitted {
  readonly bytes: Buffer
  readonly time: number
  readonly dropped: readonly number[]
}

/** Where the epoch is counted up, among taking the time of a record and handing it over. */
export type BumpOrder = 'first' | 'afterTime' | 'last' | 'never'

/** Times apart enough not to be taken for one another, in nanoseconds. */
const SECOND = 1_000_000_000n

/** Ends an operation that is under way. */
export type Operation = Generator<void, void, void>

/**
 * A model of the kernel's side: tasks, what they do step by step, the words and entries of filters, and the ring. The first process
 * has number 1.
 */
export class ModelHost {
  readonly tasks = new Map<number, Task>()
  readonly words = new Map<number, bigint>()
  readonly entries = new Map<number, Buffer>()
  ring: Submitted[] = []
  /** Records to lose from here on. */
  toLose = 0
  #time = 0
  #starts = 0n
  readonly #order: BumpOrder

  constructor(order: BumpOrder) {
    this.#order = order
    this.#add(1, undefined)
  }

  /** The maps, as user space has them. */
  map(name: string) {
    const isWords = name === MAP_NAME.processWords
    // The story has one control group, of which nothing is asked.
    if (name === MAP_NAME.cgroups) return new Map() as never
    const key = (bytes: Buffer): number => bytes.readUInt32LE(0)
    const put = (at: Buffer, value: Buffer): void => {
      if (isWords) this.words.set(key(at), value.readBigUInt64LE(0))
      else this.entries.set(key(at), Buffer.from(value))
    }
    return {
      lookup: (at: Buffer, value: Buffer) => {
        value.writeBigUInt64LE(this.word(key(at)))
        return true
      },
      update: put,
      tryUpdate: (at: Buffer, value: Buffer) => {
        put(at, value)
        return true
      },
      delete: (at: Buffer) => this.entries.delete(key(at)),
    }
  }

  word(index: number): bigint {
    return this.words.get(index) ?? 0n
  }

  /** What a filter of an even generation sees of a task. */
  now({tid, start, execId}: Task): ProcessNow {
    const [set, version] = [this.word(PROCESS_WORD.sets), this.word(PROCESS_WORD.version)]
    return {tid, start, execId, set, version, epoch: this.word(PROCESS_WORD.epoch)}
  }

  *fork(maker: Task, tid: number): Operation {
    const child = this.#add(tid, maker)
    yield
    const values = {...numbers(child), $maker: BigInt(maker.tid), $syscall: 57n}
    yield* this.#record(child, {kind: 'new_task', values}, false)
  }

  *exec(task: Task, comm: string): Operation {
    task.comm = comm
    task.execId++
    yield
    const values = {...numbers(task), $sid: BigInt(task.sid), $syscall: 59n}
    yield* this.#record(task, {kind: 'exec', values}, task.children.size > 0)
  }

  *setsid(task: Task): Operation {
    task.sid = task.tid
    yield
    yield* this.#record(task, {kind: 'setsid', values: {res: BigInt(task.sid)}}, true)
  }

  *exit(task: Task): Operation {
    const init = this.tasks.get(1)!
    const values = {reaper_tid: BigInt(init.tid)}
    yield* this.#record(task, {kind: 'procexit', values}, task.children.size > 0)
    yield
    for (const child of task.children) {
      child.parent = init
      init.children.add(child)
    }
    task.children.clear()
    task.parent?.children.delete(task)
    this.tasks.delete(task.tid)
  }

  /** Opens a file, in one step; `judge` says which filters drop the record. */
  open(task: Task, judge: (record: Buffer) => readonly number[]): void {
    const record = {kind: 'openat', values: {fd: 3n, dirfd: -100n, name: {bytes: '/x'}}}
    const bytes = this.#bytes(task, record, false)
    const dropped = judge(bytes)
    this.ring.push({bytes, time: this.#stamp(bytes), dropped})
  }

  *#record(task: Task, record: MadeRecord, bumps: boolean): Operation {
    const isCounted = bumps && this.#order !== 'never'
    const bytes = this.#bytes(task, record, isCounted)
    const bump = (when: BumpOrder): void => {
      if (!isCounted || this.#order !== when) return
      this.words.set(PROCESS_WORD.epoch, this.word(PROCESS_WORD.epoch) + 1n)
    }
    bump('first')
    yield
    const time = this.#stamp(bytes)
    yield
    bump('afterTime')
    yield
    if (this.toLose > 0) {
      this.toLose--
      const lost = this.word(PROCESS_WORD.lost)
      if (isCounted) this.words.set(PROCESS_WORD.lost, lost + 1n)
    } else this.ring.push({bytes, time, dropped: []})
    yield
    bump('last')
  }

  #stamp(bytes: Buffer): number {
    this.#time++
    bytes.writeBigUInt64LE(BigInt(this.#time), HEADER.timestamp)
    return this.#time
  }

  #bytes({tid, start}: Task, record: MadeRecord, isCounted: boolean): Buffer {
    const bytes = madeRecord(record)
    bytes.writeUInt32LE(tid, HEADER.tid)
    bytes.writeUInt32LE(tid, HEADER.pid)
    bytes.writeBigUInt64LE(start, HEADER.start)
    bytes.writeUInt16LE(isCounted ? HEADER_FLAG.epoch : 0, HEADER.flags)
    return bytes
  }

  #add(tid: number, maker: Task | undefined): Task {
    const start = ++this.#starts * SECOND
    const {execId = 1n, comm = 'init', sid = tid} = maker ?? {}
    const task: Task = {tid, start, execId, comm, sid, parent: maker, children: new Set()}
    this.tasks.set(tid, task)
    maker?.children.add(task)
    return task
  }
}

function numbers({tid, start, execId, comm, parent}: Task): Record<string, MadeValue> {
  return {
    $start: start,
    $execId: execId,
    ptid: BigInt(parent?.tid ?? 0),
    comm: {bytes: comm},
    $argv: {bytes: `${comm}\0`},
    $vtid: BigInt(tid),
    $vpid: BigInt(tid),
    vtid: BigInt(tid),
    vpid: BigInt(tid),
  }
}
