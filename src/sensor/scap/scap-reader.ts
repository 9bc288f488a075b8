import {CodedError} from '../../diagnostics/error.ts'
import {BlockSplitter} from './block-splitter.ts'
import {ByteReader, CutShort} from './byte-reader.ts'
import type {CaptureEnd, CaptureHandler, CaptureReader} from './capture-handler.ts'
import {CapturedEvent} from './captured-event.ts'
import {EventConverter} from './convert.ts'
import {readFdList} from './fd-list.ts'
import {readProcessList} from './process-list.ts'
import {isEventBlock, newRawEvent, readEvent} from './raw-event.ts'
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

/** Reads a `.scap` capture that is not packed. */
export class ScapReader implements CaptureReader {
  readonly #handler: CaptureHandler
  readonly #converter = new EventConverter()
  readonly #splitter: BlockSplitter
  readonly #raw = newRawEvent()
  readonly #event = new CapturedEvent()
  #started = false
  #events = 0
  #handed = 0
  #skipped = 0

  constructor(handler: CaptureHandler) {
    this.#handler = handler
    this.#splitter = new BlockSplitter((type, bytes, start, end) =>
      this.#block(type, bytes, start, end),
    )
  }

  push(chunk: Buffer): boolean {
    this.#splitter.push(chunk)
    return this.#splitter.damage === undefined
  }

  end(name: string, failure: string | undefined): CaptureEnd {
    this.#splitter.end()
    if (!this.#started) {
      throw new CodedError('CAPTURE_INVALID', `${name} is not a capture`, {
        hint: 'pass a .scap or .jsonl file, plain or gzip',
      })
    }
    const damage =
      this.#splitter.damage ??
      (failure === undefined ? undefined : {offset: this.#splitter.offset, reason: failure})
    return {events: this.#events, skipped: this.#skipped, damage}
  }

  #block(type: number, bytes: Buffer, start: number, end: number): void {
    try {
      if (!this.#started) this.#section(type, new ByteReader(bytes, start, end))
      else if (isEventBlock(type)) this.#takeEvent(type, bytes, start, end)
      else this.#list(type, new ByteReader(bytes, start, end))
    } catch (error) {
      if (!(error instanceof CutShort)) throw error
      this.#splitter.fail('a block is shorter than what it says to hold')
    }
  }

  #section(type: number, reader: ByteReader): void {
    if (type !== SECTION) {
      this.#splitter.fail('it does not begin with a section header')
      return
    }
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

  #list(type: number, reader: ByteReader): void {
    const handler = this.#handler
    if (type === SECTION) this.#section(type, reader)
    else if (MACHINE.has(type)) readMachine(reader, handler)
    else if (PROCESS_LISTS.has(type))
      readProcessList(reader, PROCESS_LISTS.get(type)!, thread => handler.thread(thread))
    else if (FD_LISTS.has(type))
      readFdList(reader, FD_LISTS.get(type)!, (tid, fd) => handler.fd(tid, fd))
    else if (INTERFACE_LISTS.has(type))
      readInterfaceList(reader, INTERFACE_LISTS.get(type)!, handler)
    else if (USER_LISTS.has(type)) readUserList(reader, USER_LISTS.get(type)!, handler)
  }

  #takeEvent(type: number, bytes: Buffer, start: number, end: number): void {
    const raw = this.#raw
    this.#events++
    const found = readEvent(raw, bytes, start, end, type)
    if (found !== 'event') {
      if (found === 'unknown') this.#skipped++
      else this.#events--
      return
    }
    const event = this.#converter.convert(raw)
    if (event === undefined) return
    // The enter half of a call is for the state alone: what it tells rules went into the exit half.
    const {isEnter, isConverted} = event.form
    // Enter events that only wait for their exit event have no number; those that the state reads have one.
    this.#event.moveTo(++this.#handed, event)
    this.#handler.event(this.#event, event.stateOnly || (isEnter && isConverted))
  }
}
