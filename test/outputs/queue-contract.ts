import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {Log} from '../../src/diagnostics/log.ts'
import {DEFAULT_DELIVERY, type DeliveryPolicy} from '../../src/outputs/delivery/policy.ts'
import type {AlertQueue, LaneCounts} from '../../src/outputs/queue.ts'
import {DEFAULT_RETRY} from '../../src/outputs/retry.ts'
import {deliveryError, type Sink} from '../../src/outputs/sink.ts'
import type {Timers} from '../../src/outputs/timers.ts'
import type {Alert} from '../../src/schema/alert.ts'
import {mkAlert, mkAlerts} from '../support/alerts.ts'
import {eventually} from '../support/eventually.ts'
import {fakeTimers} from '../support/fake-timers.ts'
import {fails, hangs, type Step, scriptedSink} from '../support/scripted-sink.ts'
import {deliveryCases} from './delivery-contract.ts'

/** What the suite asks of a queue. The jitter takes off nothing when `random` gives nearly 1. */
export interface QueueSettings {
  /** Alerts held at most. */
  readonly capacity: number
  readonly policy: DeliveryPolicy
  readonly timers: Timers
  readonly random: () => number
  readonly log: Log
}

function assertBalanced(counts: LaneCounts): void {
  const {recovered, accepted, delivered, deadLettered, dropped, abandoned, kept, pending} = counts
  const ended = delivered + deadLettered + dropped + abandoned + kept
  assert.equal(recovered + accepted, ended + pending)
}

