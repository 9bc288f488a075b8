import {refusal} from './bpf-syscall.ts'
import {type Mapping, map, pageSize, unmap} from './ffi.ts'
import type {BpfMap} from './map.ts'

const BUSY = 0x8000_0000
const DISCARD = 0x4000_0000
const LENGTH_MASK = 0x3fff_ffff
const HEADER_SIZE = 8
/** Space goes back to the kernel after this many records: often enough for bursts, rarely enough to be cheap. */
const RELEASE_EVERY = 256

/** Called for each record: it lies in `bytes` from `start` to `start + length`, and only until the call returns. */
export type RecordHandler = (bytes: Buffer, start: number, length: number) => void

/**
 * Reads a ring buffer map without copying (linux v6.8 kernel/bpf/ringbuf.c). One consumer only.
 *
 * Mapped: one writable page with the consumer's position, one page with the producer's, then the data twice in a row,
 * so that a record that wraps round is still in one piece. A record is `u32 length | BUSY | DISCARD`, `u32`, data, rounded up
 * to 8. Positions only grow; the length word is read with acquire order (Atomics), because the kernel writes it last.
 */
export class RingBuffer {
  readonly sizeBytes: number
  readonly #consumerMapping: Mapping
  readonly #dataMapping: Mapping
  #consumer: BigUint64Array
  #producer: BigUint64Array
  #words: Int32Array
  #bytes: Buffer
  #position: number

  private constructor(sizeBytes: number, consumer: Mapping, data: Mapping, page: number) {
    this.sizeBytes = sizeBytes
    this.#consumerMapping = consumer
    this.#dataMapping = data
    this.#consumer = new BigUint64Array(consumer.view, 0, 1)
    this.#producer = new BigUint64Array(data.view, 0, 1)
    this.#words = new Int32Array(data.view, page)
    this.#bytes = Buffer.from(data.view, page)
    this.#position = Number(Atomics.load(this.#consumer, 0))
  }

  /** Maps a ring buffer. @throws CodedError SENSOR_… when the kernel refuses the memory. */
  static open(ring: BpfMap): RingBuffer {
    const page = pageSize()
    const size = ring.spec.maxEntries
    const consumer = map(ring.fd, 0, page, {write: true})
    if (!('view' in consumer))
      throw refusal(`mapping ring buffer ${ring.spec.name}`, consumer.errno)
    const data = map(ring.fd, page, page + 2 * size, {write: false})
    if (!('view' in data))
      throw refusal(`mapping ${size} bytes of ring buffer ${ring.spec.name}`, data.errno)
    return new RingBuffer(size, consumer, data, page)
  }

  /** Hands over what is there, at most `limit` records, and gives their number. */
  read(handler: RecordHandler, limit = Number.POSITIVE_INFINITY): number {
    const end = Number(Atomics.load(this.#producer, 0))
    const mask = this.sizeBytes - 1
    let count = 0
    while (this.#position < end && count < limit) {
      const at = this.#position % this.sizeBytes
      const word = Atomics.load(this.#words, (at & mask) >>> 2)
      if ((word & BUSY) !== 0) break
      const length = word & LENGTH_MASK
      if ((word & DISCARD) === 0) {
        count++
        handler(this.#bytes, at + HEADER_SIZE, length)
      }
      this.#position += (length + HEADER_SIZE + 7) & ~7
      if (count % RELEASE_EVERY === 0) this.#release()
    }
    this.#release()
    return count
  }

  /** Bytes that wait to be read. */
  get backlogBytes(): number {
    return Number(Atomics.load(this.#producer, 0)) - this.#position
  }

  close(): void {
    const none = new ArrayBuffer(8)
    this.#consumer = new BigUint64Array(none)
    this.#producer = new BigUint64Array(none)
    this.#words = new Int32Array(none)
    this.#bytes = Buffer.alloc(0)
    unmap(this.#consumerMapping)
    unmap(this.#dataMapping)
  }

  #release(): void {
    Atomics.store(this.#consumer, 0, BigInt(this.#position))
  }
}
