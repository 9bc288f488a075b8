import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {Log} from '../../src/diagnostics/log.ts'
import type {AlertQueue, LaneCounts} from '../../src/outputs/queue.ts'
import {DEFAULT_RETRY} from '../../src/outputs/retry.ts'
import {deliveryError, type Sink} from '../../src/outputs/sink.ts'
import type {Timers} from '../../src/outputs/timers.ts'
import type {Alert} from '../../src/schema/alert.ts'
import {mkAlert, mkAlerts} from '../support/alerts.ts'
import {eventually} from '../support/eventually.ts'
import {fakeTimers} from '../support/fake-timers.ts'

/** What the suite asks of a queue. The jitter takes off nothing when `random` gives nearly 1. */
export interface QueueSettings {
  readonly capacity: number
  readonly timers: Timers
  readonly random: () => number
  readonly log: Log
}

/** A sink that does what its script says, one step a delivery; past the script's end it takes everything. */
interface ScriptedSink extends Sink {
  readonly taken: string[]
  calls: number
  reopened: number
  closed: number
}

type Step = (alerts: readonly Alert[], signal: AbortSignal) => void | Promise<void>

function scriptedSink(name: string, script: readonly Step[] = []): ScriptedSink {
  let running = 0
  const sink: ScriptedSink = {
    name,
    taken: [],
    calls: 0,
    reopened: 0,
    closed: 0,
    async deliver(alerts, signal) {
      assert.equal(++running, 1, 'deliveries of one sink overlap')
      try {
        await script[sink.calls++]?.(alerts, signal)
        sink.taken.push(...alerts.map(alert => alert.id))
      } finally {
        running--
      }
    },
    reopen: async () => void sink.reopened++,
    close: async () => void sink.closed++,
  }
  return sink
}

const fails: Step = () => {
  throw deliveryError('down')
}
const hangs: Step = (_, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(deliveryError('aborted')))
  })

function assertBalanced(counts: LaneCounts): void {
  const {accepted, delivered, deadLettered, abandoned, pending} = counts
  assert.equal(accepted, delivered + deadLettered + abandoned + pending)
}

