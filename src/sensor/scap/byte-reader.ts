import type {ByteString} from '../../schema/bytes.ts'
import {canonicalInt, type Int} from '../../schema/value.ts'

/** Thrown when a piece of a capture is shorter than what it says to hold. Never leaves this folder. */
export class CutShort extends Error {}

/** Reads little-endian values one behind the other, never past the end. Every read throws {@link CutShort} there. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #end: number
  at: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.at = start
    this.#end = end
  }

  get left(): number {
    return this.#end - this.at
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2))
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8))
  }

  /** A signed 64-bit integer in canonical form. */
  int(): Int {
    return canonicalInt(this.#bytes.readBigInt64LE(this.#take(8)))
  }

  /** A thread, process or descriptor number; what no kernel gives out becomes -1. */
  id(): number {
    const value = this.int()
    return typeof value === 'number' ? value : -1
  }

  text(length: number): ByteString {
    const start = this.#take(length)
    return this.#bytes.toString('latin1', start, start + length)
  }

  /** Text behind its length (16 bits). */
  shortText(): ByteString {
    return this.text(this.u16())
  }

  /** A reader of the next bytes alone; this one continues behind them. */
  part(length: number): ByteReader {
    const start = this.#take(length)
    return new ByteReader(this.#bytes, start, start + length)
  }

  skip(length: number): void {
    this.#take(length)
  }

  #take(length: number): number {
    const start = this.at
    if (length < 0 || length > this.#end - start) throw new CutShort()
    this.at = start + length
    return start
  }
}
