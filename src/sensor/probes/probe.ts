import type {Btf} from '../../bpf/btf.ts'
import {parseObject} from '../../bpf/elf/object.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {ProbeDef} from '../../schema/probe.ts'
import {type Attachment, attachProgram} from '../object/attach.ts'
import {type LoadedObject, loadObject} from '../object/load.ts'
import {NEXT, RingBuffer} from '../ring-buffer.ts'
import {ProbeDecoder, type ProbeRecord} from './probe-event.ts'

/** A probe that was read and judged. Plain data: it crosses threads. */
export interface ProbeImage {
  readonly def: ProbeDef
  /** The object file. */
  readonly object: Uint8Array
  /** Name of the ring buffer in it. */
  readonly ring: string
  /** Detection goes on without it when the kernel refuses it. */
  readonly optional: boolean
}

/** Records of one probe that are handed over within a second; what is above is dropped, since the state may have to be asked for each. */
export const MAX_RECORDS_A_SECOND = 10_000
/** Records that are taken at one look: the rest waits in the ring. */
const MAX_A_LOOK = 1024
const SECOND_NS = 1_000_000_000n

/** The fate of the records of a probe. What found its ring buffer full is known to its program alone. */
export interface ProbeCounts {
  /** Records that were read. */
  readonly read: number
  /** Of them, those that are shorter than the struct. */
  readonly short: number
  /** Of them, those above {@link MAX_RECORDS_A_SECOND}. */
  readonly overRate: number
  /** Records that raised an alert. */
  readonly matched: number
}

/**
 * A probe at work. Owns its maps, programs and attachments, none of which is pinned: {@link Probe.close} (or the end of the process)
 * takes it all out of the kernel.
 */
export class Probe {
  readonly image: ProbeImage
  readonly #decoder: ProbeDecoder
  readonly #loaded: LoadedObject
  readonly #attachments: Attachment[] = []
  readonly #ring: RingBuffer
  readonly #counts = {read: 0, short: 0, overRate: 0, matched: 0}
  #secondNs = 0n
  #inSecond = 0
  #closed = false

  private constructor(image: ProbeImage, loaded: LoadedObject, ring: RingBuffer) {
    this.image = image
    this.#decoder = new ProbeDecoder(image.def)
    this.#loaded = loaded
    this.#ring = ring
  }

  /**
   * Loads a probe and attaches its programs.
   * @throws CodedError PROBE_REFUSED; nothing of it is left in the kernel then.
   */
  static open(image: ProbeImage, types: () => Btf): Probe {
    const {name} = image.def
    let loaded: LoadedObject | undefined
    let probe: Probe | undefined
    try {
      const object = parseObject(Buffer.from(image.object))
      loaded = loadObject(object, types)
      const fd = loaded.maps.fds.get(image.ring)
      const map = object.maps.find(each => each.name === image.ring)
      if (fd === undefined || map === undefined) throw new Error(`no map ${image.ring}`)
      const ring = RingBuffer.open({fd, spec: {name: map.name, maxEntries: map.maxEntries}})
      probe = new Probe(image, loaded, ring)
      for (const program of loaded.programs) probe.#attachments.push(attachProgram(program))
      return probe
    } catch (cause) {
      if (probe === undefined) loaded?.close()
      else probe.close()
      const reason = cause instanceof Error ? cause.message : String(cause)
      const log = cause instanceof CodedError ? cause.log : undefined
      throw new CodedError('PROBE_REFUSED', `probe ${name}: ${reason}`, {
        hint: 'detector bpf verify --kernel says more',
        cause,
        ...(log !== undefined && {log}),
      })
    }
  }

  get counts(): ProbeCounts {
    return {...this.#counts}
  }

  countMatch(): void {
    this.#counts.matched++
  }

  /** Places that its programs are attached to. */
  get hooks(): string[] {
    return this.#attachments.map(({place}) => place)
  }

  /** Takes its records out of the ring, of each no more than the struct, in the ring's order, and gives their number. @param nowNs nanoseconds since boot */
  read(nowNs: bigint, handler: (record: Omit<ProbeRecord, 'generation'>) => void): number {
    const ring = this.#ring
    const end = ring.mark()
    let count = 0
    while (count < MAX_A_LOOK && ring.look(end) === NEXT.record) {
      count++
      if (this.#admits(ring.length, nowNs)) {
        const bytes = Buffer.from(
          ring.bytes.subarray(ring.start, ring.start + this.image.def.recordBytes),
        )
        const bootNs = this.#decoder.bootNsOf(bytes, nowNs)
        handler({probe: this.#decoder, bytes, bootNs})
      }
      ring.pass()
    }
    ring.release()
    return count
  }

  /** Ends what it reports. What it has reported can still be read. */
  detach(): void {
    for (const attachment of this.#attachments.splice(0)) attachment.close()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.detach()
    this.#ring.close()
    this.#loaded.close()
  }

  #admits(length: number, nowNs: bigint): boolean {
    this.#counts.read++
    if (length < this.image.def.recordBytes) {
      this.#counts.short++
      return false
    }
    if (nowNs - this.#secondNs >= SECOND_NS) {
      this.#secondNs = nowNs
      this.#inSecond = 0
    }
    if (this.#inSecond >= MAX_RECORDS_A_SECOND) {
      this.#counts.overRate++
      return false
    }
    this.#inSecond++
    return true
  }
}
