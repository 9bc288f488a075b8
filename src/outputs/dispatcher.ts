import type {Log} from '../diagnostics/log.ts'
import type {Alert} from '../schema/alert.ts'
import type {AlertQueue, QueueControl, QueueStats} from './queue.ts'

/** The one door through which alerts leave the process. */
export interface Dispatcher {
  /** Hands an alert to the lanes of its sinks; false when one refused it. Never waits. */
  dispatch(alert: Alert): boolean
  stats(): QueueStats
  /** What people can do with the alerts that wait. */
  readonly control: QueueControl & Pick<AlertQueue, 'drain'>
  /** Lets sinks open their files again. Failures are logged. */
  reopen(): Promise<void>
  /**
   * Delivers what is left for up to `withinMs` milliseconds, then stops. Idempotent.
   *
   * @returns the final counts; what could not be delivered is `kept` or `abandoned`
   */
  stop(withinMs: number): Promise<QueueStats>
}

/** Settings of {@link startDispatcher}. */
export interface DispatcherOptions {
  readonly queue: AlertQueue
  readonly log: Log
}

/** Puts a queue before the sinks. The dispatcher closes it. */
export function startDispatcher({queue, log}: DispatcherOptions): Dispatcher {
  let stopped: Promise<QueueStats> | undefined

  const stop = async (withinMs: number): Promise<QueueStats> => {
    await queue.drain(withinMs)
    await queue.close()
    const stats = queue.stats()
    if (stats.abandoned > 0) log('error', `${stats.abandoned} alerts were not delivered in time`)
    if (stats.kept > 0)
      log(
        'warning',
        `${stats.kept} alerts stay in the queue and are delivered after the next start`,
      )
    return stats
  }

  return {
    dispatch: alert => queue.push(alert),
    stats: () => queue.stats(),
    control: queue,
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
