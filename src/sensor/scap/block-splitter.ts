import {u32At} from './int-at.ts'

/**
 * Takes one block: its type, and where its body lies in `bytes`, which are good only during the call. The offset of the block is
 * {@link BlockSplitter.offset} then.
 */
export type BlockHandler = (type: number, bytes: Buffer, start: number, end: number) => void

/** Longest block that is read. The largest real ones are process lists of some megabytes. */
export const MAX_BLOCK_BYTES = 64 * 1024 * 1024
const HEADER_BYTES = 8
const FRAME_BYTES = 12

/** Why splitting ended early. */
export interface BlockDamage {
  readonly offset: number
  readonly reason: string
}

/**
 * Cuts a stream of bytes into blocks. Holds at most one unfinished block and the chunk at hand.
 *
 *     | type: u32 | length: u32 | body: length - 12, padded to 4 | length: u32 |
 */
export class BlockSplitter {
  readonly #onBlock: BlockHandler
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** Bytes that must be there before looking again makes sense. */
  #wanted = HEADER_BYTES
  #offset = 0
  damage: BlockDamage | undefined

  constructor(onBlock: BlockHandler) {
    this.#onBlock = onBlock
  }

  /** Offset of the first byte that belongs to no finished block. */
  get offset(): number {
    return this.#offset
  }

  push(chunk: Buffer): void {
    let at = 0
    // Only the block that the last chunk cut is put together; those behind it are read where they lie.
    while (this.#pendingBytes > 0 && this.damage === undefined) {
      const end = Math.min(chunk.length, at + this.#wanted - this.#pendingBytes)
      this.#keep(chunk.subarray(at, end))
      at = end
      if (this.#pendingBytes < this.#wanted) return
      const bytes = Buffer.concat(this.#pending)
      this.#pending = []
      this.#pendingBytes = 0
      // Nothing is used while only the header, which tells the length, is there.
      if (this.#split(bytes, 0) === 0) this.#keep(bytes)
    }
    if (this.damage !== undefined) return
    const used = this.#split(chunk, at)
    if (used < chunk.length && this.damage === undefined) this.#keep(chunk.subarray(used))
  }

  #keep(bytes: Buffer): void {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
  }

  /** Says that no more bytes come; an unfinished block is damage then. */
  end(): void {
    if (this.damage === undefined && this.#pendingBytes > 0) this.fail('the last block is cut')
  }

  /** Hands over the whole blocks from an offset on; gives the offset of what is left. */
  #split(bytes: Buffer, from: number): number {
    let at = from
    for (;;) {
      this.#wanted = HEADER_BYTES
      if (bytes.length - at < HEADER_BYTES) return at
      const length = u32At(bytes, at + 4)
      if (length < FRAME_BYTES || length % 4 !== 0 || length > MAX_BLOCK_BYTES) {
        this.fail(`a block of ${length} bytes is not possible`)
        return bytes.length
      }
      this.#wanted = length
      if (bytes.length - at < length) return at
      if (u32At(bytes, at + length - 4) !== length) {
        this.fail('the two lengths of a block differ')
        return bytes.length
      }
      this.#onBlock(u32At(bytes, at), bytes, at + HEADER_BYTES, at + length - 4)
      if (this.damage !== undefined) return bytes.length
      at += length
      this.#offset += length
    }
  }

  /** Ends the splitting: what follows cannot be trusted. */
  fail(reason: string): void {
    this.damage = {offset: this.#offset, reason}
    this.#pending = []
    this.#pendingBytes = 0
  }
}
