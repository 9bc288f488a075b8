import {CodedError} from '../../diagnostics/error.ts'
import {isJsonlStart} from '../jsonl/jsonl-format.ts'
import {JsonlReader} from '../jsonl/jsonl-reader.ts'
import type {CaptureEnd, CaptureHandler, CaptureReader} from './capture-handler.ts'
import {eachChunk} from './input-chunks.ts'
import {ScapReader} from './scap-reader.ts'

/** What goes beside the reading of a capture. */
export interface ReadOptions {
  /** Takes the number of bytes of the file that were read so far, again and again. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/**
 * Reads a capture from front to end in bounded memory and hands over everything in file order. The content says whether it is a
 * `.scap` or a `.jsonl` capture, and whether it is packed (gzip). Damage ends the reading; what stands before it has been handed
 * over.
 *
 * @param path - `-` is standard input
 * @throws CodedError `CAPTURE_READ` when the file cannot be read, `CAPTURE_INVALID` when it is no capture
 */
export async function readCapture(
  path: string,
  handler: CaptureHandler,
  {onProgress}: ReadOptions = {},
): Promise<CaptureEnd> {
  let reader: CaptureReader | undefined
  const onChunk = (chunk: Buffer): boolean => {
    reader ??= readerFor(chunk, handler)
    return reader.push(chunk)
  }
  let failure: string | undefined
  try {
    failure = await eachChunk(path, {onChunk, onProgress})
  } catch (error) {
    if (error instanceof CodedError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new CodedError('CAPTURE_READ', `cannot read ${path}: ${reason}`, {cause: error})
  }
  return (reader ?? new ScapReader(handler)).end(path, failure)
}

/** Reads a capture that is in memory and not packed; for what {@link readCapture} does with the bytes of a file. */
export function readCaptureBytes(name: string, bytes: Buffer, handler: CaptureHandler): CaptureEnd {
  const reader = readerFor(bytes, handler)
  reader.push(bytes)
  return reader.end(name, undefined)
}

function readerFor(start: Buffer, handler: CaptureHandler): CaptureReader {
  return isJsonlStart(start) ? new JsonlReader(handler) : new ScapReader(handler)
}
