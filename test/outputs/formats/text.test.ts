import assert from 'node:assert/strict'
import {after, before, describe, it} from 'mocha'
import {formatTerminal, formatText} from '../../../src/outputs/formats/text.ts'
import {mkAlert} from '../../support/alerts.ts'

describe('formatText', () => {
  const zone = process.env['TZ']
  before(() => {
    process.env['TZ'] = 'Asia/Kolkata'
  })
  after(() => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  })

  it('shows local time, priority and message', () => {
    const want = '21:47:57.881781397: Warning something happened'
    assert.equal(formatText(mkAlert(), {isoTime: false}), want)
  })

  it('shows ISO 8601 in UTC when asked', () => {
    const want = '2016-08-04T16:17:57.881781397+0000: Warning something happened'
    assert.equal(formatText(mkAlert(), {isoTime: true}), want)
  })

  const cases = [
    {
      name: 'keeps the zeros of the fraction',
      timeNs: 5n,
      message: 'x',
      want: ':00.000000005+0000: Warning x',
    },
    {name: 'escapes quotes and backslashes', message: 'a"b\\c', want: 'a\\"b\\\\c'},
    {
      name: 'escapes line ends and controls',
      message: 'a\nb\t\u001b[31m\0',
      want: 'a\\nb\\t\\u001b[31m\\u0000',
    },
    {name: 'keeps other text', message: 'é 漢 😀 \u007f', want: 'é 漢 😀 \u007f'},
    {name: 'replaces half a surrogate pair', message: 'a\ud800b', want: 'a\ufffdb'},
  ]
  for (const {name, want, ...alert} of cases) {
    it(name, () => {
      const line = formatText(mkAlert(alert), {isoTime: true})
      assert.ok(line.endsWith(want), line)
    })
  }
})

describe('formatTerminal', () => {
  it('paints by priority and escapes what could drive a terminal', () => {
    const alert = mkAlert({priority: 'Critical', message: 'a\u009b31mb\u202ec'})
    const line = formatTerminal(alert, {isoTime: true}, (priority, text) => `<${priority}>${text}`)
    const want = '<Critical>2016-08-04T16:17:57.881781397+0000: Critical a\\u009b31mb\\u202ec'
    assert.equal(line, want)
  })
})
