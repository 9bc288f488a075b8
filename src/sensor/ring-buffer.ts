import {refusal} from './bpf-syscall.ts'
import {map, pageSize, unmap} from './ffi.ts'

const BUSY = 0x8000_0000
const DISCARD = 0x4000_0000
const LENGTH_MASK = 0x3fff_ffff
const HEADER_SIZE = 8
/** Space goes back to the kernel after this many records: often enough for bursts, rarely enough to be cheap. */
const RELEASE_EVERY = 256

/** Called for each record: it lies in `bytes` from `start` to `start + length`, and only until the call returns. */
export type RecordHandler = (bytes: Buffer, start: number, length: number) => void

/** What a look at the next record can find. */
export const NEXT = {
  /** Nothing before the mark. */
  none: 0,
  /** A record that the kernel is still writing. */
  busy: 1,
  /** A record. */
  record: 2,
} as const
export type Next = (typeof NEXT)[keyof typeof NEXT]

/** The memory of a ring buffer map. */
export interface RingMemory {
  /** Position of the reader: the one word that user space writes. */
  readonly consumer: BigUint64Array
  /** Position up to which the kernel has given out space. */
  readonly producer: BigUint64Array
  /** The data twice in a row, so that a record that wraps round is still in one piece. */
  readonly data: ArrayBuffer
  /** Where the data begins in `data`, in bytes. */
  readonly dataStart: number
  /** Size of the ring in bytes, a power of two. */
  readonly sizeBytes: number
  /** Gives the memory back. No view of it is in use by then. */
  readonly free: () => void
}

/**
 * Reads a ring buffer map without copying (linux v6.8 kernel/bpf/ringbuf.c). One consumer only.
 *
 * A record is `u32 length | BUSY | DISCARD`, `u32`, data, rounded up to 8. Positions only grow; the length word is read with
 * acquire order (Atomics), because the kernel writes it last.
 */
export class RingBuffer {
  readonly sizeBytes: number
  readonly #free: () => void
  #consumer: BigUint64Array
  #producer: BigUint64Array
  #words: Int32Array
  #bytes: Buffer
  #position: number
  #unreleased = 0
  /** Place of the record that {@link RingBuffer.look} found, in {@link RingBuffer.bytes}. */
  start = 0
  length = 0

  /** Takes over the memory: {@link RingBuffer.close} frees it. */
  constructor({consumer, producer, data, dataStart, sizeBytes, free}: RingMemory) {
    this.sizeBytes = sizeBytes
    this.#free = free
    this.#consumer = consumer
    this.#producer = producer
    this.#words = new Int32Array(data, dataStart)
    this.#bytes = Buffer.from(data, dataStart)
    this.#position = Number(Atomics.load(this.#consumer, 0))
  }

  /** Maps a ring buffer. @throws CodedError SENSOR_… when the kernel refuses the memory. */
  static open(ring: {
    readonly fd: number
    readonly spec: {readonly name: string; readonly maxEntries: number}
  }): RingBuffer {
    const page = pageSize()
    const size = ring.spec.maxEntries
    const consumer = map(ring.fd, 0, page, {write: true})
    if (!('view' in consumer))
      throw refusal(`mapping ring buffer ${ring.spec.name}`, consumer.errno)
    const data = map(ring.fd, page, page + 2 * size, {write: false})
    if (!('view' in data)) {
      unmap(consumer)
      throw refusal(`mapping ${size} bytes of ring buffer ${ring.spec.name}`, data.errno)
    }
    return new RingBuffer({
      consumer: new BigUint64Array(consumer.view, 0, 1),
      producer: new BigUint64Array(data.view, 0, 1),
      data: data.view,
      dataStart: page,
      sizeBytes: size,
      free: () => {
        unmap(consumer)
        unmap(data)
      },
    })
  }

  /** The position up to which space is given out now. */
  mark(): number {
    return Number(Atomics.load(this.#producer, 0))
  }

  /** Position of the next record. */
  get position(): number {
    return this.#position
  }

  /** Looks for the next record before the mark; `start` and `length` say where it is. Discarded ones are passed over. */
  look(mark: number): Next {
    while (this.#position < mark) {
      const at = this.#position % this.sizeBytes
      const word = Atomics.load(this.#words, at >>> 2)
      if ((word & BUSY) !== 0) return NEXT.busy
      this.length = word & LENGTH_MASK
      this.start = at + HEADER_SIZE
      if ((word & DISCARD) === 0) return NEXT.record
      this.pass()
    }
    return NEXT.none
  }

  /** The memory that records lie in. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Goes on behind the record that was found. */
  pass(): void {
    this.#position += (this.length + HEADER_SIZE + 7) & ~7
    if (++this.#unreleased >= RELEASE_EVERY) this.release()
  }

  /** Gives the space of the records that were passed back to the kernel. */
  release(): void {
    if (this.#unreleased === 0) return
    this.#unreleased = 0
    Atomics.store(this.#consumer, 0, BigInt(this.#position))
  }

  /** Bytes that wait to be read. */
  get backlogBytes(): number {
    return this.mark() - this.#position
  }

  close(): void {
    const none = new ArrayBuffer(8)
    this.#consumer = new BigUint64Array(none)
    this.#producer = new BigUint64Array(none)
    this.#words = new Int32Array(none)
    this.#bytes = Buffer.alloc(0)
    this.#free()
  }
}
