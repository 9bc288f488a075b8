import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {ProbeQueue} from '../../../src/sensor/probes/probe-queue.ts'

const mk = (...times: number[]) =>
  times.map((time, place) => ({bootNs: BigInt(time), name: `${time}.${place}`}))

describe('records of probes that wait', () => {
  const taken = (queue: ProbeQueue<{bootNs: bigint; name: string}>, upTo?: bigint): string[] => {
    const names: string[] = []
    queue.take(({name}) => void names.push(name), upTo)
    return names
  }

  it('are taken in the order of time, then of coming', () => {
    const queue = new ProbeQueue<{bootNs: bigint; name: string}>()
    queue.add(mk(5, 3, 5, 1))
    assert.equal(queue.size, 4)
    assert.deepEqual(taken(queue, 3n), ['1.3', '3.1'])
    assert.equal(queue.size, 2)
    assert.deepEqual(taken(queue), ['5.0', '5.2'])
    assert.deepEqual(taken(queue), [])
  })

  it('are taken once, also when older ones come later', () => {
    const queue = new ProbeQueue<{bootNs: bigint; name: string}>()
    queue.add(mk(4, 6))
    assert.deepEqual(taken(queue, 4n), ['4.0'])
    queue.add(mk(2))
    assert.deepEqual(taken(queue), ['2.0', '6.1'])
    assert.equal(queue.size, 0)
  })
})
