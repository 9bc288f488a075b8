import type {Alert} from '../../schema/alert.ts'
import {deliveryError, failureOf} from '../sink.ts'

/** Answers that judge the sender and not what was sent: no part of the batch would fare better. */
const ABOUT_THE_SENDER: readonly unknown[] = [401, 403, 404, 405, 407, 410]

/** How alerts become requests. */
export interface BatchOptions {
  readonly encode: (alert: Alert) => string
  /** Bytes of one request, counted over the encoded alerts; a longer alert has a request of its own. */
  readonly maxBytes: number
  /** Sends some alerts in one request that is taken or refused as a whole. */
  readonly send: (parts: readonly EncodedAlert[]) => Promise<void>
}

/** An alert as it goes into a request. */
export interface EncodedAlert {
  readonly alert: Alert
  readonly text: string
}

/**
 * Delivers alerts in as few requests as their size allows, in order. A request that is refused for good is sent again
 * in halves, so that only the alert that the receiver will not have is refused, and the others are taken.
 *
 * @throws DeliveryError with the number of alerts that were taken
 */
export async function deliverBatches(
  alerts: readonly Alert[],
  options: BatchOptions,
): Promise<void> {
  let delivered = 0
  const attempt = async (parts: readonly EncodedAlert[]): Promise<void> => {
    try {
      await options.send(parts)
      delivered += parts.length
    } catch (error) {
      if (parts.length === 1 || !isAboutContent(error)) throw error
      const middle = Math.ceil(parts.length / 2)
      await attempt(parts.slice(0, middle))
      await attempt(parts.slice(middle))
    }
  }
  try {
    for (const parts of batchesOf(alerts, options)) await attempt(parts)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw deliveryError(error.message, {...failureOf(error), delivered}, error.cause)
  }
}

function isAboutContent(error: unknown): boolean {
  if (!failureOf(error).permanent) return false
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  return !ABOUT_THE_SENDER.includes(status)
}

function* batchesOf(alerts: readonly Alert[], options: BatchOptions): Generator<EncodedAlert[]> {
  let parts: EncodedAlert[] = []
  let size = 0
  for (const alert of alerts) {
    const text = options.encode(alert)
    const bytes = Buffer.byteLength(text)
    if (parts.length > 0 && size + bytes > options.maxBytes) {
      yield parts
      parts = []
      size = 0
    }
    parts.push({alert, text})
    size += bytes
  }
  if (parts.length > 0) yield parts
}

/** Delivers each alert in a request of its own, in order. */
export async function deliverEach(
  alerts: readonly Alert[],
  send: (alert: Alert) => Promise<unknown>,
): Promise<void> {
  for (const [index, alert] of alerts.entries()) {
    try {
      await send(alert)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      throw deliveryError(error.message, {...failureOf(error), delivered: index}, error.cause)
    }
  }
}
