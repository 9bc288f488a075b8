import {
  DEFAULT_QUEUE,
  type DeliveryConfig,
  type QueueConfig,
} from '../../schema/config/queue-config.ts'

/** The section `queue` as the schema lets it through. */
export interface RawQueue {
  readonly engine?: QueueConfig['engine']
  readonly path?: string
  readonly max_mib?: number
  readonly memory_mib?: number
  readonly drain_ms?: number
  readonly delivery?: RawDelivery
  readonly sinks?: Readonly<Record<string, RawDelivery>>
}

interface RawDelivery {
  readonly concurrency?: number
  readonly rate_per_second?: number
  readonly batch_count?: number
  readonly batch_kib?: number
  readonly batch_wait_ms?: number
  readonly timeout_ms?: number
  readonly retry_first_ms?: number
  readonly retry_longest_ms?: number
  readonly retry_longest_asked_ms?: number
  readonly open_after?: number
}

/** Fills in the defaults; what is said for one output builds on what is said for all. */
export function buildQueue(raw: RawQueue = {}): QueueConfig {
  const defaults = DEFAULT_QUEUE
  const delivery = deliveryOf(raw.delivery ?? {}, defaults.delivery)
  return {
    engine: raw.engine ?? defaults.engine,
    path: raw.path ?? defaults.path,
    maxMib: raw.max_mib ?? defaults.maxMib,
    memoryMib: raw.memory_mib ?? defaults.memoryMib,
    drainMs: raw.drain_ms ?? defaults.drainMs,
    delivery,
    sinks: new Map(
      Object.entries(raw.sinks ?? {}).map(([name, own]) => [name, deliveryOf(own, delivery)]),
    ),
  }
}

function deliveryOf(raw: RawDelivery, base: DeliveryConfig): DeliveryConfig {
  return {
    concurrency: raw.concurrency ?? base.concurrency,
    ratePerSecond: raw.rate_per_second ?? base.ratePerSecond,
    batchCount: raw.batch_count ?? base.batchCount,
    batchKib: raw.batch_kib ?? base.batchKib,
    batchWaitMs: raw.batch_wait_ms ?? base.batchWaitMs,
    timeoutMs: raw.timeout_ms ?? base.timeoutMs,
    retryFirstMs: raw.retry_first_ms ?? base.retryFirstMs,
    retryLongestMs: raw.retry_longest_ms ?? base.retryLongestMs,
    retryLongestAskedMs: raw.retry_longest_asked_ms ?? base.retryLongestAskedMs,
    openAfter: raw.open_after ?? base.openAfter,
  }
}
