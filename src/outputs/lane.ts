import type {Log} from '../diagnostics/log.ts'
import type {Alert} from '../schema/alert.ts'
import type {DeadLetter, LaneStats} from './queue.ts'
import {backoffMs, type RetryPolicy} from './retry.ts'
import {failureOf, type Sink} from './sink.ts'
import type {Timers} from './timers.ts'

/** Alerts handed to a sink in one delivery at most. */
const BATCH = 64
/** Dead letters kept for a look. */
const MAX_DEAD_LETTERS = 1000
/** Different failure texts remembered as already logged; beyond that the memory starts afresh. */
const MAX_LOGGED_REASONS = 100
/** How long a closing lane waits for a sink that does not heed the abort signal. */
const CLOSE_PATIENCE_MS = 1000

/** What a lane works with. */
export interface LaneOptions {
  /** Alerts the lane holds at most, the one being delivered included. */
  readonly capacity: number
  readonly retry: RetryPolicy
  readonly timers: Timers
  readonly random: () => number
  readonly log: Log
}

/** One sink's bounded first-in-first-out line, kept in memory. */
export interface Lane {
  /** False when the alert was refused. Never waits. */
  push(alert: Alert): boolean
  stats(): LaneStats
  /** Resolves once the lane is empty or closed. */
  empty(): Promise<void>
  /** Cuts a pause short that is our own choice. */
  hurry(): void
  reopen(): Promise<void>
  close(): Promise<void>
}

/** Starts a lane in front of a sink; the lane closes the sink. */
export function openLane(sink: Sink, options: LaneOptions): Lane {
  const {capacity, retry, timers, random, log} = options
  // A list with a moving head: taking from the front costs nothing until half of it is empty.
  let line: Alert[] = []
  let head = 0
  const counts = {accepted: 0, refused: 0, delivered: 0, deadLettered: 0, abandoned: 0, failures: 0}
  const deadLetters: DeadLetter[] = []
  // Reasons of permanent failures are logged once, those that may pass once in each outage.
  const loggedForGood = new Set<string>()
  const loggedInOutage = new Set<string>()
  const abort = new AbortController()
  let lastError: string | undefined
  let failuresInRow = 0
  let working: Promise<void> | undefined
  let finished = false
  let closed: Promise<void> | undefined
  let pause: {readonly asked: boolean; readonly end: () => void} | undefined
  let reopenings: (() => Promise<void>)[] = []
  const emptyWaiters: (() => void)[] = []

  const pending = (): number => line.length - head

  const take = (count: number): void => {
    head += count
    if (head * 2 >= line.length) {
      line = line.slice(head)
      head = 0
    }
  }

  const report = (reason: string, permanent: boolean): void => {
    lastError = reason
    const logged = permanent ? loggedForGood : loggedInOutage
    if (logged.has(reason)) return
    if (logged.size >= MAX_LOGGED_REASONS) logged.clear()
    logged.add(reason)
    const fate = permanent ? 'the alert goes to the dead letters' : 'retrying'
    log(permanent ? 'error' : 'warning', `output failed: ${reason}; ${fate}`)
  }

  const bury = (reason: string): void => {
    deadLetters.push({alert: line[head]!, reason, atMs: timers.now()})
    if (deadLetters.length > MAX_DEAD_LETTERS) deadLetters.shift()
    counts.deadLettered++
    take(1)
  }

  const deliverOnce = async (): Promise<void> => {
    const batch = line.slice(head, head + BATCH)
    let failure: ReturnType<typeof failureOf>
    let reason: string
    try {
      await sink.deliver(batch, abort.signal)
      if (finished) return
      counts.delivered += batch.length
      take(batch.length)
      if (failuresInRow > 0) log('info', `output ${sink.name}: delivers again`)
      failuresInRow = 0
      loggedInOutage.clear()
      return
    } catch (error) {
      failure = failureOf(error)
      reason = error instanceof Error ? error.message : String(error)
    }
    if (finished) return
    counts.failures++
    const taken = Math.min(failure.delivered, batch.length)
    counts.delivered += taken
    take(taken)
    // A failure while closing is most likely our own doing: the aborted signal.
    if (closed !== undefined) return
    report(reason, failure.permanent)
    if (failure.permanent) {
      if (taken < batch.length) bury(reason)
      return
    }
    failuresInRow = taken > 0 ? 1 : failuresInRow + 1
    const own = backoffMs(retry, failuresInRow, random())
    const asked = Math.min(failure.retryAfterMs ?? 0, retry.longestAskedMs)
    await rest(Math.max(own, asked), asked > 0)
  }

  const rest = (ms: number, asked: boolean): Promise<void> =>
    new Promise(resolve => {
      const end = (): void => {
        cancel()
        pause = undefined
        resolve()
      }
      const cancel = timers.after(ms, end)
      pause = {asked, end}
    })

  const work = async (): Promise<void> => {
    while (closed === undefined && (pending() > 0 || reopenings.length > 0)) {
      const next = reopenings.shift()
      if (next !== undefined) await next()
      else await deliverOnce()
    }
    working = undefined
    wakeWaiters()
  }

  const start = (): void => {
    // A tick later, so that alerts pushed together leave together.
    working ??= Promise.resolve().then(work)
  }

  const wakeWaiters = (): void => {
    if (pending() > 0 && closed === undefined) return
    for (const wake of emptyWaiters.splice(0)) wake()
  }

  const settled = async (): Promise<void> => {
    let cancel = (): void => {}
    const patience = new Promise<void>(resolve => {
      cancel = timers.after(CLOSE_PATIENCE_MS, resolve)
    })
    await Promise.race([working, patience])
    cancel()
  }

  const shut = async (): Promise<void> => {
    abort.abort()
    pause?.end()
    await settled()
    finished = true
    counts.abandoned += pending()
    line = []
    head = 0
    const skipped = reopenings
    reopenings = []
    for (const reopen of skipped) await reopen()
    await sink.close()
  }

  return {
    push(alert) {
      if (closed !== undefined || pending() >= capacity) {
        counts.refused++
        return false
      }
      counts.accepted++
      line.push(alert)
      start()
      return true
    },
    stats: () => ({
      sink: sink.name,
      ...counts,
      pending: pending(),
      lastError,
      deadLetters: [...deadLetters],
    }),
    empty: () =>
      new Promise(resolve => {
        emptyWaiters.push(resolve)
        if (working === undefined) wakeWaiters()
      }),
    hurry() {
      if (pause !== undefined && !pause.asked) pause.end()
    },
    reopen: () =>
      new Promise((resolve, reject) => {
        const reopen = async (): Promise<void> => {
          try {
            if (closed === undefined) await sink.reopen?.()
            resolve()
          } catch (error) {
            reject(error)
          }
        }
        if (closed !== undefined) return resolve()
        reopenings.push(reopen)
        // A pause may last long: the file that could not be written may be mended by opening it again.
        if (pause !== undefined && !pause.asked) pause.end()
        start()
      }),
    close() {
      closed ??= Promise.resolve().then(shut)
      return closed
    },
  }
}
