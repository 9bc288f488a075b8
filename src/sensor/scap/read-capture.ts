import {createReadStream} from 'node:fs'
import {createGunzip} from 'node:zlib'
import {CodedError} from '../../diagnostics/error.ts'
import type {MetadataSink} from '../../state/capture/metadata.ts'
import {type Block, type BlockDamage, BlockSplitter} from './block-splitter.ts'
import {ByteReader, CutShort} from './byte-reader.ts'
import {CapturedEvent} from './captured-event.ts'
import {EventConverter} from './convert.ts'
import {readFdList} from './fd-list.ts'
import {readProcessList} from './process-list.ts'
import {EVENT_BLOCKS, readEvent} from './raw-event.ts'
import {readInterfaceList, readMachine, readUserList} from './small-lists.ts'

const SECTION = 0x0a0d0d0a
const SECTION_MAGIC = 0x1a2b3c4d
const SWAPPED_MAGIC = 0x4d3c2b1a
const MAJOR = 1
const MACHINE = new Set([0x201, 0x8002abcd])
const PROCESS_LISTS: ReadonlyMap<number, number> = new Map([
  [0x202, 1],
  [0x8000abcd, 1],
  [0x207, 2],
  [0x8013abcd, 2],
  [0x209, 3],
  [0x8014abcd, 3],
  [0x210, 4],
  [0x211, 5],
  [0x212, 6],
  [0x213, 7],
  [0x214, 8],
  [0x215, 9],
])
const FD_LISTS: ReadonlyMap<number, number> = new Map([
  [0x203, 1],
  [0x8001abcd, 1],
  [0x218, 2],
])
const INTERFACE_LISTS: ReadonlyMap<number, number> = new Map([
  [0x205, 1],
  [0x8011abcd, 1],
  [0x219, 2],
])
const USER_LISTS: ReadonlyMap<number, number> = new Map([
  [0x206, 1],
  [0x8012abcd, 1],
  [0x220, 2],
])
const GZIP_MAGIC = 0x1f8b

/** Takes a capture apart. The event object is good only during the call. */
export interface CaptureHandler extends MetadataSink {
  /** @param stateOnly - the event keeps the state in step and is not for rules */
  event(event: CapturedEvent, stateOnly: boolean): void
}

/** What came of reading a capture. */
export interface CaptureEnd {
  /** Events in the file, those of unknown codes included. */
  readonly events: number
  /** Events that no table knows, or that newer forms replaced. */
  readonly skipped: number
  /** Where and why reading ended before the end of the file. Offsets are those of the unpacked capture. */
  readonly damage: BlockDamage | undefined
}

/**
 * Reads a capture (`.scap`, plain or gzip) from front to end in bounded memory and hands over everything in file order.
 * Damage ends the reading; what stands before it has been handed over.
 *
 * @throws CodedError `CAPTURE_READ` when the file cannot be read, `CAPTURE_INVALID` when it is no capture
 */
