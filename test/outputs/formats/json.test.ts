import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {formatJson, type JsonOptions} from '../../../src/outputs/formats/json.ts'
import type {Alert} from '../../../src/schema/alert.ts'
import {mkAlert} from '../../support/alerts.ts'

const standard: JsonOptions = {
  isoTime: true,
  includeOutput: true,
  includeOutputFields: true,
  includeTags: true,
  includeMessage: false,
}

describe('formatJson', () => {
  it('has sorted keys at every level', () => {
    const alert = mkAlert({
      tags: ['a', 'b'],
      message: 'm "x"',
      fields: [
        ['proc.name', 'cat'],
        ['fd.num', 3],
      ],
    })
    assert.equal(
      formatJson(alert, {...standard, includeMessage: true}),
      '{"hostname":"box","message":"m \\"x\\"",' +
        '"output":"2016-08-04T16:17:57.881781397+0000: Warning m \\"x\\"",' +
        '"output_fields":{"evt.time.iso8601":1470327477881781397,"fd.num":3,"proc.name":"cat"},' +
        '"priority":"Warning","rule":"Test rule","source":"syscall","tags":["a","b"],' +
        '"time":"2016-08-04T16:17:57.881781397Z"}',
    )
  })

  const property = (name: string, alert: Partial<Alert>, options: Partial<JsonOptions> = {}) => {
    const line = formatJson(mkAlert(alert), {...standard, ...options})
    return (JSON.parse(line) as Record<string, unknown>)[name]
  }

  const values: {name: string; value: Alert['fields'][number][1]; want: string}[] = [
    {
      name: 'integers beyond 2^53 exactly',
      value: 18446744073709551615n,
      want: '18446744073709551615',
    },
    {name: 'negative integers', value: -1, want: '-1'},
    {name: 'booleans', value: true, want: 'true'},
    {name: 'absent values', value: null, want: 'null'},
    {name: 'lists', value: ['a', 1n, null], want: '["a",1,null]'},
    {name: 'numbers that JSON lacks as null', value: Number.NaN, want: 'null'},
    {name: 'text with controls', value: 'a\u0001\u2028', want: '"a\\u0001\u2028"'},
    {name: 'half a surrogate pair as a replacement', value: '\udc00', want: '"\ufffd"'},
  ]
  for (const {name, value, want} of values) {
    it(`prints ${name}`, () => {
      const line = formatJson(mkAlert({fields: [['x', value]]}), standard)
      assert.ok(line.includes(`"x":${want}}`), line)
    })
  }

  it('keeps the last of two values of a field', () => {
    const fields: Alert['fields'] = [
      ['x', 1],
      ['x', 2],
    ]
    assert.equal((property('output_fields', {fields}) as {x: number}).x, 2)
  })

  it('says what was not whole, and nothing when all was', () => {
    assert.deepEqual(property('incomplete', {incomplete: ['state']}), ['state'])
    assert.equal(property('incomplete', {}), undefined)
  })

  it('takes a field called __proto__ as any other', () => {
    const line = formatJson(mkAlert({fields: [['__proto__', 'x']]}), standard)
    assert.ok(line.includes('"__proto__":"x"'), line)
  })

  it('names the local time field without ISO times', () => {
    const fields = property('output_fields', {}, {isoTime: false})
    assert.deepEqual(Object.keys(fields as object), ['evt.time'])
  })

  const switches: {option: keyof JsonOptions; key: string}[] = [
    {option: 'includeOutput', key: 'output'},
    {option: 'includeOutputFields', key: 'output_fields'},
    {option: 'includeTags', key: 'tags'},
    {option: 'includeMessage', key: 'message'},
  ]
  for (const {option, key} of switches) {
    it(`leaves ${key} out without ${option}`, () => {
      assert.notEqual(property(key, {}, {[option]: true}), undefined)
      assert.equal(property(key, {}, {[option]: false}), undefined)
    })
  }
})
