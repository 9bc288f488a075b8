import {constants} from 'node:fs'
import {open, readdir} from 'node:fs/promises'
import {parseJson} from '../json-value.ts'

/** A larger file is not read. */
export const MAX_FILE = 4 * 1024 * 1024

/** The text of a plain file; undefined when it is not there, is none, or is too large. Never waits for a pipe. */
export async function readBounded(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const facts = await file.stat()
    if (!facts.isFile() || facts.size > MAX_FILE) return undefined
    // One more byte than may be: a file that grows meanwhile shows.
    const buffer = Buffer.alloc(Math.min(facts.size + 1, MAX_FILE + 1))
    let size = 0
    for (let read = 1; read > 0 && size < buffer.length; size += read) {
      read = (await file.read(buffer, size, buffer.length - size, null)).bytesRead
    }
    return size > facts.size ? undefined : buffer.toString('utf8', 0, size)
  } catch {
    // Not there, or not for us to see: the same to those who ask.
    return undefined
  }
}

/** A JSON file; undefined as for {@link readBounded} and when it is not valid. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readBounded(path)
  return text === undefined ? undefined : parseJson(text, MAX_FILE)
}

/** Names in a folder, so many at most; undefined when there is no such folder. */
export async function namesIn(path: string, limit: number): Promise<string[] | undefined> {
  try {
    return (await readdir(path)).slice(0, limit)
  } catch {
    // As above.
    return undefined
  }
}
