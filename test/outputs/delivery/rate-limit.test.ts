import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {createRateLimit} from '../../../src/outputs/delivery/rate-limit.ts'

describe('createRateLimit', () => {
  const mk = (perSecond: number | undefined) => {
    const clock = {ms: 1000}
    return {clock, limit: createRateLimit(perSecond, () => clock.ms)}
  }

  it('lets everything pass without a bound', () => {
    const {limit} = mk(undefined)
    assert.deepEqual([limit.take(1e6), limit.waitMs()], [1e6, 0])
  })

  it('lets a second of them pass at once and then keeps to the rate', () => {
    const {limit, clock} = mk(10)
    assert.equal(limit.take(25), 10)
    assert.equal(limit.take(1), 0)
    assert.equal(limit.waitMs(), 100)
    clock.ms += 250
    assert.equal(limit.take(25), 2)
    assert.equal(limit.waitMs(), 50)
    clock.ms += 60_000
    assert.equal(limit.take(25), 10)
  })

  it('takes back what was not used', () => {
    const {limit} = mk(10)
    limit.take(10)
    limit.giveBack(4)
    assert.equal(limit.take(10), 4)
  })

  it('lets less than one a second pass', () => {
    const {limit, clock} = mk(0.5)
    assert.equal(limit.take(5), 1)
    assert.equal(limit.waitMs(), 2000)
    clock.ms += 2000
    assert.equal(limit.take(5), 1)
  })

  it('gives nothing for a clock that was set back', () => {
    const {limit, clock} = mk(10)
    limit.take(10)
    clock.ms -= 5000
    assert.equal(limit.take(1), 0)
    clock.ms += 100
    assert.equal(limit.take(5), 1)
  })
})
