import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {AlertChannel, CREDIT_LIMIT, returnCredit} from '../../../src/app/detection/alert-channel.ts'
import type {Alert} from '../../../src/schema/alert.ts'
import type {Priority} from '../../../src/schema/priority.ts'

function mkAlert(id: number, priority: Priority = 'Notice'): Alert {
  return {
    id: String(id),
    timeNs: 0n,
    hostname: 'h',
    rule: 'r',
    priority,
    source: 'syscall',
    tags: [],
    message: '',
    fields: [],
    generation: 1,
  }
}

function mkChannel(backlogLimit?: number): {
  channel: AlertChannel
  sent: Alert[][]
  credit: SharedArrayBuffer
} {
  const credit = new SharedArrayBuffer(4)
  const sent: Alert[][] = []
  return {
    channel: new AlertChannel(credit, alerts => sent.push(alerts), backlogLimit),
    sent,
    credit,
  }
}

describe('AlertChannel', () => {
  it('sends what waits as one batch, in order', () => {
    const {channel, sent} = mkChannel()
    for (let id = 0; id < 3; id++) channel.push(mkAlert(id))
    assert.equal(sent.length, 0)
    channel.flush()
    channel.flush()
    assert.deepEqual(
      sent.map(batch => batch.map(({id}) => id)),
      [['0', '1', '2']],
    )
  })

  it('never has more on the way than the other side gave credit for', () => {
    const {channel, sent, credit} = mkChannel()
    for (let id = 0; id < CREDIT_LIMIT + 10; id++) channel.push(mkAlert(id))
    channel.flush()
    channel.flush()
    assert.deepEqual([sent.length, sent[0]?.length, channel.backlog], [1, CREDIT_LIMIT, 10])
    returnCredit(credit, 4)
    channel.flush()
    assert.deepEqual([sent[1]?.length, channel.backlog], [4, 6])
    assert.equal(sent[1]?.[0]?.id, String(CREDIT_LIMIT))
  })

  it('gives up the oldest of the least severe alerts when too many wait, and counts them', () => {
    const {channel, sent} = mkChannel(100)
    for (let id = 0; id < 50; id++) channel.push(mkAlert(id, id % 2 === 0 ? 'Debug' : 'Critical'))
    for (let id = 50; id < 101; id++) channel.push(mkAlert(id, 'Critical'))
    assert.equal(channel.refused, 10)
    channel.flush()
    const kept = new Set(sent[0]?.map(({id}) => Number(id)))
    assert.equal(kept.size, 91)
    assert.deepEqual(
      [0, 2, 18, 20, 1].map(id => kept.has(id)),
      [false, false, false, true, true],
    )
  })
})
