import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {fieldEventBinder, fieldEventCode, parseFieldEvent} from '../../src/compiler/field-events.ts'
import {resolveField} from '../../src/compiler/field-lookup.ts'
import {currentEvent} from '../../src/schema/event-table.ts'
import {mkEvent} from './evaluation.ts'

const accepted: readonly [line: string, field: string, want: unknown][] = [
  ['{"fd.ino":9007199254740993}', 'fd.ino', 9007199254740993n],
  ['{"evt.num":18446744073709551615}', 'evt.num', 18446744073709551615n],
  ['{"fd.num":-9223372036854775808}', 'fd.num', -9223372036854775808n],
  ['{"fd.name":"\\u00e9\\n"}', 'fd.name', '\xc3\xa9\n'],
  ['{"fd.name":"a\\u0000b"}', 'fd.name', 'a'],
  ['{"evt.buffer":"a\\u0000b"}', 'evt.buffer', 'a\0b'],
  ['{"fd.name":{"hex":"00ff"}}', 'fd.name', ''],
  ['{"evt.buffer":{"hex":"00FF"}}', 'evt.buffer', '\0\xff'],
  ['{"fd.sip":"::1"}', 'fd.sip', `${'\0'.repeat(15)}\x01`],
  ['{"fd.snet":"10.0.0.0/8"}', 'fd.snet', '\x0a\0\0\0\x08'],
  ['{"fd.ip":"10.0.0.1"}', 'fd.ip', ['\x0a\0\0\x01']],
  ['{"proc.aname":["a","b"]}', 'proc.aname', ['a', 'b']],
  ['{"proc.aname[02]":"a"}', 'proc.aname[2]', 'a'],
  ['{"fd.types":[]}', 'fd.types', []],
  ['{"thread.cpu":1.5e0}', 'thread.cpu', 1.5],
  [' { "evt.failed" : true , "evt.num" : 1 } ', 'evt.failed', true],
  ['{"fd.name":null}', 'fd.name', undefined],
  ['{"fd.name":"a","fd.name":"b"}', 'fd.name', 'b'],
  ['{"proc.env[__proto__]":"x"}', 'proc.env[__proto__]', 'x'],
  ['{}', 'fd.name', undefined],
]

const refused: readonly [line: string, names: string][] = [
  ['', "'{'"],
  ['[]', "'{'"],
  ['{"fd.name"}', "':'"],
  ['{"fd.name":"a"', "'}'"],
  ['{"fd.name":"a"} x', 'end'],
  ['{"fd.name":"a",}', 'a string'],
  ['{"fd.name":\'a\'}', 'a value'],
  ['{"fd.name":"\n"}', 'a string'],
  ['{"fd.name":undefined}', 'a value'],
  ['{"evt.num":01}', "'}'"],
  ['{"fd.name":{"hex":"0"}}', 'hex'],
  ['{"fd.name":{"__proto__":"00"}}', '__proto__'],
  ['{"fd.types":[["a"]]}', 'a value'],
  ['{"no.such":1}', 'no.such'],
  ['{"__proto__":1}', '__proto__'],
  ['{"proc.nam":"x"}', 'proc.name'],
  ['{"tolower(fd.name)":"x"}', 'tolower'],
  ['{"fd.name x":"x"}', 'fd.name x'],
  ['{"fd.name":1}', 'fd.name'],
  ['{"fd.name":["a"]}', 'fd.name'],
  ['{"fd.types":"a"}', 'fd.types'],
  ['{"evt.num":-1}', 'evt.num'],
  ['{"evt.num":1.5}', 'evt.num'],
  ['{"evt.num":18446744073709551616}', 'evt.num'],
  ['{"fd.sport":65536}', 'fd.sport'],
  ['{"evt.failed":1}', 'evt.failed'],
  ['{"fd.sip":"10.0.0.1/8"}', 'fd.sip'],
  ['{"fd.ip":["1.1.1.1","2.2.2.2","3.3.3.3"]}', 'fd.ip'],
  [`{"evt.num":${'9'.repeat(100)}}`, 'too long'],
  [`{"fd.types":[${'"a",'.repeat(5000)}"a"]}`, '4096'],
  [`{"fd.name":"${'a'.repeat(1 << 20)}"}`, 'longer'],
]

describe('parseFieldEvent', () => {
  for (const [line, field, want] of accepted) {
    it(`reads ${line}`, () => {
      const parsed = parseFieldEvent(line)
      assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
      assert.deepEqual(parsed.event.values.get(field), want)
    })
  }
  for (const [line, names] of refused) {
    it(`refuses ${line.slice(0, 60)}`, () => {
      const parsed = parseFieldEvent(line)
      assert.ok(!parsed.ok)
      assert.ok(parsed.message.includes(names), parsed.message)
    })
  }

  it('fills in number and time, and what follows from the time', () => {
    const parsed = parseFieldEvent('{"evt.time.s":"x"}', {number: 3, timeNs: 1470327477881781397n})
    assert.ok(parsed.ok)
    const read = (name: string): unknown => {
      const lookup = resolveField(name, undefined)
      assert.ok(lookup.ok)
      return fieldEventBinder.bind(lookup.field)(parsed.event)
    }
    assert.equal(read('evt.num'), 3)
    assert.equal(read('evt.rawtime.ns'), 881781397)
    assert.equal(read('evt.time.iso8601'), '2016-08-04T16:17:57.881781397+0000')
    assert.match(String(read('evt.time')), /^\d\d:\d\d:57\.881781397$/)
    assert.match(String(read('evt.datetime')), /^2016-08-0\d \d\d:\d\d:57\.881781397$/)
  })
})

describe('fieldEventCode', () => {
  it('goes by evt.type', () => {
    assert.equal(fieldEventCode(mkEvent({'evt.type': 'openat'})), currentEvent('openat')!.code)
    assert.equal(fieldEventCode(mkEvent({'evt.type': 'sched_yield'})), 1)
    assert.equal(fieldEventCode(mkEvent({})), 1)
  })
})
