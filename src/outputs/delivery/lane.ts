import type {Log} from '../../diagnostics/log.ts'
import type {Alert} from '../../schema/alert.ts'
import {backoffMs} from '../retry.ts'
import {failureOf, type Sink} from '../sink.ts'
import type {Timers} from '../timers.ts'
import {createFailureLog} from './failure-log.ts'
import type {DeliveryPolicy} from './policy.ts'
import {createRateLimit} from './rate-limit.ts'

/** How long a closing lane waits for a sink that does not heed the abort signal. */
const CLOSE_PATIENCE_MS = 1000

/** An alert on its way. */
export interface Parcel {
  readonly alert: Alert
}

/** Where a lane gets its alerts from, and says what became of them. */
export interface Supply<P extends Parcel> {
  /** How many could be taken now. */
  ready(): number
  /** The next ones; none when there is nothing after all. They are the lane's until it says what became of them. */
  take(count: number, bytes: number): Promise<readonly P[]>
  delivered(parcels: readonly P[]): void
  /** They are to be tried again. */
  giveBack(parcels: readonly P[]): void
  /** It will never be taken. */
  bury(parcel: P, reason: string): void
}

/** What a lane works with. */
export interface LaneOptions {
  readonly policy: DeliveryPolicy
  readonly timers: Timers
  readonly random: () => number
  readonly log: Log
}

/** What a lane can say about itself. */
export interface LaneHealth {
  readonly failures: number
  readonly lastError: string | undefined
  readonly circuit: 'closed' | 'open'
  readonly lastDeliveryMs: number | undefined
}

/** Hands one sink its alerts. */
export interface Lane {
  /** There may be something to take. */
  wake(): void
  health(): LaneHealth
  /** Cuts a pause short that is our own choice. */
  hurry(): void
  reopen(): Promise<void>
  /** Gives back what was on its way, and closes the sink. Idempotent. */
  close(): Promise<void>
}

interface Pause {
  readonly untilMs: number
  /** The receiver asked for it, or the bound on the rate. */
  readonly asked: boolean
  readonly cancel: () => void
}

