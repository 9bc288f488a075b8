import type {ByteString} from '../../../schema/bytes.ts'
import type {Int} from '../../../schema/value.ts'
import type {FileSink} from './file-sink.ts'

/** Bytes that are gathered before they are written. */
const CAPACITY = 256 * 1024
const HIGH = 0x1_0000_0000
/** Takes a 64-bit integer apart; several times as fast as shifting it. */
const wide = new BigUint64Array(1)
const halves = new Uint32Array(wide.buffer)

/**
 * Puts blocks together and writes them in large pieces that end where a block ends, so that a file whose writer dies is a whole
 * one. Integers are little-endian; those that are too large lose their upper bits.
 */
export class BlockBuffer {
  readonly #sink: FileSink
  #bytes = Buffer.allocUnsafe(CAPACITY)
  #at = 0
  #blockStart = 0
  #flushed = 0

  constructor(sink: FileSink) {
    this.#sink = sink
  }

  /** Bytes put in so far. */
  get total(): number {
    return this.#flushed + this.#at
  }

  /** Bytes of the block at hand so far. */
  get blockBytes(): number {
    return this.#at - this.#blockStart
  }

  /** Opens a block. */
  begin(type: number): void {
    this.#blockStart = this.#at
    this.u32(type)
    this.u32(0)
  }

  /** Closes the block: padding to four bytes, and its length at both ends. */
  end(): void {
    while (this.blockBytes % 4 !== 0) this.u8(0)
    const length = this.blockBytes + 4
    this.u32(length)
    this.#put32(length, this.#blockStart + 4)
    this.#blockStart = this.#at
  }

  /** Hands whole blocks to the file. */
  flush(): void {
    const whole = this.#blockStart
    if (whole === 0) return
    this.#sink.write(this.#bytes.subarray(0, whole))
    this.#bytes.copy(this.#bytes, 0, whole, this.#at)
    this.#flushed += whole
    this.#at -= whole
    this.#blockStart = 0
  }

  /** Makes a hole of so many bytes for {@link setLength}; gives its place within the block. */
  skip(size: number): number {
    const at = this.#room(size)
    return at - this.#blockStart
  }

  /** Writes into a hole of 2 or 4 bytes. */
  setLength(place: number, value: number, size: number): void {
    const at = this.#blockStart + place
    if (size === 2) this.#put16(value, at)
    else this.#put32(value, at)
  }

  u8(value: number): void {
    const at = this.#room(1)
    this.#bytes[at] = value
  }

  u16(value: number): void {
    const at = this.#room(2)
    this.#put16(value, at)
  }

  u32(value: number): void {
    const at = this.#room(4)
    this.#put32(value, at)
  }

  /** 64 bits, signed or not. */
  u64(value: Int): void {
    const at = this.#room(8)
    if (typeof value === 'bigint') {
      wide[0] = value
      this.#put32(halves[0]!, at)
      this.#put32(halves[1]!, at + 4)
      return
    }
    const high = Math.floor(value / HIGH)
    this.#put32(value - high * HIGH, at)
    this.#put32(high, at + 4)
  }

  /** Bytes without a length. */
  text(value: ByteString): void {
    const at = this.#room(value.length)
    this.#bytes.write(value, at, 'latin1')
  }

  /** Bytes behind their length (16 bits), cut to `most`. */
  shortText(value: ByteString, most: number): void {
    const kept = value.length > most ? value.slice(0, most) : value
    this.u16(kept.length)
    this.text(kept)
  }

  #put16(value: number, at: number): void {
    this.#bytes[at] = value
    this.#bytes[at + 1] = value >>> 8
  }

  #put32(value: number, at: number): void {
    this.#put16(value, at)
    this.#put16(value >>> 16, at + 2)
  }

  /** Makes room, and gives where it is. */
  #room(size: number): number {
    if (this.#at + size > this.#bytes.length) {
      this.flush()
      if (this.#at + size > this.#bytes.length) this.#grow(this.#at + size)
    }
    const at = this.#at
    this.#at = at + size
    return at
  }

  /** A block that is larger than the buffer: an event of many long parameters. */
  #grow(size: number): void {
    const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}
