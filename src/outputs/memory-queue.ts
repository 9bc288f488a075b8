import type {Log} from '../diagnostics/log.ts'
import {openLane} from './lane.ts'
import type {AlertQueue, LaneCounts, LaneStats} from './queue.ts'
import {DEFAULT_RETRY, type RetryPolicy} from './retry.ts'
import type {Sink} from './sink.ts'
import {systemTimers, type Timers} from './timers.ts'

/** Settings of {@link openMemoryQueue}. */
export interface MemoryQueueOptions {
  /** Alerts each lane holds at most, 1 or more. Default 100000. */
  readonly capacity?: number
  /** Default {@link DEFAULT_RETRY}. */
  readonly retry?: RetryPolicy
  /** Default: the machine's clock. */
  readonly timers?: Timers
  /** Numbers from 0 to below 1 for the jitter. Default `Math.random`. */
  readonly random?: () => number
  /** Takes one line for each new reason of failure. Default: nothing is logged. */
  readonly log?: Log
}

/**
 * An alert queue that lives in memory, one lane for each sink: what it holds is gone with the process. It owns the
 * sinks and closes them.
 */
export function openMemoryQueue(
  sinks: readonly Sink[],
  options: MemoryQueueOptions = {},
): AlertQueue {
  const timers = options.timers ?? systemTimers
  const lanes = sinks.map(sink =>
    openLane(sink, {
      capacity: Math.max(1, options.capacity ?? 100_000),
      retry: options.retry ?? DEFAULT_RETRY,
      timers,
      random: options.random ?? Math.random,
      log: options.log ?? (() => {}),
    }),
  )
  let closed: Promise<void> | undefined
  return {
    push(alert) {
      let taken = true
      for (const lane of lanes) if (!lane.push(alert)) taken = false
      return taken
    },
    stats() {
      const all = lanes.map(lane => lane.stats())
      return {...sumCounts(all), lanes: all}
    },
    async drain(withinMs) {
      for (const lane of lanes) lane.hurry()
      let cancel = (): void => {}
      const timeIsUp = new Promise<boolean>(resolve => {
        cancel = timers.after(withinMs, () => resolve(false))
      })
      const drained = Promise.all(lanes.map(lane => lane.empty())).then(() => true)
      const result = await Promise.race([drained, timeIsUp])
      cancel()
      return result
    },
    async reopen() {
      await Promise.all(lanes.map(lane => lane.reopen()))
    },
    close() {
      closed ??= Promise.all(lanes.map(lane => lane.close())).then(() => {})
      return closed
    },
  }
}

function sumCounts(lanes: readonly LaneStats[]): LaneCounts {
  const sum = (key: keyof LaneCounts): number => lanes.reduce((total, lane) => total + lane[key], 0)
  return {
    accepted: sum('accepted'),
    refused: sum('refused'),
    delivered: sum('delivered'),
    deadLettered: sum('deadLettered'),
    abandoned: sum('abandoned'),
    pending: sum('pending'),
  }
}
