/**
 * The few parts of the protobuf wire format that the container runtime interface needs (protobuf.dev, "Encoding"):
 *
 *     field    = key value            key = varint (number << 3 | type)
 *     type 0   = varint               type 2 = varint length, bytes
 *     type 1   = 8 bytes              type 5 = 4 bytes             (skipped)
 */
import {type ByteString, untilNul} from '../../../schema/bytes.ts'

/** Fields of one message that are read; a message of ours has far fewer. */
const MAX_FIELDS = 16_384

/** A message taken apart. What is not there is empty, as the format has it; of a repeated plain field the last one counts. */
export interface ProtoMessage {
  /** Values of a text or message field, in order. */
  bytes(field: number): readonly Buffer[]
  text(field: number): ByteString
  message(field: number): ProtoMessage
  messages(field: number): ProtoMessage[]
  /** An integer; beyond 2^53 it is rounded. */
  number(field: number): number
  /** The entries of a `map<string, string>`. */
  textMap(field: number): Map<ByteString, ByteString>
}

/** Takes a message apart. @throws RangeError when it is not well formed or has too many fields. */
export function readProto(buffer: Buffer): ProtoMessage {
  const bytes = new Map<number, Buffer[]>()
  const numbers = new Map<number, number>()
  let at = 0
  const varint = (): number => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = buffer.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, value))
    }
    throw new RangeError('a varint is too long')
  }
  const skip = (length: number): Buffer => {
    if (length < 0 || at + length > buffer.length) throw new RangeError('a field is cut')
    at += length
    return buffer.subarray(at - length, at)
  }
  for (let count = 0; at < buffer.length; count++) {
    if (count >= MAX_FIELDS) throw new RangeError('too many fields')
    const key = varint()
    const field = Math.floor(key / 8)
    switch (key % 8) {
      case 0:
        numbers.set(field, varint())
        break
      case 1:
        skip(8)
        break
      case 2: {
        const value = skip(varint())
        const list = bytes.get(field)
        if (list === undefined) bytes.set(field, [value])
        else list.push(value)
        break
      }
      case 5:
        skip(4)
        break
      default:
        throw new RangeError('an unknown type of field')
    }
  }
  const all = (field: number): readonly Buffer[] => bytes.get(field) ?? []
  const message: ProtoMessage = {
    bytes: all,
    text: field => untilNul(all(field).at(-1)?.toString('latin1') ?? ''),
    message: field => readProto(all(field).at(-1) ?? Buffer.alloc(0)),
    messages: field => all(field).map(readProto),
    number: field => numbers.get(field) ?? 0,
    textMap: field =>
      new Map(message.messages(field).map(entry => [entry.text(1), entry.text(2)] as const)),
  }
  return message
}

/** Writes a message of text fields, flags and messages inside. */
export function writeProto(
  fields: readonly (readonly [field: number, value: ByteString | boolean | Buffer])[],
): Buffer {
  return Buffer.concat(
    fields.flatMap(([field, value]) => {
      if (typeof value === 'boolean') return value ? [varintOf(field * 8), varintOf(1)] : []
      const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value
      return [varintOf(field * 8 + 2), varintOf(bytes.length), bytes]
    }),
  )
}

function varintOf(value: number): Buffer {
  const bytes: number[] = []
  let left = value
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80)
  return Buffer.from([...bytes, left])
}
