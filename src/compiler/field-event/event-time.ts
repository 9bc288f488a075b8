import type {ByteString} from '../../schema/bytes.ts'
import type {FieldValue, Int} from '../../schema/value.ts'

const SECOND = 1_000_000_000n

function pad(value: number | bigint, length = 2): string {
  return String(value).padStart(length, '0')
}

/** The value of a time field for an event at a time in nanoseconds since the epoch; undefined for other fields. */
export function timeField(name: string, rawTime: Int): FieldValue | undefined {
  const time = BigInt(rawTime)
  const nanoseconds = time % SECOND
  const date = new Date(Number(time / 1_000_000n))
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  const fraction = pad(nanoseconds, 9)
  switch (name) {
    case 'evt.time':
      return `${clock}.${fraction}`
    case 'evt.time.s':
      return clock
    case 'evt.time.iso8601':
      return iso8601(date, fraction)
    case 'evt.datetime':
      return `${day} ${clock}.${fraction}`
    case 'evt.datetime.s':
      return `${day} ${clock}`
    case 'evt.rawtime':
      return rawTime
    case 'evt.rawtime.s':
      return Number(time / SECOND)
    case 'evt.rawtime.ns':
      return Number(nanoseconds)
    default:
      return undefined
  }
}

function iso8601(date: Date, fraction: string): ByteString {
  return `${date.toISOString().slice(0, 19)}.${fraction}+0000`
}
