import {CodedError} from '../../diagnostics/error.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import {eventByCode} from '../../schema/event-table.ts'
import type {
  CaptureDamage,
  CaptureEnd,
  CaptureHandler,
  CaptureReader,
} from '../scap/capture-handler.ts'
import {defFromJson} from './event-def-json.ts'
import {
  booleanOf,
  type JsonObject,
  LineError,
  member,
  numberOf,
  objectOf,
  parseObject,
  stringOf,
} from './json-checks.ts'
import {eventFromJson} from './jsonl-event.ts'
import {FORMAT, MAX_DEFS, MAX_LINE_BYTES, VERSION} from './jsonl-format.ts'
import {LISTED} from './list-json.ts'

const LINE_FEED = 0x0a

/** Reads a `.jsonl` capture that is not packed: a whole one, or one of field events. */
export class JsonlReader implements CaptureReader {
  readonly #handler: CaptureHandler
  readonly #defs = new Map<string, EventDef>()
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** Offset of the line at hand, and its number. */
  #offset = 0
  #line = 1
  #holds: 'unknown' | 'capture' | 'fieldEvents' = 'unknown'
  #events = 0
  #damage: CaptureDamage | undefined

  constructor(handler: CaptureHandler) {
    this.#handler = handler
  }

  push(chunk: Buffer): boolean {
    let at = 0
    while (this.#damage === undefined) {
      const end = chunk.indexOf(LINE_FEED, at)
      const part = chunk.subarray(at, end < 0 ? chunk.length : end)
      this.#pendingBytes += part.length
      if (this.#pendingBytes > MAX_LINE_BYTES) {
        this.#fail(`the line is longer than ${MAX_LINE_BYTES} bytes`)
        break
      }
      this.#pending.push(part)
      if (end < 0) break
      this.#endLine(1)
      at = end + 1
    }
    return this.#damage === undefined
  }

  end(name: string, failure: string | undefined): CaptureEnd {
    if (this.#damage === undefined && failure !== undefined) this.#fail(failure)
    if (this.#damage === undefined) this.#endLine(0)
    if (this.#holds === 'unknown') {
      throw new CodedError(
        'CAPTURE_INVALID',
        `${name} is not a capture: ${this.#damage?.reason ?? 'it is empty'}`,
        {hint: 'pass a .scap or .jsonl file, plain or gzip'},
      )
    }
    return {events: this.#events, skipped: 0, damage: this.#damage}
  }

  #endLine(separator: number): void {
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending)
    const line = bytes.toString('utf8').trim()
    if (line !== '') {
      try {
        this.#take(line)
      } catch (error) {
        if (!(error instanceof LineError)) throw error
        this.#fail(error.message)
      }
    }
    this.#offset += this.#pendingBytes + separator
    this.#line++
    this.#pending = []
    this.#pendingBytes = 0
  }

  #fail(reason: string): void {
    this.#damage = {offset: this.#offset, line: this.#line, reason}
  }

  #take(line: string): void {
    if (this.#holds === 'fieldEvents') {
      this.#fieldEvent(line)
      return
    }
    const json = parseObject(line)
    if (this.#holds === 'capture') {
      this.#entry(json)
      return
    }
    if (member(json, 'format') === undefined) {
      this.#holds = 'fieldEvents'
      this.#fieldEvent(line)
      return
    }
    this.#head(json)
    this.#holds = 'capture'
    const machine = member(json, 'machine')
    if (machine !== undefined) this.#handler.machine(LISTED.machine.fromJson(machine, 'machine'))
  }

  #head(json: JsonObject): void {
    if (member(json, 'format') !== FORMAT) throw new LineError(`the format is not ${FORMAT}`)
    const version = numberOf(member(json, 'version'), 'version', 1)
    if (version > VERSION)
      throw new CodedError('CAPTURE_INVALID', `captures of version ${version} cannot be read`)
  }

  #fieldEvent(line: string): void {
    if (this.#handler.fieldEvent === undefined)
      throw new CodedError('CAPTURE_INVALID', 'a capture of field events cannot be used here')
    const wrong = this.#handler.fieldEvent(line, this.#line)
    if (wrong !== undefined) throw new LineError(wrong)
    this.#events++
  }

  #entry(json: JsonObject): void {
    const handler = this.#handler
    if (member(json, 'num') !== undefined) {
      this.#event(json)
      return
    }
    const [key] = Object.keys(json)
    const value = json[key!]
    switch (key) {
      case 'def':
        this.#define(value)
        break
      case 'machine':
        handler.machine(LISTED.machine.fromJson(value, key))
        break
      case 'thread':
        handler.thread(LISTED.thread.fromJson(value, key))
        break
      case 'fd': {
        const tid = numberOf(member(objectOf(value, key), 'tid'), 'tid')
        handler.fd(tid, LISTED.fd.fromJson(value, key))
        break
      }
      case 'interface':
        handler.networkInterface(LISTED.interface.fromJson(value, key))
        break
      case 'user':
        handler.user(LISTED.user.fromJson(value, key))
        break
      case 'group':
        handler.group(LISTED.group.fromJson(value, key))
        break
      default:
        throw new LineError('the line is none of a capture')
    }
  }

  #define(json: unknown): void {
    const def = defFromJson(json)
    if (this.#defs.size >= MAX_DEFS) throw new LineError(`more than ${MAX_DEFS} definitions`)
    this.#defs.set(defKey(def.code, def.name), def)
  }

  #event(json: JsonObject): void {
    const code = numberOf(member(json, 'code'), 'code', 0)
    const type = stringOf(member(json, 'type'), 'type')
    const known = eventByCode(code)
    const def = known?.name === type ? known : this.#defs.get(defKey(code, type))
    if (def === undefined) throw new LineError(`no event ${type} has code ${code}`)
    const event = eventFromJson(json, def)
    const stateOnly = member(json, 'stateOnly')
    this.#events++
    this.#handler.event(event, stateOnly !== undefined && booleanOf(stateOnly, 'stateOnly'))
  }
}

/** What the events of a definition name it by. */
export function defKey(code: number, name: string): string {
  return `${code} ${name}`
}
