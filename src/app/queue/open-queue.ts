import type {Log} from '../../diagnostics/log.ts'
import type {DeliveryPolicy} from '../../outputs/delivery/policy.ts'
import {openMemoryQueue} from '../../outputs/memory-queue.ts'
import {openDurableQueue} from '../../outputs/queue/durable-queue.ts'
import type {AlertQueue} from '../../outputs/queue.ts'
import type {Sink} from '../../outputs/sink.ts'
import type {DeliveryConfig, QueueConfig} from '../../schema/config/queue-config.ts'
import {defaultQueuePath} from './queue-place.ts'

const MIB = 1024 * 1024

/** What the process is like that opens a queue. */
export interface QueueSurroundings {
  readonly uid: number
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Opens the queue that a configuration asks for. Detection never waits for a store that cannot be had: then it is a queue in memory,
 * and that is said.
 */
export async function openQueue(
  config: QueueConfig,
  sinks: readonly Sink[],
  log: Log,
  {uid, env}: QueueSurroundings,
): Promise<AlertQueue> {
  const inMemory = (): AlertQueue =>
    openMemoryQueue(sinks, {
      log,
      capacity: Number.POSITIVE_INFINITY,
      maxBytes: config.memoryMib * MIB,
      policyOf: policyOf(config),
    })
  const onDisk =
    config.engine === 'disk' ||
    (config.engine === 'auto' && sinks.some(({name}) => name !== 'stdout'))
  if (!onDisk) return inMemory()
  const folder = config.path || defaultQueuePath(uid, env)
  if (folder === undefined) {
    log(
      'warning',
      'no place for the queue is known: alerts are kept in memory (name one: queue.path)',
    )
    return inMemory()
  }
  const opened = await openDurableQueue(sinks, {
    folder,
    maxBytes: config.maxMib * MIB,
    maxMemoryBytes: config.memoryMib * MIB,
    policyOf: policyOf(config),
    log,
  })
  if ('queue' in opened) return opened.queue
  log(
    config.path === '' ? 'warning' : 'error',
    `the queue in ${folder} is used by ${opened.locked}: alerts of this detector are kept in memory, where its end loses them ` +
      '(give it a place of its own: -o queue.path=FOLDER)',
  )
  return inMemory()
}

/** How alerts are handed to each output, by a configuration. */
export function policyOf(config: QueueConfig): (sink: string) => DeliveryPolicy {
  return sink => toPolicy(config.sinks.get(sink) ?? config.delivery)
}

function toPolicy(config: DeliveryConfig): DeliveryPolicy {
  return {
    concurrency: config.concurrency,
    ratePerSecond: config.ratePerSecond === 0 ? undefined : config.ratePerSecond,
    batch: {
      count: config.batchCount,
      bytes: config.batchKib * 1024,
      waitMs: config.batchWaitMs,
    },
    timeoutMs: config.timeoutMs,
    retry: {
      firstMs: config.retryFirstMs,
      longestMs: config.retryLongestMs,
      longestAskedMs: config.retryLongestAskedMs,
    },
    openAfter: config.openAfter,
  }
}
