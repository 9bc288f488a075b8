/** How pauses between retries grow. */
export interface RetryPolicy {
  /** Pause after the first failure, before jitter; at least 1. */
  readonly firstMs: number
  /** No pause of our own is longer. */
  readonly longestMs: number
  /** The longest pause that a receiver may ask for; longer wishes are cut to it. */
  readonly longestAskedMs: number
}

/** Half a second, doubling up to a minute; receivers may ask for up to an hour. */
export const DEFAULT_RETRY: RetryPolicy = {
  firstMs: 500,
  longestMs: 60_000,
  longestAskedMs: 3_600_000,
}

/**
 * The pause after the given number of failures in a row (1 or more): doubles each time up to the bound, of which a
 * random half is taken off at most, so that many senders do not return at the same moment.
 *
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export function backoffMs(policy: RetryPolicy, failures: number, random: number): number {
  // 2^40 milliseconds are past every bound; beyond that the power would only lose precision.
  const full = Math.min(policy.longestMs, policy.firstMs * 2 ** Math.min(failures - 1, 40))
  return Math.ceil(full * (0.5 + random / 2))
}

/**
 * Reads a `Retry-After` header: whole seconds or an HTTP date.
 *
 * @returns milliseconds from now, 0 or more; undefined when the header is absent or unreadable
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  // Date.parse takes much that is no HTTP date, bare numbers among it; all three HTTP forms begin with a day's name.
  if (text.length > 40 || !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
