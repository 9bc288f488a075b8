import type {Log} from '../diagnostics/log.ts'
import type {Alert} from '../schema/alert.ts'
import {openMemoryQueue} from './memory-queue.ts'
import type {AlertQueue, QueueStats} from './queue.ts'
import type {Sink} from './sink.ts'

/** The one door through which alerts leave the process. */
export interface Dispatcher {
  /** Hands an alert to every sink's lane; false when one refused it. Never waits. */
  dispatch(alert: Alert): boolean
  stats(): QueueStats
  /** Lets sinks open their files again. Failures are logged. */
  reopen(): Promise<void>
  /**
   * Delivers what is left for up to `withinMs` milliseconds, then stops. Idempotent.
   *
   * @returns the final counts; what could not be delivered is `abandoned`
   */
  stop(withinMs: number): Promise<QueueStats>
}

/** Settings of {@link startDispatcher}. */
export interface DispatcherOptions {
  readonly sinks: readonly Sink[]
  readonly log: Log
  /** Default: a queue in memory. The queue owns the sinks. */
  readonly openQueue?: (sinks: readonly Sink[]) => AlertQueue
}

/** Puts a queue before the sinks. */
export function startDispatcher(options: DispatcherOptions): Dispatcher {
  const {sinks, log} = options
  const queue = options.openQueue?.(sinks) ?? openMemoryQueue(sinks, {log})
  let stopped: Promise<QueueStats> | undefined

  const stop = async (withinMs: number): Promise<QueueStats> => {
    await queue.drain(withinMs)
    await queue.close()
    const stats = queue.stats()
    if (stats.abandoned > 0) log('error', `${stats.abandoned} alerts were not delivered in time`)
    return stats
  }

  return {
    dispatch: alert => queue.push(alert),
    stats: () => queue.stats(),
    async reopen() {
      try {
        await queue.reopen()
      } catch (error) {
        log('error', `cannot reopen outputs: ${error instanceof Error ? error.message : error}`)
      }
    },
    stop(withinMs) {
      stopped ??= stop(withinMs)
      return stopped
    },
  }
}