/** The tests that every {@link AlertQueue} passes. */
export function describeQueue(
  name: string,
  open: (sinks: readonly Sink[], settings: QueueSettings) => AlertQueue,
): void {
  const mk = (sinks: readonly Sink[], capacity = 100) => {
    const timers = fakeTimers()
    const logged: string[] = []
    const log: Log = (level, message) => logged.push(`${level}: ${message}`)
    const queue = open(sinks, {capacity, timers, random: () => 0.999_999, log})
    return {queue, timers, logged}
  }

  describe(`${name} as an alert queue`, () => {
    it('delivers to every sink in order', async () => {
      const sinks = [scriptedSink('one'), scriptedSink('two')]
      const {queue} = mk(sinks, 1000)
      const alerts = mkAlerts(500)
      for (const alert of alerts) assert.equal(queue.push(alert), true)
      assert.equal(await queue.drain(1000), true)
      for (const sink of sinks) {
        assert.deepEqual(
          sink.taken,
          alerts.map(alert => alert.id),
        )
      }
      assert.equal(queue.stats().delivered, 1000)
      await queue.close()
    })

    it('refuses and counts what a full lane cannot hold, and serves the others', async () => {
      const slow = scriptedSink('slow', [hangs])
      const fast = scriptedSink('fast')
      const {queue} = mk([slow, fast], 3)
      const results: boolean[] = []
      for (const alert of mkAlerts(5)) {
        results.push(queue.push(alert))
        await eventually(() => fast.taken.includes(alert.id))
      }
      assert.deepEqual(results, [true, true, true, false, false])
      const [slowLane, fastLane] = queue.stats().lanes
      assert.equal(slowLane?.refused, 2)
      assert.equal(fastLane?.refused, 0)
      assert.equal(fastLane?.delivered, 5)
      await queue.close()
      assert.equal(queue.stats().abandoned, 3)
      assertBalanced(queue.stats())
    })

    it('retries with growing pauses until delivered, and says so once', async () => {
      const sink = scriptedSink('s', [fails, fails, fails])
      const {queue, timers, logged} = mk([sink])
      queue.push(mkAlert())
      for (const pause of [1, 2, 4].map(factor => DEFAULT_RETRY.firstMs * factor)) {
        await eventually(() => timers.waiting().length === 1)
        assert.deepEqual(timers.waiting(), [pause])
        timers.advance(pause)
      }
      await eventually(() => sink.taken.length === 1)
      assert.equal(queue.stats().lanes[0]?.failures, 3)
      assert.equal(logged.filter(line => line.includes('down')).length, 1)
      await queue.close()
    })

    it('waits as long as the receiver asks, even when draining', async () => {
      const sink = scriptedSink('s', [
        () => {
          throw deliveryError('later', {retryAfterMs: 120_000})
        },
      ])
      const {queue, timers} = mk([sink])
      queue.push(mkAlert())
      await eventually(() => timers.waiting().length === 1)
      assert.deepEqual(timers.waiting(), [120_000])
      const drained = queue.drain(60_000)
      timers.advance(60_000)
      assert.equal(await drained, false)
      assert.equal(sink.calls, 1)
      timers.advance(60_000)
      await eventually(() => sink.taken.length === 1)
      await queue.close()
    })

    it('cuts a pause of its own short when draining', async () => {
      const sink = scriptedSink('s', [fails])
      const {queue, timers} = mk([sink])
      queue.push(mkAlert())
      await eventually(() => timers.waiting().length === 1)
      assert.equal(await queue.drain(1000), true)
      assert.deepEqual(sink.taken, ['a1'])
      await queue.close()
    })

    it('does not repeat what a failed delivery took', async () => {
      const sink = scriptedSink('s', [
        () => {
          throw deliveryError('stopped in the middle', {delivered: 2})
        },
      ])
      const {queue, timers} = mk([sink])
      for (const alert of mkAlerts(4)) queue.push(alert)
      await eventually(() => timers.waiting().length === 1)
      assert.equal(queue.stats().delivered, 2)
      timers.advance(DEFAULT_RETRY.firstMs)
      await eventually(() => sink.taken.length === 2)
      assert.deepEqual(sink.taken, ['a3', 'a4'])
      await queue.close()
    })

    it('buries what will never be taken, goes on, and logs each reason once', async () => {
      const refuse: Step = () => {
        throw deliveryError('answered 400', {permanent: true})
      }
      const sink = scriptedSink('s', [refuse, refuse])
      const {queue, logged} = mk([sink])
      for (const alert of mkAlerts(4)) queue.push(alert)
      assert.equal(await queue.drain(1000), true)
      assert.deepEqual(sink.taken, ['a3', 'a4'])
      const lane = queue.stats().lanes[0]!
      assert.equal(lane.deadLettered, 2)
      assert.deepEqual(
        lane.deadLetters.map(letter => [letter.alert.id, letter.reason]),
        [
          ['a1', 'answered 400'],
          ['a2', 'answered 400'],
        ],
      )
      assert.equal(logged.length, 1)
      assertBalanced(queue.stats())
      await queue.close()
    })

    it('reopens sinks between deliveries, also while it waits to retry', async () => {
      const sink = scriptedSink('s', [fails])
      const {queue, timers} = mk([sink])
      await queue.reopen()
      assert.equal(sink.reopened, 1)
      queue.push(mkAlert())
      await eventually(() => timers.waiting().length === 1)
      await queue.reopen()
      assert.equal(sink.reopened, 2)
      await eventually(() => sink.taken.length === 1)
      await queue.close()
    })

    it('aborts a hanging delivery on close, counts what is left and closes sinks once', async () => {
      const sink = scriptedSink('s', [hangs])
      const {queue, logged} = mk([sink])
      for (const alert of mkAlerts(3)) queue.push(alert)
      await eventually(() => sink.calls === 1)
      await Promise.all([queue.close(), queue.close()])
      await queue.close()
      assert.equal(sink.closed, 1)
      assert.equal(queue.push(mkAlert()), false)
      const stats = queue.stats()
      assert.equal(stats.abandoned, 3)
      assert.equal(stats.pending, 0)
      assert.equal(stats.refused, 1)
      assertBalanced(stats)
      assert.deepEqual(logged, [])
    })

    it('counts nothing twice when a sink heeds no signal', async () => {
      let release = (): void => {}
      const stubborn: Step = () =>
        new Promise(resolve => {
          release = resolve
        })
      const sink = scriptedSink('s', [stubborn])
      const {queue, timers} = mk([sink])
      queue.push(mkAlert())
      await eventually(() => sink.calls === 1)
      const closing = queue.close()
      await eventually(() => timers.waiting().length > 0)
      timers.advance(10_000)
      await closing
      release()
      await eventually(() => sink.taken.length === 1)
      assert.equal(queue.stats().abandoned, 1)
      assertBalanced(queue.stats())
    })
  })
}