export async function readCapture(path: string, handler: CaptureHandler): Promise<CaptureEnd> {
  const reader = new CaptureReader(handler)
  let failure: string | undefined
  try {
    failure = await eachChunk(path, chunk => reader.push(chunk))
  } catch (error) {
    if (error instanceof CodedError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new CodedError('CAPTURE_READ', `cannot read ${path}: ${reason}`, {cause: error})
  }
  return reader.end(path, failure)
}

/** Reads a capture that is in memory and not packed; for what {@link readCapture} does with the bytes of a file. */
export function readCaptureBytes(name: string, bytes: Buffer, handler: CaptureHandler): CaptureEnd {
  const reader = new CaptureReader(handler)
  reader.push(bytes)
  return reader.end(name, undefined)
}

/** Unpacks a file chunk by chunk. Gives why the packed data ended early, if it did. Rejects when the file cannot be read. */
function eachChunk(path: string, onChunk: (chunk: Buffer) => void): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const file = path === '-' ? process.stdin : createReadStream(path)
    let gunzip: ReturnType<typeof createGunzip> | undefined
    let first: Buffer | undefined = Buffer.alloc(0)
    const take = (chunk: Buffer): void => {
      try {
        onChunk(chunk)
      } catch (error) {
        file.destroy()
        gunzip?.destroy()
        reject(error)
      }
    }
    const begin = (bytes: Buffer): void => {
      first = undefined
      if (bytes.length < 2 || bytes.readUInt16BE(0) !== GZIP_MAGIC) {
        take(bytes)
        return
      }
      gunzip = createGunzip()
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
      if (first !== undefined) {
        first = Buffer.concat([first, bytes])
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

class CaptureReader {
  readonly #handler: CaptureHandler
  readonly #converter = new EventConverter()
  readonly #splitter: BlockSplitter
  #started = false
  #events = 0
  #handed = 0
  #skipped = 0

  constructor(handler: CaptureHandler) {
    this.#handler = handler
    this.#splitter = new BlockSplitter(block => this.#block(block))
  }

  push(chunk: Buffer): void {
    this.#splitter.push(chunk)
  }

  end(name: string, failure: string | undefined): CaptureEnd {
    this.#splitter.end()
    if (!this.#started) {
      throw new CodedError('CAPTURE_INVALID', `${name} is not a capture`, {
        hint: 'pass a .scap file, plain or gzip',
      })
    }
    const damage =
      this.#splitter.damage ??
      (failure === undefined ? undefined : {offset: this.#splitter.offset, reason: failure})
    return {events: this.#events, skipped: this.#skipped, damage}
  }

  #block(block: Block): void {
    try {
      if (this.#started) this.#content(block)
      else this.#section(block)
    } catch (error) {
      if (!(error instanceof CutShort)) throw error
      this.#splitter.fail('a block is shorter than what it says to hold')
    }
  }

  #section({type, bytes, start, end}: Block): void {
    if (type !== SECTION) {
      this.#splitter.fail('it does not begin with a section header')
      return
    }
    const reader = new ByteReader(bytes, start, end)
    const magic = reader.u32()
    if (magic === SWAPPED_MAGIC) {
      throw new CodedError('CAPTURE_INVALID', 'captures of big-endian machines cannot be read')
    }
    if (magic !== SECTION_MAGIC) {
      this.#splitter.fail('the section header is not that of a capture')
      return
    }
    const major = reader.u16()
    if (major > MAJOR) {
      throw new CodedError('CAPTURE_INVALID', `captures of version ${major} cannot be read`)
    }
    this.#started = true
  }

  #content(block: Block): void {
    const {type, bytes, start, end} = block
    const handler = this.#handler
    if (EVENT_BLOCKS.has(type)) {
      this.#event(block)
      return
    }
    const reader = new ByteReader(bytes, start, end)
    if (type === SECTION) this.#section(block)
    else if (MACHINE.has(type)) readMachine(reader, handler)
    else if (PROCESS_LISTS.has(type))
      readProcessList(reader, PROCESS_LISTS.get(type)!, thread => handler.thread(thread))
    else if (FD_LISTS.has(type))
      readFdList(reader, FD_LISTS.get(type)!, (tid, fd) => handler.fd(tid, fd))
    else if (INTERFACE_LISTS.has(type))
      readInterfaceList(reader, INTERFACE_LISTS.get(type)!, handler)
    else if (USER_LISTS.has(type)) readUserList(reader, USER_LISTS.get(type)!, handler)
  }

  #event({bytes, start, end, type}: Block): void {
    this.#events++
    const raw = readEvent(bytes, start, end, type)
    const event = raw === undefined ? undefined : this.#converter.convert(raw)
    if (raw === undefined) this.#skipped++
    if (event === undefined) return
    const parseOnly = event.stateOnly || isRecordedEnter(event.def)
    // Enter events that only wait for their exit event have no number; those that the state reads have one.
    this.#handler.event(new CapturedEvent(++this.#handed, event), parseOnly)
  }
}

/** The enter half of a call: what it tells went into the exit half. */
function isRecordedEnter({direction, flags}: CapturedEvent['def']): boolean {
  return direction === 'enter' && flags.includes('converter_managed')
}
