import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {decodeAlert, encodeAlert} from '../../../src/outputs/queue/alert-codec.ts'
import {
  alertKey,
  deadKey,
  decodeRecord,
  encodeRecord,
  parseKey,
} from '../../../src/outputs/queue/record.ts'
import {mkAlert} from '../../support/alerts.ts'

describe('records of the queue', () => {
  const numbers = [0, 1, 2 ** 32 - 1, 2 ** 32, 1_795_390_513_728_000, Number.MAX_SAFE_INTEGER]
  for (const number of numbers)
    it(`keep the number ${number} in their keys`, () => {
      assert.deepEqual(parseKey(alertKey(7, number)), {kind: 'alert', rank: 7, number})
      assert.deepEqual(parseKey(deadKey(number)), {kind: 'dead', rank: 0, number})
    })

  it('sort by priority and number', () => {
    const keys = [alertKey(0, 2 ** 33), alertKey(1, 5), alertKey(1, 256), alertKey(2, 1)]
    assert.deepEqual([...keys].sort(Buffer.compare), keys)
  })

  it('are refused with any bit flipped, under another key, and cut anywhere', () => {
    const key = alertKey(1, 5)
    const value = encodeRecord(key, {head: 'sink', body: 'body'})
    assert.deepEqual(decodeRecord(key, value), {head: 'sink', body: 'body'})
    for (let bit = 0; bit < value.length * 8; bit++) {
      const flipped = Buffer.from(value)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(decodeRecord(key, flipped), undefined, `bit ${bit}`)
    }
    for (let length = 0; length < value.length; length++)
      assert.equal(decodeRecord(key, value.subarray(0, length)), undefined)
    assert.equal(decodeRecord(alertKey(1, 6), value), undefined)
  })

  const texts = [
    {name: 'no JSON', text: '{'},
    {name: 'null', text: 'null'},
    {name: 'an array', text: '[]'},
    {name: 'another priority', text: encodeAlert(mkAlert()).replace('Warning', 'Wrong')},
    {name: 'a time that is none', text: encodeAlert(mkAlert({timeNs: 7n})).replace('"7"', '"x"')},
    {name: 'fields that are none', text: encodeAlert(mkAlert()).replace('[]', '7')},
    {name: 'depth', text: '['.repeat(100_000)},
  ]
  for (const {name, text} of texts)
    it(`take no alert from ${name}`, () => assert.equal(decodeAlert(text), undefined))
})
