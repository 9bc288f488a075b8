import {createHash} from 'node:crypto'
import {closeSync} from 'node:fs'
import type {Btf} from '../bpf/btf.ts'
import {encode} from '../bpf/instruction.ts'
import type {MapSpec, ProgramSpec} from '../bpf/specs.ts'
import {CodedError} from '../diagnostics/error.ts'
import {refusal} from './bpf-syscall.ts'
import {epollAdd, epollCreate, epollWait, eventfd, waitForAllCpus} from './ffi.ts'
import {Attachments} from './hooks/attachments.ts'
import {type Lanes, readLanes} from './lanes.ts'
import {BpfMap, indexKey} from './map.ts'
import {possibleCpus} from './possible-cpus.ts'
import {BpfProgram} from './program.ts'
import {type RecordHandler, RingBuffer} from './ring-buffer.ts'

/** What stays in the kernel for as long as the sensor runs. */
export interface SensorPlan {
  readonly maps: readonly MapSpec[]
  /** Names of the ring buffer maps to read. */
  readonly rings: {readonly state: string; readonly bulk: string}
  /** Name of the map whose one word says which half of the program arrays is in force. */
  readonly active: string
  readonly btf: Btf
}

interface Installed {
  readonly program: BpfProgram
  readonly hash: string
}

/**
 * The kernel side of detection: maps, attached entry programs, exchangeable capture programs, and the ring buffers they
 * write to. Owns everything it loads; {@link Sensor.close} (or the end of the process) takes it all out of the kernel.
 */
export class Sensor {
  readonly #maps: Map<string, BpfMap>
  readonly #attachments = new Attachments()
  readonly #active: string
  /** Programs in force: capture programs by `map/slot`, entry programs by name. */
  #installed = new Map<string, Installed>()
  #generation = 0
  #attached = false
  readonly #lanes: Lanes
  readonly #btf: Btf
  readonly #epoll: number
  /** Writing 8 bytes to this descriptor ends a wait. */
  readonly wakeFd: number
  #closed = false

