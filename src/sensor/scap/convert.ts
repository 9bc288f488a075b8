/**
 * Turns the events of old captures, where a call had an enter event with its inputs and an exit event with its result, into
 * today's, where the exit event holds both.
 */
import {textOf, untilNul} from '../../schema/bytes.ts'
import {CONVERSIONS} from '../../schema/tables/conversions.ts'
import {type EventForm, eventForm, sizeOfType} from './event-form.ts'
import {newRawEvent, type RawEvent} from './raw-event.ts'
import {type StoredEnter, StoredEnters} from './stored-enters.ts'

/** Where a parameter of the new event comes from. */
interface ParamSource {
  readonly from: 'old' | 'enter' | 'computed' | 'none'
  readonly index: number
  /** What stands there when it comes from nowhere. */
  readonly otherwise: Buffer
}

interface Conversion {
  readonly action: (typeof CONVERSIONS)[number][2]
  readonly to: EventForm
  readonly sources: readonly ParamSource[]
}

/** More steps than the longest chain of old forms (seven for execve). */
const MAX_STEPS = 16
const EMPTY = Buffer.alloc(0)

/** By code, then by number of parameters. */
const conversions: (Conversion | undefined)[][] = []
for (const [code, params, action, to = code, sources = []] of CONVERSIONS) {
  const form = eventForm(to)!
  const kept = action === 'add' ? params : 0
  conversions[code] ??= []
  conversions[code][params] = {
    action,
    to: form,
    sources: sources.map((source, i) => sourceOf(source, form, kept + i)),
  }
}

function sourceOf(source: string, to: EventForm, position: number): ParamSource {
  const [kind, index, fallback] = source.split(' ')
  const otherwise = kind === 'default' || fallback === 'default' ? defaultOf(to, position) : EMPTY
  const from = kind === 'old' || kind === 'enter' || kind === 'computed' ? kind : 'none'
  return {from, index: Number(index), otherwise}
}

/** Zeros; all ones for accounts and groups, which means none. */
function defaultOf({def}: EventForm, position: number): Buffer {
  const type = def.params[position]?.type ?? ''
  return Buffer.alloc(sizeOfType(type) ?? 0, type === 'uid' || type === 'gid' ? 0xff : 0)
}

/** Converts events in the order of the capture. */
export class EventConverter {
  readonly #enters = new StoredEnters()
  /** Two places for converted events: a step reads one and writes the other. */
  readonly #places = [newRawEvent(), newRawEvent()] as const

  /** The event in today's form; undefined when it is only kept, or dropped. Good until the next call. */
  convert(raw: RawEvent): RawEvent | undefined {
    const {form} = raw
    if (form.isConverted) return this.#managed(raw)
    return form.isUnused || form.isMarkedOld ? undefined : raw
  }

  #managed(raw: RawEvent): RawEvent | undefined {
    let event = raw
    let usedEnter = false
    for (let step = 0; step < MAX_STEPS; step++) {
      const {form, count} = event
      if (form.isUnused) return this.#done(raw, undefined, usedEnter)
      if (!form.isConverted) return this.#done(raw, form.isMarkedOld ? undefined : event, usedEnter)
      if (!form.isEnter && !form.isOld && count === form.params.length)
        return this.#done(raw, event, usedEnter)
      const conversion = conversions[form.def.code]?.[count]
      if (conversion === undefined)
        return this.#done(raw, form.isEnter ? undefined : padded(event), usedEnter)
      switch (conversion.action) {
        case 'pass':
          return this.#done(raw, event, usedEnter)
        case 'store':
          this.#enters.store(event)
          return undefined
        case 'storeAndPass':
          this.#enters.store(event)
          return event
        default: {
          const enter = form.isEnter ? undefined : this.#enters.get(raw.tid, form.def.name)
          usedEnter ||= enter !== undefined
          const place = this.#places[event === this.#places[0] ? 1 : 0]
          rebuild(event, conversion, enter, place)
          event = place
        }
      }
    }
    return this.#done(raw, event, usedEnter)
  }

  #done(raw: RawEvent, result: RawEvent | undefined, usedEnter: boolean): RawEvent | undefined {
    if (usedEnter) this.#enters.close(raw.tid)
    return result
  }
}

/** Writes the event that the conversion makes of `event` into `place`. */
function rebuild(
  event: RawEvent,
  {action, to, sources}: Conversion,
  enter: StoredEnter | undefined,
  place: RawEvent,
): void {
  place.form = to
  place.tid = event.tid
  place.cpu = event.cpu
  place.stateOnly = event.stateOnly
  place.header = event.header
  place.headerAt = event.headerAt
  place.count = 0
  place.starts[0] = 0
  if (action === 'add') {
    for (let i = 0; i < event.count; i++)
      append(place, event.bytes, event.starts[i]!, event.starts[i + 1]!)
  }
  for (const {from, index, otherwise} of sources) {
    if (from === 'old' && index < event.count)
      append(place, event.bytes, event.starts[index]!, event.starts[index + 1]!)
    else if (from === 'enter' && enter !== undefined && index < enter.count)
      append(place, enter.bytes, enter.starts[index]!, enter.starts[index + 1]!)
    else {
      const bytes = from === 'computed' ? containerJson(event) : otherwise
      append(place, bytes, 0, bytes.length)
    }
  }
}

/** Puts one more parameter behind the others. */
function append(place: RawEvent, bytes: Buffer, start: number, end: number): void {
  const at = place.starts[place.count]!
  const size = end - start
  if (at + size > place.bytes.length) {
    const larger = Buffer.alloc(Math.max(2 * place.bytes.length, at + size))
    place.bytes.copy(larger, 0, 0, at)
    place.bytes = larger
  }
  bytes.copy(place.bytes, at, start, end)
  place.count++
  place.starts[place.count] = at + size
}

/** Fewer parameters than any known form: the rest is missing. */
function padded(event: RawEvent): RawEvent {
  const end = event.starts[event.count]!
  while (event.count < event.form.params.length) {
    event.count++
    event.starts[event.count] = end
  }
  return event
}

function containerJson({bytes, starts, count}: RawEvent): Buffer {
  const part = (i: number): Buffer =>
    i < count ? bytes.subarray(starts[i]!, starts[i + 1]!) : EMPTY
  const text = (i: number): string => textOf(untilNul(part(i).toString('latin1')))
  const kind = part(1).length >= 4 ? part(1).readUInt32LE(0) : 0
  const json = JSON.stringify({id: text(0), type: kind, name: text(2), image: text(3)})
  return Buffer.from(`${json}\0`)
}