/** Starts a lane in front of a sink; the lane closes the sink. */
export function openLane<P extends Parcel>(
  sink: Sink,
  supply: Supply<P>,
  {policy, timers, random, log}: LaneOptions,
): Lane {
  const {batch, retry} = policy
  const told = createFailureLog(log)
  const limit = createRateLimit(policy.ratePerSecond, timers.now)
  const slots = Math.max(1, Math.min(policy.concurrency, sink.maxConcurrency ?? 1))
  const aborts = new Set<AbortController>()
  const running = new Set<Promise<void>>()
  let failures = 0
  let failuresInRow = 0
  let lastError: string | undefined
  let lastDeliveryMs: number | undefined
  let pause: Pause | undefined
  let gather: {readonly isOver: boolean; readonly cancel: () => void} | undefined
  /** Something came while a delivery was looking for it. */
  let woken = false
  let reopenings: (() => Promise<void>)[] = []
  let closing: Promise<void> | undefined
  let finished = false

  const isOpen = (): boolean => failuresInRow >= policy.openAfter

  /** Begins as many deliveries as there may be. */
  const pump = (): void => {
    if (closing !== undefined || pause !== undefined) return
    if (reopenings.length > 0) {
      if (running.size === 0) start(runReopenings)
      return
    }
    const most = isOpen() ? 1 : slots
    while (running.size < most && supply.ready() > 0 && !mustGather()) {
      gather?.cancel()
      gather = undefined
      start(deliverOnce)
    }
  }

  /** Whether a batch that is not full has to wait for more. */
  const mustGather = (): boolean => {
    if (batch.waitMs === 0 || supply.ready() >= batch.count || gather?.isOver === true) return false
    gather ??= {
      isOver: false,
      cancel: timers.after(batch.waitMs, () => {
        gather = {isOver: true, cancel: () => {}}
        pump()
      }),
    }
    return true
  }

  const start = (work: () => Promise<boolean>): void => {
    // A tick later, so that alerts pushed together leave together.
    const promise = Promise.resolve()
      .then(work)
      .then(goOn => {
        running.delete(promise)
        if (goOn || woken) pump()
      })
    running.add(promise)
  }

  const runReopenings = async (): Promise<boolean> => {
    for (let next = reopenings.shift(); next !== undefined; next = reopenings.shift()) await next()
    return true
  }

  /** False when there was nothing to take: whoever has something wakes the lane. */
  const deliverOnce = async (): Promise<boolean> => {
    woken = false
    const wanted = isOpen() ? 1 : batch.count
    const allowed = limit.take(wanted)
    if (allowed === 0) {
      rest(limit.waitMs(), true)
      return false
    }
    const parcels = await supply.take(allowed, batch.bytes)
    limit.giveBack(allowed - parcels.length)
    if (parcels.length === 0) return false
    if (closing !== undefined) {
      supply.giveBack(parcels)
      return false
    }
    await hand(parcels)
    return true
  }

  const hand = async (parcels: readonly P[]): Promise<void> => {
    const abort = new AbortController()
    aborts.add(abort)
    let late = false
    const cancel = timers.after(policy.timeoutMs, () => {
      late = true
      abort.abort()
    })
    try {
      await sink.deliver(
        parcels.map(({alert}) => alert),
        abort.signal,
      )
      if (finished) return
      succeed(parcels)
    } catch (error) {
      if (finished) return
      const reason = error instanceof Error ? error.message : String(error)
      fail(parcels, error, late ? `${sink.name}: not done within ${policy.timeoutMs} ms` : reason)
    } finally {
      cancel()
      aborts.delete(abort)
      if (finished) supply.giveBack(parcels)
    }
  }

  const succeed = (parcels: readonly P[]): void => {
    supply.delivered(parcels)
    lastDeliveryMs = timers.now()
    if (failuresInRow > 0) log('info', `output ${sink.name}: delivers again`)
    failuresInRow = 0
    told.works()
  }

  const fail = (parcels: readonly P[], error: unknown, reason: string): void => {
    const failure = failureOf(error)
    failures++
    const taken = Math.min(failure.delivered, parcels.length)
    if (taken > 0) supply.delivered(parcels.slice(0, taken))
    const left = parcels.slice(taken)
    // A failure while closing is most likely our own doing: the aborted signal.
    if (closing !== undefined) return supply.giveBack(left)
    lastError = reason
    told.failed(reason, failure.permanent)
    if (failure.permanent) {
      if (left[0] !== undefined) supply.bury(left[0], reason)
      supply.giveBack(left.slice(1))
      // The receiver is there and says what it thinks of an alert: no reason to wait.
      return
    }
    supply.giveBack(left)
    failuresInRow = taken > 0 ? 1 : failuresInRow + 1
    if (failuresInRow === policy.openAfter)
      log(
        'warning',
        `output ${sink.name}: failed ${failuresInRow} times in a row; single alerts are tried`,
      )
    const own = backoffMs(retry, failuresInRow, random())
    const asked = Math.min(failure.retryAfterMs ?? 0, retry.longestAskedMs)
    rest(Math.max(own, asked), asked > 0)
  }

  /** Of several pauses the longest counts. */
  const rest = (ms: number, asked: boolean): void => {
    const untilMs = timers.now() + ms
    if (closing !== undefined || (pause !== undefined && pause.untilMs >= untilMs)) return
    const before = pause
    before?.cancel()
    const cancel = timers.after(ms, () => {
      pause = undefined
      pump()
    })
    pause = {untilMs, asked: asked || before?.asked === true, cancel}
  }

  const endPause = (): void => {
    pause?.cancel()
    pause = undefined
  }

  const settled = async (): Promise<void> => {
    let cancel = (): void => {}
    const patience = new Promise<void>(resolve => {
      cancel = timers.after(CLOSE_PATIENCE_MS, resolve)
    })
    await Promise.race([Promise.all(running), patience])
    cancel()
  }

  const shut = async (): Promise<void> => {
    endPause()
    gather?.cancel()
    for (const abort of aborts) abort.abort()
    if (running.size > 0) await settled()
    finished = true
    const skipped = reopenings
    reopenings = []
    for (const reopen of skipped) await reopen()
    await sink.close()
  }

  return {
    wake() {
      woken = true
      pump()
    },
    health: () => ({failures, lastError, circuit: isOpen() ? 'open' : 'closed', lastDeliveryMs}),
    hurry() {
      if (pause === undefined || pause.asked) return
      endPause()
      pump()
    },
    reopen: () =>
      new Promise((resolve, reject) => {
        const reopen = async (): Promise<void> => {
          try {
            if (closing === undefined) await sink.reopen?.()
            resolve()
          } catch (error) {
            reject(error)
          }
        }
        if (closing !== undefined) return resolve()
        reopenings.push(reopen)
        // A pause may last long: the file that could not be written may be mended by opening it again.
        if (pause !== undefined && !pause.asked) endPause()
        if (running.size === 0 && pause !== undefined) start(runReopenings)
        else pump()
      }),
    close() {
      closing ??= Promise.resolve().then(shut)
      return closing
    },
  }
}
