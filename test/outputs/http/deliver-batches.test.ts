import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {deliverBatches, type EncodedAlert} from '../../../src/outputs/http/deliver-batches.ts'
import {deliveryError, failureOf} from '../../../src/outputs/sink.ts'
import {mkAlerts} from '../../support/alerts.ts'

/** A receiver that refuses batches with one of these ids. */
function receiver(refused: readonly string[], failure: object = {permanent: true}) {
  const requests: string[][] = []
  const taken: string[] = []
  const send = async (parts: readonly EncodedAlert[]): Promise<void> => {
    const ids = parts.map(({alert}) => alert.id)
    requests.push(ids)
    if (ids.some(id => refused.includes(id))) {
      throw Object.assign(deliveryError('no', failure), failure)
    }
    taken.push(...ids)
  }
  return {requests, taken, send}
}

const deliver = async (
  count: number,
  send: (parts: readonly EncodedAlert[]) => Promise<void>,
  maxBytes = 1000,
) => {
  try {
    await deliverBatches(mkAlerts(count), {encode: ({id}) => id.padEnd(10), maxBytes, send})
    return undefined
  } catch (error) {
    return failureOf(error)
  }
}

describe('deliverBatches', () => {
  it('sends as few requests as the size allows, in order', async () => {
    const {requests, send} = receiver([])
    await deliver(7, send, 30)
    assert.deepEqual(requests, [['a1', 'a2', 'a3'], ['a4', 'a5', 'a6'], ['a7']])
  })

  it('gives an alert that is larger than a request one of its own', async () => {
    const {requests, send} = receiver([])
    await deliver(3, send, 5)
    assert.deepEqual(requests, [['a1'], ['a2'], ['a3']])
  })

  for (const bad of ['a1', 'a2', 'a8', 'a13', 'a16']) {
    it(`refuses none but ${bad}, and takes all before it once`, async () => {
      const {requests, taken, send} = receiver([bad])
      const failure = await deliver(16, send)
      const before = Number(bad.slice(1)) - 1
      assert.deepEqual([failure?.delivered, failure?.permanent], [before, true])
      assert.deepEqual(
        taken,
        mkAlerts(before).map(({id}) => id),
      )
      assert.ok(requests.length <= 9)
    })
  }

  it('does not divide what fails for the moment', async () => {
    const {requests, send} = receiver(['a5'], {permanent: false, retryAfterMs: 7})
    const failure = await deliver(8, send)
    assert.deepEqual([failure?.delivered, failure?.retryAfterMs, requests.length], [0, 7, 1])
  })

  it('does not divide what is refused because of the sender', async () => {
    const {requests, send} = receiver(['a5'], {permanent: true, status: 401})
    const failure = await deliver(8, send)
    assert.deepEqual([failure?.delivered, failure?.permanent, requests.length], [0, true, 1])
  })
})
