import {type ByteString, untilNul} from '../../schema/bytes.ts'
import type {CapturedRecord} from '../../schema/event.ts'
import type {EventDef, ParamDef} from '../../schema/event-pair.ts'
import {canonicalInt, type Int} from '../../schema/value.ts'
import type {RawEvent} from './raw-event.ts'

type Value = Int | ByteString | undefined

/** Bytes of the types that have a fixed size, and whether they are signed. */
const INTEGERS: ReadonlyMap<string, {readonly size: number; readonly signed: boolean}> = new Map(
  (
    [
      ['int8 int16 int32 int64', [1, 2, 4, 8], true],
      ['uint8 uint16 uint32 uint64', [1, 2, 4, 8], false],
      ['flags8 flags16 flags32', [1, 2, 4], false],
      ['enumflags8 enumflags16 enumflags32', [1, 2, 4], false],
      ['sigtype l4proto sockfamily syscallid port', [1, 1, 1, 2, 2], false],
      ['uid gid mode sigset bool', [4, 4, 4, 4, 4], false],
      ['fd32 pid32 errno fd pid', [4, 4, 8, 8, 8], true],
      ['reltime abstime double', [8, 8, 8], false],
    ] as const
  ).flatMap(([names, sizes, signed]) =>
    names.split(' ').map((name, i) => [name, {size: sizes[i]!, signed}] as const),
  ),
)

/** Types that are text closed by a NUL. */
const TEXTS: ReadonlySet<string> = new Set(['charbuf', 'fspath', 'fsrelpath'])

const positions = new WeakMap<EventDef, ReadonlyMap<string, number>>()

function positionsOf(def: EventDef): ReadonlyMap<string, number> {
  let known = positions.get(def)
  if (known === undefined) {
    known = new Map(def.params.map(({name}, index) => [name, index]))
    positions.set(def, known)
  }
  return known
}

/** Bytes of a value of this type; undefined when they vary. */
export function sizeOfType(type: string): number | undefined {
  return type === 'ipv4addr' ? 4 : type === 'ipv6addr' ? 16 : INTEGERS.get(type)?.size
}

/** Decodes one parameter; nothing for an empty one and for one that is shorter than its type. */
export function decodeParam({type}: Pick<ParamDef, 'type'>, bytes: Buffer): Value {
  if (bytes.length === 0) return undefined
  const integer = INTEGERS.get(type)
  if (integer === undefined) {
    const text = bytes.toString('latin1')
    return TEXTS.has(type) ? untilNul(text) : text
  }
  const {size, signed} = integer
  if (bytes.length < size) return undefined
  if (size === 8) return canonicalInt(signed ? bytes.readBigInt64LE(0) : bytes.readBigUInt64LE(0))
  return signed ? bytes.readIntLE(0, size) : bytes.readUIntLE(0, size)
}

/** An event of a capture. Values are decoded when asked for; the object is good only until the next event. */
export class CapturedEvent implements CapturedRecord {
  readonly num: number
  readonly #raw: RawEvent
  readonly #values = new Map<string, Value>()

  constructor(num: number, raw: RawEvent) {
    this.num = num
    this.#raw = raw
  }

  get def(): EventDef {
    return this.#raw.def
  }

  get tid(): number {
    return this.#raw.tid
  }

  get cpu(): number {
    return this.#raw.cpu
  }

  get paramCount(): number {
    return this.#raw.params.length
  }

  timeNs(): bigint {
    return this.#raw.timeNs
  }

  get(name: string): Value {
    if (this.#values.has(name)) return this.#values.get(name)
    const index = positionsOf(this.def).get(name)
    const bytes = index === undefined ? undefined : this.#raw.params[index]
    const value = bytes === undefined ? undefined : decodeParam(this.def.params[index!]!, bytes)
    this.#values.set(name, value)
    return value
  }
}
