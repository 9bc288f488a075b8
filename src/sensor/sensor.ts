import {closeSync} from 'node:fs'
import type {Btf} from '../bpf/btf.ts'
import {
  type ProgramImage,
  type ProgramReference,
  programImage,
  programKey,
} from '../bpf/program-image.ts'
import type {MapSpec, ProgramSpec} from '../bpf/specs.ts'
import {CodedError} from '../diagnostics/error.ts'
import {monotonicMs} from '../diagnostics/monotonic.ts'
import {refusal} from './bpf-syscall.ts'
import {epollAdd, epollCreate, epollWait, eventfd, waitForAllCpus} from './ffi.ts'
import {GenerationWord} from './generation-word.ts'
import {Attachments} from './hooks/attachments.ts'
import {type LaneMark, type Lanes, markLanes, readLanes} from './lanes.ts'
import {BpfMap, indexKey} from './map.ts'
import {possibleCpus} from './possible-cpus.ts'
import {BpfProgram, type ProgramPlace} from './program.ts'
import {type RecordHandler, RingBuffer} from './ring-buffer.ts'

/** What stays in the kernel for as long as the sensor runs. */
export interface SensorPlan {
  readonly maps: readonly MapSpec[]
  /** Names of the ring buffer maps to read. */
  readonly rings: {readonly state: string; readonly bulk: string}
  /** Name of the map whose one word is the generation in force, and so says which half of the program arrays is. */
  readonly active: string
  readonly btf: Btf
  /** Generation of the first programs; each later {@link Sensor.install} makes the next one. Default: 1. */
  readonly generation?: number
}

/** A program for {@link Sensor.install}: a reference will do for one whose place it has already. */
export type Installable = ProgramSpec | ProgramImage | ProgramReference

interface Installed {
  readonly program: BpfProgram
  readonly hash: string
}

/** What {@link Sensor.install} did. */
export interface InstallReport {
  /** Programs that were loaded, and places that had one before and have none now. */
  readonly loaded: number
  readonly removed: number
  /** Time until all programs were loaded, and from then until they were in force, in milliseconds. */
  readonly loadMs: number
  readonly switchMs: number
  /** When they were in force: see `monotonicMs`. */
  readonly activeAtMs: number
  /** What is behind it is of this generation: once it is passed, no record of an older one can come. */
  readonly mark: LaneMark
}

/**
 * The kernel side of detection: maps, attached entry programs, exchangeable capture programs, and the ring buffers they
 * write to. Owns everything it loads; {@link Sensor.close} (or the end of the process) takes it all out of the kernel.
 */
export class Sensor {
  readonly #maps: Map<string, BpfMap>
  readonly #attachments = new Attachments()
  readonly #word: GenerationWord
  /** Programs in force: capture programs by `map/slot`, entry programs by name. */
  #installed = new Map<string, Installed>()
  /** Programs that stay loaded though they may not be in force: the last stand-in of each place. */
  readonly #standIns = new Map<string, Installed>()
  /** Programs that are to take the places of stand-ins. */
  #refinements = new Map<string, ProgramImage>()
  #generation: number
  #attached = false
  readonly #lanes: Lanes
  readonly #btf: Btf
  readonly #epoll: number
  /** Never changes while the kernel runs. */
  readonly #cpus = possibleCpus()
  /** Writing 8 bytes to this descriptor ends a wait. */
  readonly wakeFd: number
  #closed = false

