import {closeSync, ftruncateSync, openSync, writeSync} from 'node:fs'
import {gzipSync} from 'node:zlib'
import {CodedError} from '../../../diagnostics/error.ts'

/** A file that is written front to end, synchronously. */
export interface FileSink {
  /** Writes all the bytes, packed where the file is, so that they can be read without those that follow. Does nothing after a failure. */
  write(bytes: Buffer): void
  /** Closes the file. Further calls do nothing. */
  close(): void
  /** Why writing ended early. */
  readonly failure: CodedError | undefined
}

/** What goes beside the writing of a file. */
export interface SinkOptions {
  /** Each write becomes a gzip member of its own. */
  readonly isPacked: boolean
  /** Called once, with `CAPTURE_WRITE`, when the file cannot be written any more. */
  readonly onFailure?: ((error: CodedError) => void) | undefined
}

/** A capture holds command lines and file contents of all users. */
const MODE = 0o600
/** Measured on a capture of file events: level 6 makes it a third smaller and takes three and a half times as long. */
const LEVEL = 1

/**
 * Creates a file, or empties the one that is there. After a failure it ends behind the last write that succeeded, as far as the
 * file system allows.
 *
 * @throws CodedError `CAPTURE_WRITE` when it cannot be created
 */
export function openFileSink(path: string, {isPacked, onFailure}: SinkOptions): FileSink {
  let failure: CodedError | undefined
  let isOpen = true
  let whole = 0
  const fail = (error: unknown): CodedError => {
    const reason = error instanceof Error ? error.message : String(error)
    return new CodedError('CAPTURE_WRITE', `cannot write ${path}: ${reason}`, {
      hint: 'check the path, its permissions and the free space; the recording has ended',
      cause: error,
    })
  }
  let fd: number
  try {
    fd = openSync(path, 'w', MODE)
  } catch (error) {
    throw fail(error)
  }
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    closeSync(fd)
  }
  const giveUp = (error: unknown): void => {
    failure = fail(error)
    try {
      ftruncateSync(fd, whole)
    } catch {
      // A pipe or a dying disk: readers take a cut block at the end for what it is.
    }
    try {
      close()
    } catch {
      // The failure that counts has been told.
    }
    onFailure?.(failure)
  }
  return {
    get failure() {
      return failure
    },
    write(bytes) {
      if (!isOpen) return
      try {
        const out = isPacked ? gzipSync(bytes, {level: LEVEL}) : bytes
        for (let at = 0; at < out.length; ) at += writeSync(fd, out, at)
        whole += out.length
      } catch (error) {
        giveUp(error)
      }
    },
    close() {
      try {
        close()
      } catch (error) {
        giveUp(error)
      }
    },
  }
}