/** The tests that every {@link AlertQueue} passes. */
export function describeQueue(
  name: string,
  open: (sinks: readonly Sink[], settings: QueueSettings) => Promise<AlertQueue>,
): void {
  const mk = async (sinks: readonly Sink[], changes: Partial<QueueSettings> = {}) => {
    const timers = fakeTimers()
    const logged: string[] = []
    const log: Log = (level, message) => logged.push(`${level}: ${message}`)
    const policy = DEFAULT_DELIVERY
    const settings = {capacity: 100, policy, timers, random: () => 0.999_999, log}
    const queue = await open(sinks, {...settings, ...changes})
    return {queue, timers, logged}
  }

  describe(`${name} as an alert queue`, () => {
    it('delivers to every sink in order', async () => {
      const sinks = [scriptedSink('one'), scriptedSink('two')]
      const {queue} = await mk(sinks, {capacity: 1000})
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

    it('gives up the oldest of the lowest priority when it is full, counts and says it', async () => {
      const slow = scriptedSink('slow', [hangs])
      const {queue, logged} = await mk([slow], {capacity: 3})
      queue.push(mkAlert({id: 'busy'}))
      await eventually(() => slow.calls === 1)
      for (const [id, priority] of [
        ['n1', 'Notice'],
        ['w1', 'Warning'],
        ['n2', 'Notice'],
        ['e1', 'Error'],
        ['d1', 'Debug'],
      ] as const)
        assert.equal(queue.push(mkAlert({id, priority})), true)
      const stats = queue.stats()
      assert.deepEqual([stats.dropped, stats.pending], [3, 3])
      assert.equal(stats.storage.dropped.noRoom, 3)
      assertBalanced(stats)
      assert.equal(logged.filter(line => line.includes('full')).length, 1)
      await queue.close()
      assertBalanced(queue.stats())
      assert.equal(queue.stats().kept + queue.stats().abandoned, 3)
    })

    it('lets no sink wait for another', async () => {
      const slow = scriptedSink('slow', [hangs])
      const fast = scriptedSink('fast')
      const {queue} = await mk([slow, fast])
      for (const alert of mkAlerts(5)) queue.push(alert)
      await eventually(() => fast.taken.length === 5)
      const [slowLane, fastLane] = queue.stats().lanes
      assert.deepEqual([slowLane?.delivered, fastLane?.delivered], [0, 5])
      assert.deepEqual([slowLane?.pending, fastLane?.pending], [5, 0])
      await queue.close()
      assertBalanced(queue.stats())
    })

    it('delivers higher priorities first, and each in order', async () => {
      const sink = scriptedSink('s', [fails])
      const {queue, timers} = await mk([sink])
      queue.push(mkAlert({id: 'w1'}))
      await eventually(() => timers.waiting().length === 1)
      queue.push(mkAlert({id: 'd1', priority: 'Debug'}))
      queue.push(mkAlert({id: 'c1', priority: 'Critical'}))
      queue.push(mkAlert({id: 'w2'}))
      queue.push(mkAlert({id: 'c2', priority: 'Critical'}))
      await eventually(() => {
        const {engine, saved} = queue.stats().storage
        return engine === 'memory' || saved === 5
      })
      assert.equal(await queue.drain(1000), true)
      assert.deepEqual(sink.taken, ['c1', 'c2', 'w1', 'w2', 'd1'])
      await queue.close()
    })

    it('hands an alert to the sinks that it is for', async () => {
      const sinks = [scriptedSink('one'), scriptedSink('two')]
      const {queue} = await mk(sinks)
      queue.push(mkAlert({id: 'a'}), ['two'])
      queue.push(mkAlert({id: 'b'}))
      queue.push(mkAlert({id: 'c'}), [])
      assert.equal(await queue.drain(1000), true)
      assert.deepEqual(
        sinks.map(({taken}) => taken),
        [['b'], ['a', 'b']],
      )
      await queue.close()
    })

    it('gives back exactly the alert that was pushed', async () => {
      const alert = mkAlert({
        id: 'x',
        message: 'a\u0000b\u001b[31m\n\u00ff\ud800"',
        fields: [
          ['n', 18_446_744_073_709_551_615n],
          ['__proto__', [1, 'two', 3n, null, true, [-0.5]]],
        ],
        incomplete: ['state'],
      })
      let got: Alert | undefined
      const keeping: Step = ([first]) => {
        got = first
      }
      const sink = scriptedSink('s', [keeping])
      const {queue} = await mk([sink])
      queue.push(alert)
      await queue.drain(1000)
      assert.deepEqual(got, alert)
      await queue.close()
    })

    deliveryCases(mk)

    it('looks at, retries and purges what is chosen', async () => {
      let isWell = false
      const picky = scriptedSink(
        'picky',
        Array.from({length: 50}, () => ([first]) => {
          if (isWell) return
          const permanent = first?.rule === 'bad'
          throw deliveryError(permanent ? 'answered 400' : 'down', {permanent})
        }),
      )
      const {queue, timers} = await mk([picky])
      queue.push(mkAlert({id: 'b1', rule: 'bad', priority: 'Error'}))
      queue.push(mkAlert({id: 'b2', rule: 'bad', priority: 'Error'}))
      queue.push(mkAlert({id: 'w1', rule: 'good one'}))
      queue.push(mkAlert({id: 'w2', rule: 'other'}))
      await eventually(() => timers.waiting().length === 1)
      const view = await queue.look({})
      assert.deepEqual(
        view.sinks.map(({waiting, dead, byPriority}) => [waiting, dead, byPriority]),
        [[2, 2, {Warning: 2}]],
      )
      assert.deepEqual(
        view.deadLetters.map(({id, reason}) => [id, reason]),
        [
          ['b1', 'answered 400'],
          ['b2', 'answered 400'],
        ],
      )
      assert.equal((await queue.look({rule: 'good*'})).sinks[0]?.waiting, 1)
      assert.equal((await queue.look({sink: 'none'})).sinks.length, 0)
      assert.deepEqual(await queue.purge({rule: 'oth*'}), {waiting: 1, dead: 0})
      isWell = true
      assert.equal(await queue.retry({rule: 'bad'}), 2)
      await eventually(() => picky.taken.length === 3)
      assert.deepEqual([...picky.taken].sort(), ['b1', 'b2', 'w1'])
      assert.equal((await queue.look({})).deadLetters.length, 0)
      assertBalanced(queue.stats())
      await queue.close()
    })

    it('retries with growing pauses until delivered, and says so once', async () => {
      const sink = scriptedSink('s', [fails, fails, fails])
      const {queue, timers, logged} = await mk([sink])
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
      const {queue, timers} = await mk([sink])
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
      const {queue, timers} = await mk([sink])
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
      const {queue, timers} = await mk([sink])
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
      const {queue, logged} = await mk([sink])
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
      const {queue, timers} = await mk([sink])
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
      const {queue, logged} = await mk([sink])
      for (const alert of mkAlerts(3)) queue.push(alert)
      await eventually(() => sink.calls === 1)
      await Promise.all([queue.close(), queue.close()])
      await queue.close()
      assert.equal(sink.closed, 1)
      assert.equal(queue.push(mkAlert()), false)
      const stats = queue.stats()
      assert.equal(stats.abandoned + stats.kept, 3)
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
      const {queue, timers} = await mk([sink])
      queue.push(mkAlert())
      await eventually(() => sink.calls === 1)
      const closing = queue.close()
      await eventually(() => timers.waiting().length > 0)
      timers.advance(10_000)
      await closing
      release()
      await eventually(() => sink.taken.length === 1)
      const stats = queue.stats()
      assert.equal(stats.abandoned + stats.kept, 1)
      assertBalanced(stats)
    })
  })
}
