import {type ByteString, untilNul} from '../../schema/bytes.ts'
import type {Event} from '../../schema/event.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import type {Int} from '../../schema/value.ts'
import type {ParamForm} from './event-form.ts'
import {signedAt, unsignedAt} from './int-at.ts'
import {MAX_PARAMS, newRawEvent, type RawEvent, rawTimeNs} from './raw-event.ts'

type Value = Int | ByteString | undefined

/** Decodes one parameter; nothing for an empty one and for one that is shorter than its type. */
export function decodeParam(form: ParamForm, bytes: Buffer, start: number, end: number): Value {
  const {kind, size} = form
  if (end - start < (size === 0 ? 1 : size)) return undefined
  switch (kind) {
    case 'text':
      // Nearly always the only NUL is the last byte.
      return untilNul(bytes.toString('latin1', start, bytes[end - 1] === 0 ? end - 1 : end))
    case 'bytes':
      return bytes.toString('latin1', start, end)
    case 'signed':
      return size === 8 ? signedAt(bytes, start) : bytes.readIntLE(start, size)
    case 'unsigned':
      return size === 8 ? unsignedAt(bytes, start) : bytes.readUIntLE(start, size)
  }
}

/** An event of a capture. Values are decoded when asked for; the object is moved to the next event. */
export class CapturedEvent implements Event {
  num = 0
  readonly live = undefined
  #raw: RawEvent = newRawEvent()
  /** Texts that were decoded, and bit `i` for each that was. */
  readonly #texts: Value[] = Array<Value>(MAX_PARAMS).fill(undefined)
  #decoded = 0
  #timeNs: bigint | undefined

  /** Becomes the event that `raw` holds, which must stay as it is until the next move. */
  moveTo(num: number, raw: RawEvent): void {
    this.num = num
    this.#raw = raw
    this.#decoded = 0
    this.#timeNs = undefined
  }

  get def(): EventDef {
    return this.#raw.form.def
  }

  get tid(): number {
    return this.#raw.tid
  }

  get cpu(): number {
    return this.#raw.cpu
  }

  get paramCount(): number {
    return this.#raw.count
  }

  timeNs(): bigint {
    this.#timeNs ??= rawTimeNs(this.#raw)
    return this.#timeNs
  }

  get(name: string): Value {
    const {form, count, bytes, starts} = this.#raw
    const index = form.positions.get(name)
    if (index === undefined || index >= count) return undefined
    const param = form.params[index]!
    if (param.size > 0) return decodeParam(param, bytes, starts[index]!, starts[index + 1]!)
    if ((this.#decoded & (1 << index)) !== 0) return this.#texts[index]
    const value = decodeParam(param, bytes, starts[index]!, starts[index + 1]!)
    this.#texts[index] = value
    this.#decoded |= 1 << index
    return value
  }
}
