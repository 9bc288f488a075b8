import type {ByteString} from '../../schema/bytes.ts'
import type {Event} from '../../schema/event.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import {type ProbeDef, type ProbeMember, probeEvent, probeRoles} from '../../schema/probe.ts'
import {canonicalInt, type Int} from '../../schema/value.ts'

type Reader = (record: Buffer) => Int | ByteString

/** A record of a probe with the time that it stands for. */
export interface ProbeRecord {
  readonly probe: ProbeDecoder
  readonly bytes: Buffer
  /** Nanoseconds since boot. */
  readonly bootNs: bigint
  /** Of the rules that judge it. */
  readonly generation: number
}

/** Understands the records of one probe. */
export class ProbeDecoder {
  readonly def: ProbeDef
  readonly event: EventDef
  readonly #readers: ReadonlyMap<string, Reader>
  readonly #thread: Reader | undefined
  readonly #time: ProbeMember | undefined

  constructor(def: ProbeDef) {
    this.def = def
    this.event = probeEvent(def)
    this.#readers = new Map(def.members.map(member => [member.name, readerOf(member)]))
    const {thread, time} = probeRoles(def)
    this.#thread = thread && readerOf(thread)
    this.#time = time
  }

  get(record: Buffer, name: string): Int | ByteString | undefined {
    return this.#readers.get(name)?.(record)
  }

  /** Number of the thread that a record is about; 0 when it does not say. */
  tidOf(record: Buffer): number {
    return Number(this.#thread?.(record) ?? 0)
  }

  /** When a record happened, in nanoseconds since boot: never later than when it was read. */
  bootNsOf(record: Buffer, readNs: bigint): bigint {
    if (this.#time === undefined) return readNs
    const told = record.readBigUInt64LE(this.#time.offset)
    return told === 0n || told > readNs ? readNs : told
  }
}

/** A record of a probe as an {@link Event}. The same object is moved from record to record. */
export class ProbeEvent implements Event {
  num = 0
  readonly live = undefined
  /** The record does not say on which CPU it was made. */
  readonly cpu = 0
  #record!: ProbeRecord
  readonly #clock: {readonly bootNs: bigint}

  /** @param clock nanoseconds from the epoch to boot; followed when they change */
  constructor(clock: {readonly bootNs: bigint}) {
    this.#clock = clock
  }

  moveTo(record: ProbeRecord): void {
    this.#record = record
    this.num++
  }

  get def(): EventDef {
    return this.#record.probe.event
  }

  get tid(): number {
    return this.#record.probe.tidOf(this.#record.bytes)
  }

  get paramCount(): number {
    return this.def.params.length
  }

  timeNs(): bigint {
    return this.#clock.bootNs + this.#record.bootNs
  }

  get(name: string): Int | ByteString | undefined {
    const {probe, bytes} = this.#record
    return probe.get(bytes, name)
  }
}

function readerOf(member: ProbeMember): Reader {
  const {type, offset, size, bits} = member
  const end = offset + size
  switch (type) {
    case 'string':
      return record => {
        const text = record.toString('latin1', offset, end)
        const nul = text.indexOf('\0')
        return nul < 0 ? text : text.slice(0, nul)
      }
    case 'bytebuf':
      return record => record.toString('latin1', offset, end)
    case 'bool':
      return record => (unsigned(record, offset, size, bits) === 0n ? 0 : 1)
    default: {
      if (bits === undefined && size <= 4) {
        return type.startsWith('u')
          ? record => record.readUIntLE(offset, size)
          : record => record.readIntLE(offset, size)
      }
      const width = bits?.width ?? 64
      const signed = !type.startsWith('u')
      return record => {
        const value = unsigned(record, offset, size, bits)
        return canonicalInt(signed ? BigInt.asIntN(width, value) : value)
      }
    }
  }
}

function unsigned(record: Buffer, at: number, size: number, bits: ProbeMember['bits']): bigint {
  let value = 0n
  for (let index = size - 1; index >= 0; index--)
    value = (value << 8n) | BigInt(record[at + index]!)
  return bits === undefined ? value : BigInt.asUintN(bits.width, value >> BigInt(bits.shift))
}
