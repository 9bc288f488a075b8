/** Texts of an event's time, which fields and output formats share. Times are nanoseconds since the epoch. */

const NS_PER_SECOND = 1_000_000_000n

/** Local time of day: `17:04:05`. */
export function clockText(timeNs: bigint): string {
  const date = dateOf(timeNs)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** Local date and time: `2026-11-22 17:04:05`. */
export function dateTimeText(timeNs: bigint): string {
  const date = dateOf(timeNs)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockText(timeNs)}`
}

/** A text of whole seconds with the nanoseconds behind a point. */
export function withNanoseconds(text: string, timeNs: bigint): string {
  return `${text}.${String(timeNs % NS_PER_SECOND).padStart(9, '0')}`
}

/** UTC as ISO 8601 with nanoseconds, followed by the given zone: `2016-08-04T16:17:57.881781397Z`. */
export function isoTime(timeNs: bigint, zone: 'Z' | '+0000'): string {
  const seconds = new Date(Number(timeNs / NS_PER_SECOND) * 1000).toISOString().slice(0, 19)
  return `${withNanoseconds(seconds, timeNs)}${zone}`
}

function dateOf(timeNs: bigint): Date {
  return new Date(Number(timeNs / 1_000_000n))
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
