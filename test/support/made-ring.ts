import {RingBuffer} from '../../src/sensor/ring-buffer.ts'

const BUSY = 0x8000_0000
const DISCARD = 0x4000_0000
const HEADER_SIZE = 8

/** A record that has its place in the ring and is not finished. */
export interface Reserved {
  /** Writes the data and makes it a record, or a discarded one. */
  readonly finish: (data: Buffer, outcome?: 'submit' | 'discard') => void
}

/** The kernel's side of a ring buffer, made of plain memory (linux v6.8 kernel/bpf/ringbuf.c), with a reader on it. */
export class MadeRing {
  readonly reader: RingBuffer
  readonly #sizeBytes: number
  readonly #data: DataView
  readonly #consumer = new BigUint64Array(1)
  readonly #producer = new BigUint64Array(1)

  /** `beforeMark` runs each time just before the reader looks how far the kernel is. `start`: position that it begins at. */
  constructor(sizeBytes: number, {beforeMark = () => {}, start = 0} = {}) {
    this.#sizeBytes = sizeBytes
    const data = new ArrayBuffer(2 * sizeBytes)
    this.#data = new DataView(data)
    this.#consumer[0] = BigInt(start)
    this.#producer[0] = BigInt(start)
    class SteppedBuffer extends RingBuffer {
      override mark(): number {
        beforeMark()
        return super.mark()
      }
    }
    this.reader = new SteppedBuffer({
      consumer: this.#consumer,
      producer: this.#producer,
      data,
      dataStart: 0,
      sizeBytes,
      free: () => {},
    })
  }

  /** Takes room for a record; undefined when the ring is full. */
  reserve(length: number): Reserved | undefined {
    const size = (length + HEADER_SIZE + 7) & ~7
    const position = Number(this.#producer[0])
    if (position + size - Number(this.#consumer[0]) > this.#sizeBytes - 1) return undefined
    const at = position % this.#sizeBytes
    this.#setWord(at, (length | BUSY) >>> 0)
    this.#producer[0] = BigInt(position + size)
    return {
      finish: (data, outcome = 'submit') => {
        for (const [index, byte] of data.entries()) this.#setByte(at + HEADER_SIZE + index, byte)
        this.#setWord(at, outcome === 'submit' ? length : (length | DISCARD) >>> 0)
      },
    }
  }

  #setWord(at: number, word: number): void {
    for (const copy of [at % this.#sizeBytes, (at % this.#sizeBytes) + this.#sizeBytes])
      this.#data.setUint32(copy, word, true)
  }

  /** The memory is there twice in a row. */
  #setByte(at: number, byte: number): void {
    const place = at % this.#sizeBytes
    this.#data.setUint8(place, byte)
    this.#data.setUint8(place + this.#sizeBytes, byte)
  }
}
