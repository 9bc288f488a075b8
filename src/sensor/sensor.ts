import {createHash} from 'node:crypto'
import {closeSync} from 'node:fs'
import type {Btf} from '../bpf/btf.ts'
import {encode} from '../bpf/instruction.ts'
import type {MapSpec, ProgramSpec} from '../bpf/specs.ts'
import {CodedError} from '../diagnostics/error.ts'
import {refusal} from './bpf-syscall.ts'
import {epollAdd, epollCreate, epollWait, eventfd, waitForAllCpus} from './ffi.ts'
import {BpfMap, indexKey} from './map.ts'
import {possibleCpus} from './possible-cpus.ts'
import {type BpfLink, BpfProgram} from './program.ts'
import {type RecordHandler, RingBuffer} from './ring-buffer.ts'

/** What to load for good: maps, and the entry programs attached to tracepoints. */
export interface SensorPlan {
  readonly maps: readonly MapSpec[]
  readonly entries: readonly ProgramSpec[]
  /** Name of the ring buffer map to read. */
  readonly ring: string
  /** Name of the map whose one word says which half of the program arrays is in force. */
  readonly active: string
  readonly btf: Btf
}

interface Installed {
  readonly program: BpfProgram
  readonly hash: string
}

/**
 * The kernel side of detection: maps, attached entry programs, exchangeable capture programs, and the ring buffer they
 * write to. Owns everything it loads; {@link Sensor.close} (or the end of the process) takes it all out of the kernel.
 */
export class Sensor {
  readonly #maps: Map<string, BpfMap>
  readonly #links: BpfLink[] = []
  readonly #entries: BpfProgram[] = []
  readonly #active: string
  /** Capture programs in force by `map/slot`. */
  #installed = new Map<string, Installed>()
  #generation = 0
  readonly #ring: RingBuffer
  readonly #btf: Btf
  readonly #epoll: number
  /** Writing 8 bytes to this descriptor ends a wait. */
  readonly wakeFd: number
  #closed = false

