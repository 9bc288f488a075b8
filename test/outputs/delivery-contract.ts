import assert from 'node:assert/strict'
import {it} from 'mocha'
import {DEFAULT_DELIVERY, type DeliveryPolicy} from '../../src/outputs/delivery/policy.ts'
import type {AlertQueue} from '../../src/outputs/queue.ts'
import {DEFAULT_RETRY} from '../../src/outputs/retry.ts'
import {deliveryError, type Sink} from '../../src/outputs/sink.ts'
import {mkAlert, mkAlerts} from '../support/alerts.ts'
import {eventually} from '../support/eventually.ts'
import type {FakeTimers} from '../support/fake-timers.ts'
import {hangs, type Step, scriptedSink} from '../support/scripted-sink.ts'

/** Opens a queue with a clock that stands still. */
export type MakeQueue = (
  sinks: readonly Sink[],
  changes?: {readonly policy?: DeliveryPolicy},
) => Promise<{readonly queue: AlertQueue; readonly timers: FakeTimers}>

/** What every queue does with the policy of a sink. */
export function deliveryCases(mk: MakeQueue): void {
  it('tries single alerts after many failures in a row, and batches once one got through', async () => {
    const sizes: number[] = []
    const failing: Step = alerts => {
      sizes.push(alerts.length)
      throw deliveryError('down')
    }
    const counting: Step = alerts => void sizes.push(alerts.length)
    const sink = scriptedSink('s', [failing, failing, failing, counting, counting])
    const {queue, timers} = await mk([sink], {policy: {...DEFAULT_DELIVERY, openAfter: 2}})
    for (const alert of mkAlerts(4)) queue.push(alert)
    await eventually(() => sizes.length === 1 && timers.waiting().length === 1)
    timers.advance(60_000)
    await eventually(() => sizes.length === 2 && timers.waiting().length === 1)
    assert.equal(queue.stats().lanes[0]?.circuit, 'open')
    timers.advance(60_000)
    await eventually(() => sizes.length === 3 && timers.waiting().length === 1)
    timers.advance(60_000)
    await eventually(() => sink.taken.length === 4)
    assert.equal(queue.stats().lanes[0]?.circuit, 'closed')
    assert.deepEqual(sizes.slice(1), [4, 1, 1, 3])
    await queue.close()
  })

  it('keeps to the rate of a sink', async () => {
    const sink = scriptedSink('s')
    const {queue, timers} = await mk([sink], {policy: {...DEFAULT_DELIVERY, ratePerSecond: 2}})
    for (const alert of mkAlerts(5)) queue.push(alert)
    await eventually(() => sink.taken.length === 2 && timers.waiting().length === 1)
    timers.advance(500)
    await eventually(() => sink.taken.length === 3 && timers.waiting().length === 1)
    timers.advance(1000)
    await eventually(() => sink.taken.length === 5)
    await queue.close()
  })

  it('gathers a batch for as long as it may', async () => {
    const sizes: number[] = []
    const counting: Step = alerts => void sizes.push(alerts.length)
    const sink = scriptedSink('s', [counting, counting])
    const batch = {count: 3, bytes: 1 << 20, waitMs: 200}
    const {queue, timers} = await mk([sink], {policy: {...DEFAULT_DELIVERY, batch}})
    for (const alert of mkAlerts(2)) queue.push(alert)
    await eventually(() => timers.waiting().includes(200))
    timers.advance(200)
    await eventually(() => sizes.length === 1)
    for (const alert of mkAlerts(3)) queue.push(alert)
    await eventually(() => sizes.length === 2)
    assert.deepEqual(sizes, [2, 3])
    await queue.close()
  })

  it('aborts a delivery that takes too long, and tries again', async () => {
    const sink = scriptedSink('s', [hangs])
    const {queue, timers} = await mk([sink], {policy: {...DEFAULT_DELIVERY, timeoutMs: 3000}})
    queue.push(mkAlert())
    await eventually(() => sink.calls === 1)
    timers.advance(3000)
    await eventually(() => queue.stats().lanes[0]?.failures === 1)
    assert.match(queue.stats().lanes[0]?.lastError ?? '', /not done within 3000 ms/)
    timers.advance(DEFAULT_RETRY.firstMs)
    await eventually(() => sink.taken.length === 1)
    await queue.close()
  })

  it('runs as many deliveries at once as policy and sink allow', async () => {
    let most = 0
    let running = 0
    const gates: (() => void)[] = []
    const taken: string[] = []
    const sink: Sink = {
      name: 's',
      maxConcurrency: 3,
      async deliver(alerts) {
        most = Math.max(most, ++running)
        await new Promise<void>(resolve => gates.push(resolve))
        running--
        taken.push(...alerts.map(({id}) => id))
      },
      close: async () => {},
    }
    const batch = {...DEFAULT_DELIVERY.batch, count: 2}
    const {queue} = await mk([sink], {policy: {...DEFAULT_DELIVERY, batch, concurrency: 8}})
    for (const alert of mkAlerts(12)) queue.push(alert)
    await eventually(() => {
      for (const open of gates.splice(0)) open()
      return taken.length === 12
    })
    assert.ok(most > 1 && most <= 3, `${most} at once`)
    assert.equal(new Set(taken).size, 12)
    await queue.close()
  })
}
