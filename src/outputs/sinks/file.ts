import {constants} from 'node:fs'
import {type FileHandle, open} from 'node:fs/promises'
import type {Alert} from '../../schema/alert.ts'
import {putAside} from '../put-aside.ts'
import {deliveryError, type Sink} from '../sink.ts'

/** Settings of {@link fileSink}. */
export interface FileSinkOptions {
  /** Default: `file` and the path. */
  readonly name?: string
  readonly path: string
  /** The line of one alert, without its end. */
  readonly format: (alert: Alert) => string
  /** Keep the file open between deliveries. When false it is opened for each, so that it may be moved at any time. */
  readonly keepOpen: boolean
  /**
   * Before a delivery, a file of at least this many bytes becomes `path.1`, the one of that name `path.2`, and so on.
   * Default 0: never.
   */
  readonly rotateBytes?: number
  /** How many of those are kept, 1 or more. Default 5. */
  readonly rotateKeep?: number
}

/** A line of which only the beginning is in the file. */
interface CutLine {
  readonly alertId: string
  readonly rest: Buffer
  /** Device and inode of the file that holds the beginning. */
  readonly file: string
}

/** Line feed. */
const LF = 10

interface OpenFile {
  readonly handle: FileHandle
  readonly identity: string
}

/**
 * Appends one line for each alert to a file, which is created with mode 0600. A write that stops in the middle of a
 * line (a full disk) is taken up at that byte; when the file has been replaced meanwhile, the line is written anew.
 */
export function fileSink(options: FileSinkOptions): Sink {
  const {path, format, keepOpen, rotateBytes = 0, rotateKeep = 5} = options
  let file: OpenFile | undefined
  let cut: CutLine | undefined

  const shut = async (): Promise<void> => {
    const old = file
    file = undefined
    await old?.handle.close()
  }

  const openFile = async (): Promise<OpenFile> => {
    const opened = await openForAppending(path)
    if (cut?.file !== opened.identity) {
      cut = undefined
      // Whoever wrote the file last was cut off: its line must not run into ours.
      if (opened.midLine) await append(opened.handle, Buffer.from('\n'))
    }
    return opened
  }

  const rotate = async (full: OpenFile): Promise<OpenFile> => {
    await full.handle.close()
    file = undefined
    await putAside(path, Math.max(1, rotateKeep))
    return openFile()
  }

  const deliver = async (alerts: readonly Alert[], signal: AbortSignal): Promise<void> => {
    file ??= await openFile()
    // A line that is cut off is finished first, in the file that holds its beginning.
    if (rotateBytes > 0 && cut === undefined && (await isFull(file.handle, rotateBytes))) {
      file = await rotate(file)
    }
    const lines: Buffer[] = alerts.map(alert => Buffer.from(`${format(alert)}\n`))
    if (cut !== undefined) {
      if (cut.alertId === alerts[0]?.id) lines[0] = cut.rest
      else lines.unshift(cut.rest)
    }
    const extra = lines.length - alerts.length
    const {written, error} = await append(file.handle, Buffer.concat(lines), signal)
    let whole = 0
    let start = 0
    for (; whole < lines.length && start + lines[whole]!.length <= written; whole++) {
      start += lines[whole]!.length
    }
    if (whole > 0) cut = undefined
    if (whole === lines.length) return
    if (written > start) {
      const alertId = alerts[whole - extra]?.id ?? ''
      cut = {alertId, rest: lines[whole]!.subarray(written - start), file: file.identity}
    }
    throw deliveryError(
      `cannot write to ${path}: ${reasonOf(error)}`,
      {delivered: Math.max(0, whole - extra)},
      error,
    )
  }

  return {
    name: options.name ?? `file ${path}`,
    async deliver(alerts, signal) {
      try {
        await deliver(alerts, signal)
      } catch (error) {
        await shut()
        throw error
      }
      if (!keepOpen) await shut()
    },
    reopen: shut,
    close: shut,
  }
}

async function isFull(handle: FileHandle, maxBytes: number): Promise<boolean> {
  const stat = await handle.stat()
  return stat.isFile() && stat.size >= maxBytes
}

async function openForAppending(path: string): Promise<OpenFile & {readonly midLine: boolean}> {
  // Non-blocking, so that a named pipe without a reader is an error to retry and not a thread that waits.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
  const handle = await open(path, flags, 0o600)
  try {
    const stat = await handle.stat()
    const midLine = stat.isFile() && stat.size > 0 && (await lastByte(handle, stat.size)) !== LF
    return {handle, identity: `${stat.dev}:${stat.ino}`, midLine}
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The last byte of a file that is open for writing only; undefined when it cannot be read. */
async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const reader = await open(`/proc/self/fd/${handle.fd}`, 'r')
  try {
    const {bytesRead, buffer} = await reader.read(Buffer.alloc(1), 0, 1, size - 1)
    return bytesRead === 1 ? buffer[0] : undefined
  } finally {
    await reader.close()
  }
}

/** Writes until everything is written, an error comes or the signal is aborted, and says how far it got. */
async function append(
  handle: FileHandle,
  bytes: Buffer,
  signal?: AbortSignal,
): Promise<{readonly written: number; readonly error: unknown}> {
  let written = 0
  try {
    while (written < bytes.length && signal?.aborted !== true) {
      written += (await handle.write(bytes, written)).bytesWritten
    }
    return {written, error: undefined}
  } catch (error) {
    return {written, error}
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'interrupted'
}