  private constructor(plan: SensorPlan, maps: Map<string, BpfMap>) {
    this.#maps = maps
    this.#btf = plan.btf
    this.#active = plan.active
    this.#ring = RingBuffer.open(maps.get(plan.ring)!)
    this.#epoll = descriptor('creating an epoll instance', epollCreate())
    this.wakeFd = descriptor('creating an event counter', eventfd())
    descriptor('watching the event counter', epollAdd(this.#epoll, this.wakeFd))
  }

  /** Creates the maps and loads the entry programs. Nothing is attached until {@link Sensor.attach}. */
  static open(plan: SensorPlan): Sensor {
    const maps = new Map<string, BpfMap>()
    let sensor: Sensor | undefined
    try {
      for (const spec of plan.maps) maps.set(spec.name, BpfMap.create(spec))
      sensor = new Sensor(plan, maps)
      for (const spec of plan.entries) sensor.#entries.push(BpfProgram.load(spec, maps, plan.btf))
      return sensor
    } catch (error) {
      if (sensor !== undefined) sensor.close()
      else for (const map of maps.values()) map.close()
      throw error
    }
  }

  /** Attaches the entry programs: from now on installed capture programs run. */
  attach(): void {
    for (const program of this.#entries) this.#links.push(program.attach())
  }

  /** Detaches the entry programs: when it returns no program of ours runs any more, and what was captured waits to be read. */
  detach(): void {
    for (const link of this.#links) link.close()
    waitForAllCpus()
  }

  /**
   * Makes these the capture programs, and no others, in one step while events flow: fills the half of the program arrays
   * that is not in force, then changes halves by one store. Unchanged programs are loaded once. When the kernel refuses
   * one, nothing has changed.
   */
  install(specs: readonly ProgramSpec[]): {readonly loaded: number; readonly removed: number} {
    const next = new Map<string, Installed>()
    let loaded = 0
    try {
      for (const spec of specs) {
        const key = slotKey(spec)
        const hash = contentHash(spec)
        const known = this.#installed.get(key)
        if (known?.hash === hash) {
          next.set(key, known)
          continue
        }
        next.set(key, {program: BpfProgram.load(spec, this.#maps, this.#btf), hash})
        loaded++
      }
    } catch (error) {
      for (const [key, {program}] of next)
        if (this.#installed.get(key)?.program !== program) program.close()
      throw error
    }
    const old = this.#installed
    const generation = this.#generation + 1
    for (const {program} of next.values()) this.#put(program, generation)
    this.#maps.get(this.#active)!.update(indexKey(0), indexKey(generation))
    this.#generation = generation
    this.#installed = next
    let removed = 0
    for (const [key, {program}] of old) {
      this.#clear(program, generation - 1)
      if (next.get(key)?.program === program) continue
      program.close()
      if (!next.has(key)) removed++
    }
    return {loaded, removed}
  }

  /** Blocks this thread until woken or for `timeoutMs`, at most. */
  wait(timeoutMs: number): void {
    epollWait(this.#epoll, timeoutMs)
  }

  /** Hands over the records that are there, at most `limit`; gives their number. */
  read(handler: RecordHandler, limit?: number): number {
    return this.#ring.read(handler, limit)
  }

  /** Bytes of records that wait to be read. */
  get backlogBytes(): number {
    return this.#ring.backlogBytes
  }

  /** Sums the u64 words of one per-CPU map entry over the CPUs. */
  sum(map: string, index: number): bigint[] {
    const {valueSize} = this.#maps.get(map)!.spec
    const values = Buffer.alloc(valueSize * possibleCpus())
    if (!this.#maps.get(map)!.lookup(indexKey(index), values)) return []
    const sums = Array.from({length: valueSize / 8}, () => 0n)
    for (let at = 0; at < values.length; at += 8)
      sums[(at % valueSize) / 8]! += values.readBigUInt64LE(at)
    return sums
  }

  /** Detaches and unloads everything. Safe to call again. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const link of this.#links) link.close()
    for (const program of this.#entries) program.close()
    for (const {program} of this.#installed.values()) program.close()
    this.#ring.close()
    for (const map of this.#maps.values()) map.close()
    closeSync(this.#epoll)
    closeSync(this.wakeFd)
  }

  #put(program: BpfProgram, generation: number): void {
    const {map, slot} = placeOf(program.spec, generation)
    this.#maps.get(map)!.update(indexKey(slot), indexKey(program.fd))
  }

  #clear(program: BpfProgram, generation: number): void {
    const {map, slot} = placeOf(program.spec, generation)
    this.#maps.get(map)!.delete(indexKey(slot))
  }
}

/** The array and the slot of a capture program in the half of a generation. */
function placeOf({name, attach}: ProgramSpec, generation: number): {map: string; slot: number} {
  if (attach.kind !== 'tail_call') throw new Error(`${name} is no capture program`)
  return {map: attach.map, slot: (generation % 2) * attach.halfSize + attach.slot}
}

function slotKey(spec: ProgramSpec): string {
  const {map, slot} = placeOf(spec, 0)
  return `${map}/${slot}`
}

function contentHash(spec: ProgramSpec): string {
  const maps = spec.instructions.map(instruction => instruction.map ?? '').join(',')
  return createHash('sha256').update(encode(spec.instructions)).update(maps).digest('hex')
}

function descriptor(what: string, call: {readonly value: number; readonly errno: number}): number {
  if (call.value < 0) throw call.errno === 24 ? tooManyFiles(what) : refusal(what, call.errno)
  return call.value
}

function tooManyFiles(what: string): CodedError {
  return new CodedError('SENSOR_SYSCALL', `${what}: EMFILE`, {
    hint: 'raise the limit of open files (ulimit -n)',
  })
}
