import type {Btf} from '../../bpf/btf.ts'
import {readKernelBtf} from '../kernel-btf.ts'
import {Probe, type ProbeCounts, type ProbeImage} from './probe.ts'
import type {ProbeRecord} from './probe-event.ts'
import {ProbeQueue} from './probe-queue.ts'

/** Records that wait at most for older events: more are left in the rings. */
const MAX_WAITING = 16_384
const NONE: ProbeCounts = {read: 0, short: 0, overRate: 0, matched: 0}

/** Probes that were opened ahead of the change that puts them in force, or given up with it. */
export interface OpenedProbes {
  readonly probes: readonly Probe[]
  /** Why optional ones are not among them. */
  readonly refusals: readonly string[]
}

/**
 * The probes of a detection. Their records are brought into one order with all other events: look first, then read the other events,
 * and before each of them take what is older.
 */
export class ProbeSet {
  #probes: readonly Probe[] = []
  readonly #queue = new ProbeQueue<ProbeRecord>()
  /** Of probes that were replaced, by name. */
  readonly #past = new Map<string, ProbeCounts>()

  /** Whether there is any probe. */
  get isEmpty(): boolean {
    return this.#probes.length === 0
  }

  get images(): readonly ProbeImage[] {
    return this.#probes.map(({image}) => image)
  }

  /** Places that their programs are attached to. */
  get hooks(): string[] {
    return this.#probes.flatMap(({hooks}) => hooks)
  }

  /** The fate of their records since the start, by probe. */
  get counts(): Readonly<Record<string, ProbeCounts>> {
    const all = new Map(this.#past)
    for (const {image, counts} of this.#probes) {
      const {name} = image.def
      all.set(name, sum(all.get(name) ?? NONE, counts))
    }
    return Object.fromEntries(all)
  }

  countMatch(index: number): void {
    this.#probes.find(({image}) => image.def.index === index)?.countMatch()
  }

  /**
   * Loads and attaches probes beside those in force. One that has not changed is kept as it is.
   * @throws CodedError PROBE_REFUSED; nothing has changed then.
   */
  open(images: readonly ProbeImage[]): OpenedProbes {
    let types: Btf | undefined
    const fresh: Probe[] = []
    const refusals: string[] = []
    try {
      const probes = images.flatMap(image => {
        const same = this.#probes.find(probe => isSame(probe.image, image))
        if (same !== undefined) return same
        try {
          const probe = Probe.open(image, () => (types ??= readKernelBtf()))
          fresh.push(probe)
          return probe
        } catch (error) {
          if (!image.optional) throw error
          refusals.push(error instanceof Error ? error.message : String(error))
          return []
        }
      })
      return {probes, refusals}
    } catch (error) {
      for (const probe of fresh) probe.close()
      throw error
    }
  }

  /**
   * Puts opened probes in force. Those that are not among them are unloaded; what they have reported is taken first, for the rules of
   * this generation.
   * @param nowNs nanoseconds since boot
   */
  use({probes}: OpenedProbes, nowNs: bigint, generation: number): void {
    const records: ProbeRecord[] = []
    for (const probe of this.#probes) {
      if (probes.includes(probe)) continue
      probe.detach()
      while (probe.read(nowNs, record => records.push({...record, generation})) > 0);
      const {name} = probe.image.def
      this.#past.set(name, sum(this.#past.get(name) ?? NONE, probe.counts))
      probe.close()
    }
    this.#queue.add(records)
    this.#probes = probes
  }

  /** Closes probes that will not be put in force. */
  discard({probes}: OpenedProbes): void {
    for (const probe of probes) if (!this.#probes.includes(probe)) probe.close()
  }

  /**
   * Takes what the probes have reported up to now; gives the number of records.
   * @param nowNs nanoseconds since boot
   * @param generation of the rules that judge them
   */
  look(nowNs: bigint, generation: number): number {
    if (this.#queue.size >= MAX_WAITING) return 0
    const records: ProbeRecord[] = []
    let count = 0
    for (const probe of this.#probes)
      count += probe.read(nowNs, record => records.push({...record, generation}))
    this.#queue.add(records)
    return count
  }

  /** Whether records wait to be taken. */
  get isWaiting(): boolean {
    return this.#queue.size > 0
  }

  /** Hands over the records up to a time (nanoseconds since boot), all by default. */
  take(handler: (record: ProbeRecord) => void, upToNs?: bigint): void {
    this.#queue.take(handler, upToNs)
  }

  /** Ends what they report; what they have reported can still be read. */
  detach(): void {
    for (const probe of this.#probes) probe.detach()
  }

  close(): void {
    for (const probe of this.#probes) probe.close()
    this.#probes = []
  }
}

function sum(one: ProbeCounts, other: ProbeCounts): ProbeCounts {
  return {
    read: one.read + other.read,
    short: one.short + other.short,
    overRate: one.overRate + other.overRate,
    matched: one.matched + other.matched,
  }
}

function isSame(one: ProbeImage, other: ProbeImage): boolean {
  return (
    one.def.name === other.def.name &&
    one.def.index === other.def.index &&
    one.def.struct === other.def.struct &&
    one.ring === other.ring &&
    Buffer.compare(one.object, other.object) === 0
  )
}