  private constructor(plan: SensorPlan, maps: Map<string, BpfMap>) {
    this.#maps = maps
    this.#btf = plan.btf
    this.#active = plan.active
    this.#epoll = descriptor('creating an epoll instance', epollCreate())
    this.wakeFd = descriptor('creating an event counter', eventfd())
    const [state, bulk] = [maps.get(plan.rings.state)!, maps.get(plan.rings.bulk)!]
    this.#lanes = {state: RingBuffer.open(state), bulk: RingBuffer.open(bulk)}
    for (const fd of [this.wakeFd, state.fd, bulk.fd])
      descriptor('watching for records', epollAdd(this.#epoll, fd))
  }

  /** Creates the maps. Nothing is attached until {@link Sensor.attach}. */
  static open(plan: SensorPlan): Sensor {
    const maps = new Map<string, BpfMap>()
    try {
      for (const spec of plan.maps) maps.set(spec.name, BpfMap.create(spec))
      return new Sensor(plan, maps)
    } catch (error) {
      for (const map of maps.values()) map.close()
      throw error
    }
  }

  /** Attaches the installed entry programs: from now on installed capture programs run. */
  attach(): void {
    this.#attachments.add(entriesOf(this.#installed))
    this.#attached = true
  }

  /** Places that programs are attached to, for people: `tp_btf/sys_exit`. */
  get hooks(): string[] {
    return this.#attachments.names
  }

  /**
   * Ends capturing for good: when it returns no capture program runs any more, and what was captured waits to be read.
   * Puts the empty half of the program arrays in force first, which takes effect at once, and detaches hooks where that is quick.
   */
  detach(): void {
    this.#publish(this.#generation + 1)
    waitForAllCpus()
    this.#attachments.closeQuick()
  }

  /**
   * Makes these the programs, and no others, in one step while events flow: fills the half of the program arrays
   * that is not in force, then changes halves by one store. Unchanged programs are loaded once. When the kernel refuses
   * one, nothing has changed. Takes about 12 ms longer when attached: the old half is emptied only when no CPU uses it any more.
   */
  install(specs: readonly ProgramSpec[]): {readonly loaded: number; readonly removed: number} {
    const {next, loaded} = this.#load(specs)
    const old = this.#installed
    const generation = this.#generation + 1
    try {
      for (const {program} of next.values()) this.#put(program, generation)
      if (this.#attached) this.#attachments.add(entriesOf(next))
    } catch (error) {
      for (const {program} of next.values()) this.#clear(program, generation)
      closeUnshared(next, old)
      throw error
    }
    this.#publish(generation)
    this.#installed = next
    if (this.#attached) {
      // A program that read the old generation just before may not have jumped yet: the slot must not be empty then.
      waitForAllCpus()
      this.#attachments.keep(entriesOf(next))
    }
    for (const {program} of old.values()) this.#clear(program, generation - 1)
    closeUnshared(old, next)
    return {loaded, removed: [...old.keys()].filter(key => !next.has(key)).length}
  }

  /** Blocks this thread until woken or for `timeoutMs`, at most. */
  wait(timeoutMs: number): void {
    epollWait(this.#epoll, timeoutMs)
  }

  /**
   * Hands over records that are there, at most `limit`, in the order of {@link readLanes}; gives their number. That is 0 while
   * the kernel is writing the next one, even when others wait behind it.
   */
  read(handler: RecordHandler, limit = Number.POSITIVE_INFINITY): number {
    return readLanes(this.#lanes, handler, limit)
  }

  /** Bytes of records that wait to be read. */
  get backlogBytes(): number {
    return this.#lanes.state.backlogBytes + this.#lanes.bulk.backlogBytes
  }

  /** How full the fuller lane is, 0 to 1: nothing is lost while this is low. */
  get fill(): number {
    const {state, bulk} = this.#lanes
    return Math.max(state.backlogBytes / state.sizeBytes, bulk.backlogBytes / bulk.sizeBytes)
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
    this.#attachments.close()
    for (const {program} of this.#installed.values()) program.close()
    this.#lanes.state.close()
    this.#lanes.bulk.close()
    for (const map of this.#maps.values()) map.close()
    closeSync(this.#epoll)
    closeSync(this.wakeFd)
  }

  /** Loads what is not in force already. When the kernel refuses one, none of them stays. */
  #load(specs: readonly ProgramSpec[]): {next: Map<string, Installed>; loaded: number} {
    const next = new Map<string, Installed>()
    let loaded = 0
    try {
      for (const spec of specs) {
        const key = keyOf(spec)
        const hash = contentHash(spec)
        const known = this.#installed.get(key)
        if (known?.hash === hash) {
          next.set(key, {program: known.program.withSpec(spec), hash})
          continue
        }
        if (known !== undefined && spec.attach.kind !== 'tail_call' && this.#attached)
          throw new Error(`entry program ${spec.name} cannot change while it is attached`)
        next.set(key, {program: BpfProgram.load(spec, this.#maps, this.#btf), hash})
        loaded++
      }
    } catch (error) {
      closeUnshared(next, this.#installed)
      throw error
    }
    return {next, loaded}
  }

  /** Puts the half of a generation in force. */
  #publish(generation: number): void {
    this.#maps.get(this.#active)!.update(indexKey(0), indexKey(generation))
    this.#generation = generation
  }

  #put(program: BpfProgram, generation: number): void {
    const place = placeOf(program.spec, generation)
    if (place !== undefined)
      this.#maps.get(place.map)!.update(indexKey(place.slot), indexKey(program.fd))
  }

  #clear(program: BpfProgram, generation: number): void {
    const place = placeOf(program.spec, generation)
    if (place !== undefined) this.#maps.get(place.map)!.delete(indexKey(place.slot))
  }
}

function entriesOf(installed: ReadonlyMap<string, Installed>): BpfProgram[] {
  return [...installed.values()]
    .map(({program}) => program)
    .filter(({spec}) => spec.attach.kind !== 'tail_call')
}

/** Closes the programs of one set that the other does not share. */
function closeUnshared(
  from: ReadonlyMap<string, Installed>,
  keep: ReadonlyMap<string, Installed>,
): void {
  for (const [key, {program}] of from) if (keep.get(key)?.program.fd !== program.fd) program.close()
}

/** The array and the slot of a capture program in the half of a generation; undefined for an entry program. */
function placeOf(
  {attach}: ProgramSpec,
  generation: number,
): {readonly map: string; readonly slot: number} | undefined {
  if (attach.kind !== 'tail_call') return undefined
  return {map: attach.map, slot: (generation % 2) * attach.halfSize + attach.slot}
}

function keyOf(spec: ProgramSpec): string {
  const place = placeOf(spec, 0)
  return place === undefined ? spec.name : `${place.map}/${place.slot}`
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