  private constructor(plan: SensorPlan, maps: Map<string, BpfMap>) {
    this.#maps = maps
    this.#btf = plan.btf
    this.#word = GenerationWord.open(maps.get(plan.active)!)
    this.#generation = (plan.generation ?? 1) - 1
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

  /** The generation in force. */
  get generation(): number {
    return this.#generation
  }

  /** Whether all records before the mark were handed over. */
  hasPassed(mark: LaneMark): boolean {
    const {state, bulk} = this.#lanes
    return state.position >= mark.state && bulk.position >= mark.bulk
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
   * that is not in force, then changes halves by one store. Unchanged programs are loaded once. Records carry the generation
   * whose programs made them. When the kernel refuses a program, nothing has changed. Takes about 12 ms longer when attached:
   * the old half is emptied only when no CPU uses it any more.
   */
  install(specs: readonly Installable[]): InstallReport {
    const begun = performance.now()
    const {next, loaded, waiting} = this.#load(specs)
    const loadedAt = performance.now()
    const old = this.#installed
    const generation = this.#generation + 1
    try {
      for (const {program} of next.values()) this.#put(program, generation)
      if (this.#attached) this.#attachments.add(entriesOf(next))
    } catch (error) {
      for (const {program} of next.values()) this.#clear(program, generation)
      this.#closeUnshared(next, old)
      throw error
    }
    this.#publish(generation)
    this.#refinements = waiting
    const switchMs = performance.now() - loadedAt
    const activeAtMs = monotonicMs()
    this.#installed = next
    if (this.#attached) {
      // A program that read the old generation just before may not have jumped yet: the slot must not be empty then.
      waitForAllCpus()
      this.#attachments.keep(entriesOf(next))
    }
    for (const {program} of old.values()) this.#clear(program, generation - 1)
    this.#keepStandIns(specs, old)
    this.#closeUnshared(old, next)
    return {
      loaded,
      removed: [...old.keys()].filter(key => !next.has(key)).length,
      loadMs: loadedAt - begun,
      switchMs,
      activeAtMs,
      mark: markLanes(this.#lanes),
    }
  }

  /** Takes programs that are to replace those in force at the same places, one with each {@link Sensor.refineNext}. */
  addRefinements(images: readonly ProgramImage[]): void {
    for (const image of images) this.#refinements.set(programKey(image), image)
  }

  /** Empties places, by their keys, within the generation in force: what was captured there is not any more. */
  remove(keys: readonly string[]): void {
    for (const key of keys) {
      const old = this.#installed.get(key)
      if (old === undefined) continue
      this.#installed.delete(key)
      this.#refinements.delete(key)
      this.#clear(old.program, this.#generation)
      this.#release(key, old)
    }
  }

  /** Whether programs wait to be refined. */
  get hasRefinements(): boolean {
    return this.#refinements.size > 0
  }

  /**
   * Loads one program that was given to {@link Sensor.addRefinements} and puts it in the place of its stand-in, within the generation
   * in force: it makes the same records, or fewer of them.
   * @throws CodedError when the kernel refuses it; the stand-in stays in force then, and the program is forgotten.
   */
  refineNext(): void {
    for (const [key, image] of this.#refinements) {
      this.#refinements.delete(key)
      const old = this.#installed.get(key)
      if (old === undefined) continue
      const program = BpfProgram.load(image, this.#maps, this.#btf)
      this.#put(program, this.#generation)
      this.#installed.set(key, {program, hash: image.hash})
      this.#release(key, old)
      return
    }
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

  /** What waits in each ring buffer, and its size, in bytes. */
  get lanes(): Record<'state' | 'bulk', {readonly bytes: number; readonly sizeBytes: number}> {
    const {state, bulk} = this.#lanes
    return {
      state: {bytes: state.backlogBytes, sizeBytes: state.sizeBytes},
      bulk: {bytes: bulk.backlogBytes, sizeBytes: bulk.sizeBytes},
    }
  }

  /** How full the fuller lane is, 0 to 1: nothing is lost while this is low. */
  get fill(): number {
    const {state, bulk} = this.#lanes
    return Math.max(state.backlogBytes / state.sizeBytes, bulk.backlogBytes / bulk.sizeBytes)
  }

  /** A map of the plan; the sensor closes it. @throws Error when there is none of this name */
  map(name: string): BpfMap {
    const map = this.#maps.get(name)
    if (map === undefined) throw new Error(`there is no map ${name}`)
    return map
  }

  /** Sums the u64 words of one per-CPU map entry over the CPUs. */
  sum(map: string, index: number): bigint[] {
    const {valueSize} = this.#maps.get(map)!.spec
    const values = Buffer.alloc(valueSize * this.#cpus)
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
    const programs = [...this.#installed.values(), ...this.#standIns.values()]
    for (const fd of new Set(programs.map(({program}) => program.fd))) closeSync(fd)
    this.#lanes.state.close()
    this.#lanes.bulk.close()
    this.#word.close()
    for (const map of this.#maps.values()) map.close()
    closeSync(this.#epoll)
    closeSync(this.wakeFd)
  }

  /** Loads what is not in force already. When the kernel refuses one, none of them stays. */
  #load(specs: readonly Installable[]): {
    next: Map<string, Installed>
    loaded: number
    waiting: Map<string, ProgramImage>
  } {
    const next = new Map<string, Installed>()
    const waiting = new Map<string, ProgramImage>()
    let loaded = 0
    try {
      for (const spec of specs) {
        const image = 'instructions' in spec ? programImage(spec) : spec
        const {hash} = image
        const key = programKey(spec)
        const known = this.#installed.get(key)
        const standIn = this.#standIns.get(key)
        const there = [known, standIn].find(one => one?.hash === hash)
        if (there !== undefined) {
          next.set(key, {program: there.program.withSpec(spec), hash})
          continue
        }
        const refinement = this.#refinements.get(key)
        if (known !== undefined && refinement?.hash === hash) {
          next.set(key, {program: known.program.withSpec(spec), hash: known.hash})
          waiting.set(key, refinement)
          continue
        }
        if (known !== undefined && spec.attach.kind !== 'tail_call' && this.#attached)
          throw new Error(`entry program ${spec.name} cannot change while it is attached`)
        if (!isImage(image)) throw new Error(`program ${spec.name} is not here`)
        next.set(key, {program: BpfProgram.load(image, this.#maps, this.#btf), hash})
        loaded++
      }
    } catch (error) {
      this.#closeUnshared(next, this.#installed)
      throw error
    }
    return {next, loaded, waiting}
  }

  /** Remembers the stand-ins among the programs that are in force now, and closes those of before that are not in `old`. */
  #keepStandIns(specs: readonly Installable[], old: ReadonlyMap<string, Installed>): void {
    for (const spec of specs) {
      if (!('hash' in spec) || spec.standIn !== true) continue
      const key = programKey(spec)
      const before = this.#standIns.get(key)
      const now = this.#installed.get(key)!
      this.#standIns.set(key, now)
      const isUsed = [now, old.get(key)].some(one => one?.program.fd === before?.program.fd)
      if (!isUsed) before?.program.close()
    }
  }

  /** Closes the programs of one set that the other does not share. */
  #closeUnshared(from: ReadonlyMap<string, Installed>, keep: ReadonlyMap<string, Installed>): void {
    for (const [key, one] of from)
      if (keep.get(key)?.program.fd !== one.program.fd) this.#release(key, one)
  }

  /** Closes a program that is in force no more, unless it is a stand-in. */
  #release(key: string, {program}: Installed): void {
    if (this.#standIns.get(key)?.program.fd !== program.fd) program.close()
  }

  /** Puts the half of a generation in force. */
  #publish(generation: number): void {
    this.#word.store(generation)
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

function isImage(program: ProgramImage | ProgramReference): program is ProgramImage {
  return 'code' in program
}

/** The array and the slot of a capture program in the half of a generation; undefined for an entry program. */
function placeOf(
  {attach}: ProgramPlace,
  generation: number,
): {readonly map: string; readonly slot: number} | undefined {
  if (attach.kind !== 'tail_call') return undefined
  return {map: attach.map, slot: (generation % 2) * attach.halfSize + attach.slot}
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
