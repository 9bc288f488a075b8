/** A block of a capture: its type, and where its body lies in `bytes`. Valid only while it is handed over. */
export interface Block {
  readonly type: number
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** Offset of the block in the unpacked capture. */
  readonly offset: number
}

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
  readonly #onBlock: (block: Block) => void
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** Bytes that must be there before looking again makes sense. */
  #wanted = HEADER_BYTES
  #offset = 0
  damage: BlockDamage | undefined

  constructor(onBlock: (block: Block) => void) {
    this.#onBlock = onBlock
  }

  /** Offset of the first byte that belongs to no whole block yet. */
  get offset(): number {
    return this.#offset
  }

  push(chunk: Buffer): void {
    if (this.damage !== undefined) return
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    if (this.#pendingBytes < this.#wanted) return
    const bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending)
    const used = this.#split(bytes)
    const rest = bytes.subarray(used)
    this.#pending = rest.length === 0 ? [] : [rest]
    this.#pendingBytes = rest.length
  }

  /** Says that no more bytes come; an unfinished block is damage then. */
  end(): void {
    if (this.damage === undefined && this.#pendingBytes > 0) this.#fail('the last block is cut')
  }

  #split(bytes: Buffer): number {
    let at = 0
    for (;;) {
      this.#wanted = HEADER_BYTES
      if (bytes.length - at < HEADER_BYTES) return at
      const length = bytes.readUInt32LE(at + 4)
      if (length < FRAME_BYTES || length % 4 !== 0 || length > MAX_BLOCK_BYTES) {
        this.#fail(`a block of ${length} bytes is not possible`)
        return bytes.length
      }
      this.#wanted = length
      if (bytes.length - at < length) return at
      if (bytes.readUInt32LE(at + length - 4) !== length) {
        this.#fail('the two lengths of a block differ')
        return bytes.length
      }
      const [start, end] = [at + HEADER_BYTES, at + length - 4]
      this.#onBlock({type: bytes.readUInt32LE(at), bytes, start, end, offset: this.#offset})
      if (this.damage !== undefined) return bytes.length
      at += length
      this.#offset += length
    }
  }

  /** Ends the splitting: what follows cannot be trusted. */
  fail(reason: string): void {
    this.#fail(reason)
  }

  #fail(reason: string): void {
    this.damage = {offset: this.#offset, reason}
    this.#pending = []
    this.#pendingBytes = 0
  }
}
