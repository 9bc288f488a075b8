import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {EventGate} from '../../../src/state/containers/event-gate.ts'

const mkGate = (options: {waitMs?: number; maxEvents?: number; maxBytes?: number} = {}) => {
  const clock = {nowMs: 0}
  const released: string[] = []
  const gate = new EventGate<string>({
    waitMs: 500,
    nowMs: () => clock.nowMs,
    release: item => released.push(item),
    ...options,
  })
  /** Whether the event waits. */
  const admit = (id: string, item: string): boolean => gate.admit(id, item.length, () => item)
  return {gate, clock, released, admit}
}

describe('EventGate', () => {
  it('lets events of known containers through without making anything', () => {
    const {gate} = mkGate()
    gate.await('a')
    assert.equal(
      gate.admit('b', 1, () => assert.fail('made')),
      false,
    )
  })

  it('holds events until the answer is there, in order, each container by itself', () => {
    const {gate, released, admit} = mkGate()
    gate.await('a')
    gate.await('b')
    for (const item of ['a1', 'b1', 'a2', 'b2', 'a3']) assert.equal(admit(item[0]!, item), true)
    assert.deepEqual(released, [])
    gate.deliver('a')
    assert.deepEqual(released, ['a1', 'a2', 'a3'])
    assert.equal(admit('a', 'a4'), false)
    assert.equal(gate.size, 2)
    gate.deliver('b')
    assert.deepEqual(released.slice(3), ['b1', 'b2'])
    assert.deepEqual({...gate.counts}, {held: 5, answered: 5, timeout: 0, overflow: 0})
  })

  it('lets events go when the time is up', () => {
    const {gate, clock, released, admit} = mkGate()
    gate.await('a')
    clock.nowMs = 100
    gate.await('b')
    admit('a', 'a1')
    admit('b', 'b1')
    clock.nowMs = 499
    gate.expire()
    assert.deepEqual(released, [])
    clock.nowMs = 500
    gate.expire()
    assert.deepEqual(released, ['a1'])
    assert.equal(gate.isAwaited('a'), false)
    assert.equal(gate.isAwaited('b'), true)
    clock.nowMs = 600
    gate.expire()
    assert.deepEqual(released, ['a1', 'b1'])
    assert.equal(gate.counts.timeout, 2)
    gate.deliver('a')
    assert.equal(released.length, 2)
  })

  it('counts the time from the first call', () => {
    const {gate, clock, released, admit} = mkGate()
    gate.await('a')
    clock.nowMs = 400
    gate.await('a')
    admit('a', 'a1')
    clock.nowMs = 500
    gate.expire()
    assert.deepEqual(released, ['a1'])
  })

  it('holds nothing with a wait of nothing', () => {
    const {gate, admit} = mkGate({waitMs: 0})
    gate.await('a')
    assert.equal(admit('a', 'a1'), false)
  })

  it('lets the oldest event go when there are too many, order kept', () => {
    const {gate, released, admit} = mkGate({maxEvents: 3})
    gate.await('a')
    gate.await('b')
    for (const item of ['a1', 'b1', 'a2', 'a3', 'b2']) admit(item[0]!, item)
    assert.deepEqual(released, ['a1', 'b1'])
    assert.equal(gate.counts.overflow, 2)
    gate.deliver('a')
    gate.deliver('b')
    assert.deepEqual(released, ['a1', 'b1', 'a2', 'a3', 'b2'])
  })

  it('lets events go when they take too much', () => {
    const {gate, released, admit} = mkGate({maxBytes: 10})
    gate.await('a')
    admit('a', 'a'.repeat(6))
    admit('a', 'b'.repeat(6))
    assert.deepEqual(released, ['aaaaaa'])
    // One that is too large for the bound by itself does not wait at all, nor anything before it.
    admit('a', 'c'.repeat(11))
    assert.deepEqual(released, ['aaaaaa', 'bbbbbb', 'ccccccccccc'])
    assert.equal(gate.size, 0)
    admit('a', 'd')
    gate.deliver('a')
    assert.equal(released.at(-1), 'd')
  })

  it('lets everything go at the end', () => {
    const {gate, released, admit} = mkGate()
    gate.await('a')
    gate.await('b')
    admit('b', 'b1')
    admit('a', 'a1')
    gate.flush()
    assert.deepEqual(released.toSorted(), ['a1', 'b1'])
    assert.equal(gate.size, 0)
  })

  it('loses nothing and keeps each order under any course of things', () => {
    const {gate, clock, released, admit} = mkGate({maxEvents: 50, maxBytes: 400})
    let seed = 7
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % below
    }
    const sent = new Map<string, number>()
    for (let i = 0; i < 20_000; i++) {
      const id = `c${random(8)}`
      const step = random(20)
      if (step === 0) gate.await(id)
      else if (step === 1) gate.deliver(id)
      else if (step === 2) {
        clock.nowMs += random(200)
        gate.expire()
      } else {
        const count = (sent.get(id) ?? 0) + 1
        sent.set(id, count)
        const item = `${id} ${count}`
        if (!admit(id, item)) released.push(item)
      }
    }
    gate.flush()
    for (const [id, count] of sent) {
      assert.deepEqual(
        released.filter(item => item.startsWith(`${id} `)),
        Array.from({length: count}, (_, i) => `${id} ${i + 1}`),
      )
    }
    assert.ok(gate.counts.overflow > 0 && gate.counts.timeout > 0 && gate.counts.answered > 0)
  })
})
