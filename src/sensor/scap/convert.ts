/**
 * Turns the events of old captures, where a call had an enter event with its inputs and an exit event with its result, into
 * today's, where the exit event holds both.
 */
import {textOf, untilNul} from '../../schema/bytes.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import {EVENT_PAIRS, eventByCode} from '../../schema/event-table.ts'
import {CONVERSIONS} from '../../schema/tables/conversions.ts'
import {sizeOfType} from './captured-event.ts'
import type {RawEvent} from './raw-event.ts'

type Row = (typeof CONVERSIONS)[number]

/** Calls in flight that are remembered; past it the oldest is forgotten. */
const MAX_STORED = 262_144
/** More steps than the longest chain of old forms (seven for execve). */
const MAX_STEPS = 16
const EMPTY = Buffer.alloc(0)

/** Not every old form carries the flag. */
const oldCodes: ReadonlySet<number> = new Set(
  EVENT_PAIRS.filter(pair => pair.status === 'old').flatMap(({enter, exit}) =>
    [enter, exit].flatMap(side => side?.code ?? []),
  ),
)
const rows = new Map(CONVERSIONS.map(row => [rowKey(row[0], row[1]), row]))

function rowKey(code: number, params: number): number {
  return code * 64 + params
}

/** Converts events in the order of the capture. */
export class EventConverter {
  readonly #enters = new Map<number, RawEvent>()

  /** The event in today's form; undefined when it is only kept, or dropped. */
  convert(raw: RawEvent): RawEvent | undefined {
    let event = raw
    let usedEnter = false
    const done = (result: RawEvent | undefined): RawEvent | undefined => {
      if (usedEnter) this.#enters.delete(raw.tid)
      return result
    }
    for (let step = 0; step < MAX_STEPS; step++) {
      const {flags, direction, params} = event.def
      if (flags.includes('unused')) return done(undefined)
      if (!flags.includes('converter_managed'))
        return done(flags.includes('old_version') ? undefined : event)
      const isEnter = direction === 'enter'
      const old = flags.includes('old_version') || oldCodes.has(event.def.code)
      if (!isEnter && !old && event.params.length === params.length) return done(event)
      const row = rows.get(rowKey(event.def.code, event.params.length))
      if (row === undefined) return done(isEnter ? undefined : padded(event))
      switch (row[2]) {
        case 'pass':
          return done(event)
        case 'store':
          this.#store(event)
          return undefined
        case 'storeAndPass':
          this.#store(event)
          return event
        default: {
          const enter = isEnter ? undefined : this.#enterOf(event)
          usedEnter ||= enter !== undefined
          event = rebuilt(event, row, enter)
        }
      }
    }
    return done(event)
  }

  #store(event: RawEvent): void {
    this.#enters.delete(event.tid)
    if (this.#enters.size >= MAX_STORED) {
      for (const oldest of this.#enters.keys()) {
        this.#enters.delete(oldest)
        break
      }
    }
    // The bytes belong to the block at hand: what is kept must be a copy.
    this.#enters.set(event.tid, {...event, params: event.params.map(bytes => Buffer.from(bytes))})
  }

  /** The stored enter event of this thread when it is of the same call. */
  #enterOf(event: RawEvent): RawEvent | undefined {
    const enter = this.#enters.get(event.tid)
    return enter !== undefined && enter.def.name === event.def.name ? enter : undefined
  }
}

function rebuilt(event: RawEvent, row: Row, enter: RawEvent | undefined): RawEvent {
  const [, , action, to = event.def.code, sources = []] = row
  const def = eventByCode(to) ?? event.def
  const kept = action === 'add' ? event.params : []
  const params = [...kept]
  for (const source of sources) params.push(paramFrom(source, event, enter, def, params.length))
  return {...event, def, params}
}

function paramFrom(
  source: string,
  event: RawEvent,
  enter: RawEvent | undefined,
  def: EventDef,
  position: number,
): Buffer {
  const [kind, index, fallback] = source.split(' ')
  if (kind === 'old') return event.params[Number(index)] ?? EMPTY
  if (kind === 'computed') return containerJson(event.params)
  const stored = kind === 'enter' ? enter?.params[Number(index)] : undefined
  if (stored !== undefined) return stored
  return kind === 'default' || fallback === 'default' ? defaultOf(def, position) : EMPTY
}

/** Zeros; all ones for accounts and groups, which means none. */
function defaultOf(def: EventDef, position: number): Buffer {
  const type = def.params[position]?.type ?? ''
  return Buffer.alloc(sizeOfType(type) ?? 0, type === 'uid' || type === 'gid' ? 0xff : 0)
}

/** Fewer parameters than any known form: the rest is missing. */
function padded(event: RawEvent): RawEvent {
  const missing = event.def.params.length - event.params.length
  if (missing <= 0) return event
  return {...event, params: [...event.params, ...Array<Buffer>(missing).fill(EMPTY)]}
}

function containerJson([id, type, name, image]: readonly Buffer[]): Buffer {
  const text = (bytes: Buffer | undefined): string =>
    bytes === undefined ? '' : textOf(untilNul(bytes.toString('latin1')))
  const kind = type !== undefined && type.length >= 4 ? type.readUInt32LE(0) : 0
  const json = JSON.stringify({id: text(id), type: kind, name: text(name), image: text(image)})
  return Buffer.from(`${json}\0`)
}
