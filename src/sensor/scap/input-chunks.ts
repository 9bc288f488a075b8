import {createReadStream} from 'node:fs'
import {createGunzip} from 'node:zlib'

const GZIP_MAGIC = 0x1f8b
/** Bytes of one read, and of one unpacked chunk: large enough that handing over costs nothing beside the events in it. */
const CHUNK_BYTES = 1024 * 1024

/** How the bytes of a file are handed over. */
export interface ChunkTaker {
  /** Takes the next unpacked bytes; false when no more are wanted. */
  readonly onChunk: (chunk: Buffer) => boolean
  /** Takes the number of bytes of the file that were read so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/**
 * Unpacks a file (or `-`, standard input) chunk by chunk, where it is packed. Gives why the packed data ended early, if it did.
 * Rejects with what `onChunk` throws, and when the file cannot be read.
 */
export function eachChunk(
  path: string,
  {onChunk, onProgress}: ChunkTaker,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const file = path === '-' ? process.stdin : createReadStream(path, {highWaterMark: CHUNK_BYTES})
    let gunzip: ReturnType<typeof createGunzip> | undefined
    let first: Buffer | undefined = Buffer.alloc(0)
    let bytesRead = 0
    const stop = (): void => {
      file.destroy()
      gunzip?.destroy()
    }
    const take = (chunk: Buffer): void => {
      try {
        if (onChunk(chunk)) return
        stop()
        resolve(undefined)
      } catch (error) {
        stop()
        reject(error)
      }
    }
    const begin = (bytes: Buffer): void => {
      first = undefined
      if (bytes.length < 2 || bytes.readUInt16BE(0) !== GZIP_MAGIC) {
        take(bytes)
        return
      }
      gunzip = createGunzip({chunkSize: CHUNK_BYTES})
      gunzip.on('data', take)
      gunzip.on('end', () => resolve(undefined))
      gunzip.on('error', error => {
        file.destroy()
        resolve(error.message)
      })
      gunzip.write(bytes)
    }
    file.on('error', reject)
    file.on('data', (chunk: Buffer | string) => {
      const bytes = chunk as Buffer
      bytesRead += bytes.length
      onProgress?.(bytesRead)
      if (first !== undefined) {
        first = first.length === 0 ? bytes : Buffer.concat([first, bytes])
        if (first.length >= 2) begin(first)
      } else if (gunzip === undefined) take(bytes)
      else if (!gunzip.write(bytes)) {
        file.pause()
        gunzip.once('drain', () => file.resume())
      }
    })
    file.on('end', () => {
      if (first !== undefined) begin(first)
      if (gunzip === undefined) resolve(undefined)
      else gunzip.end()
    })
  })
}
