import type {Log} from '../diagnostics/log.ts'
import {DEFAULT_DELIVERY, type DeliveryPolicy} from './delivery/policy.ts'
import {createAlertQueue} from './queue/alert-queue.ts'
import {memoryKeeper} from './queue/memory-keeper.ts'
import type {AlertQueue} from './queue.ts'
import {DEFAULT_RETRY, type RetryPolicy} from './retry.ts'
import type {Sink} from './sink.ts'
import {systemTimers, type Timers} from './timers.ts'

/** Bytes that the alerts take at most, roughly. */
const DEFAULT_BYTES = 64 * 1024 * 1024

/** Settings of {@link openMemoryQueue}. */
export interface MemoryQueueOptions {
  /** Alerts that the queue holds at most, 1 or more. Default 100000. */
  readonly capacity?: number
  /** Default 64 MiB, roughly. */
  readonly maxBytes?: number
  /** Default {@link DEFAULT_RETRY}. */
  readonly retry?: RetryPolicy
  /** How alerts are handed to a sink. Default {@link DEFAULT_DELIVERY} for every sink. */
  readonly policyOf?: (sink: string) => DeliveryPolicy
  /** Default: the machine's clock. */
  readonly timers?: Timers
  /** Numbers from 0 to below 1 for the jitter. Default `Math.random`. */
  readonly random?: () => number
  /** Takes one line for each new reason of failure. Default: nothing is logged. */
  readonly log?: Log
}

/** An alert queue that lives in memory: what it holds is gone with the process. It owns the sinks and closes them. */
export function openMemoryQueue(
  sinks: readonly Sink[],
  options: MemoryQueueOptions = {},
): AlertQueue {
  const {retry = DEFAULT_RETRY} = options
  return createAlertQueue({
    sinks,
    policyOf: options.policyOf ?? (() => ({...DEFAULT_DELIVERY, retry})),
    maxAlerts: Math.max(1, options.capacity ?? 100_000),
    maxBytes: options.maxBytes ?? DEFAULT_BYTES,
    timers: options.timers ?? systemTimers,
    random: options.random ?? Math.random,
    log: options.log ?? (() => {}),
    openKeeper: memoryKeeper,
  })
}
