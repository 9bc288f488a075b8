import type {Log} from '../../diagnostics/log.ts'
import {DEFAULT_DELIVERY, type DeliveryPolicy} from '../delivery/policy.ts'
import type {AlertQueue} from '../queue.ts'
import type {Sink} from '../sink.ts'
import {systemTimers, type Timers} from '../timers.ts'
import {createAlertQueue} from './alert-queue.ts'
import {openDiskKeeper} from './disk-keeper.ts'

const MIB = 1024 * 1024

/** Settings of {@link openDurableQueue}. */
export interface DurableQueueOptions {
  /** Where the store is; made if need be. */
  readonly folder: string
  /** Bytes of alerts that are kept at most, as they are before compression. Default 1 GiB. */
  readonly maxBytes?: number
  /** Alerts that are kept at most. Default: as many as there is room for. */
  readonly capacity?: number
  /** Bytes of alerts that wait in memory for a disk that is slow or fails. Default 64 MiB. */
  readonly maxMemoryBytes?: number
  /** How alerts are handed to a sink. Default {@link DEFAULT_DELIVERY} for every sink. */
  readonly policyOf?: (sink: string) => DeliveryPolicy
  /** Default: the machine's clock. */
  readonly timers?: Timers
  /** Numbers from 0 to below 1 for the jitter. Default `Math.random`. */
  readonly random?: () => number
  readonly log: Log
}

/** The queue, or who has its store. */
export type OpenedQueue = {readonly queue: AlertQueue} | {readonly locked: string}

/**
 * Opens an alert queue that keeps its alerts on disk: what is left when the process ends, however it ends, is delivered after the
 * next start. Resolves as soon as alerts can be pushed. A disk that cannot be used is said and worked around in memory;
 * a store that another process has is left alone.
 */
export async function openDurableQueue(
  sinks: readonly Sink[],
  options: DurableQueueOptions,
): Promise<OpenedQueue> {
  const {folder, log, maxMemoryBytes = 64 * MIB, timers = systemTimers} = options
  const openKeeper = await openDiskKeeper({folder, maxMemoryBytes, timers, log})
  if ('locked' in openKeeper) return openKeeper
  const queue = createAlertQueue({
    sinks,
    policyOf: options.policyOf ?? (() => DEFAULT_DELIVERY),
    maxAlerts: options.capacity ?? Number.POSITIVE_INFINITY,
    maxBytes: options.maxBytes ?? 1024 * MIB,
    timers,
    random: options.random ?? Math.random,
    log,
    openKeeper,
  })
  return {queue}
}
