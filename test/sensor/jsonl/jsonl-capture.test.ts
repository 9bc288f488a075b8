import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {CodedError} from '../../../src/diagnostics/error.ts'
import type {Event} from '../../../src/schema/event.ts'
import {OWN_EVENTS} from '../../../src/schema/tables/events-own.ts'
import {isJsonlStart} from '../../../src/sensor/jsonl/jsonl-format.ts'
import {JsonlReader} from '../../../src/sensor/jsonl/jsonl-reader.ts'
import {createJsonlWriter} from '../../../src/sensor/jsonl/jsonl-writer.ts'
import type {CaptureEnd, CaptureHandler} from '../../../src/sensor/scap/capture-handler.ts'
import {readCaptureBytes} from '../../../src/sensor/scap/read-capture.ts'
import {
  arbitraryEvent,
  arbitraryLive,
  CURRENT_DEFS,
  eventHandler,
  facts,
  LISTED_THREAD,
  madeEvent,
} from '../../support/capture-events.ts'

const OWN_DEFS = OWN_EVENTS.flatMap(({exit}) => exit ?? [])
const HEAD = '{"format":"detector-capture","version":1}'
const EVENT =
  '{"num":1,"time":"5","tid":7,"cpu":0,"code":5,"type":"close","params":{"res":0,"fd":3}}'
const DEF = {
  code: 1,
  enumName: 'OWN_X',
  name: 'ours',
  category: 'file',
  flags: [],
  params: [{name: 'res', type: 'errno'}],
  direction: 'exit',
}

function captureOf(events: readonly Event[]): string {
  const parts: Buffer[] = []
  const writer = createJsonlWriter({
    failure: undefined,
    write: bytes => void parts.push(bytes),
    close: () => undefined,
  })
  for (const event of events) writer.event(event)
  writer.close()
  return Buffer.concat(parts).toString('utf8')
}

function read(text: string | Buffer, handler: CaptureHandler): CaptureEnd {
  return readCaptureBytes('made.jsonl', Buffer.from(text as string), handler)
}

const nothing = eventHandler(() => undefined)

describe('.jsonl captures', () => {
  it('give back every event with all its values', () => {
    const defs = [...CURRENT_DEFS, ...OWN_DEFS, {...OWN_DEFS[0]!, name: 'unheard_of'}]
    const event = fc.tuple(
      fc.constantFrom(...defs).chain(arbitraryEvent),
      arbitraryLive(),
      fc.boolean(),
    )
    fc.assert(
      fc.property(fc.array(event, {minLength: 1, maxLength: 30}), list => {
        const events = list.map(([base, {live, extra}, isLive]): Event => {
          if (!isLive) return base
          const get: Event['get'] = name =>
            Object.hasOwn(extra, name) ? extra[name] : base.get(name)
          return {...base, live, get}
        })
        const extras = list.map(([, {extra}, isLive]) => (isLive ? Object.keys(extra) : []))
        const seen: object[] = []
        const handler = eventHandler((found, stateOnly) => {
          assert.equal(stateOnly, false)
          seen.push({...facts(found, extras[seen.length]), num: found.num})
        })
        const end = read(captureOf(events), handler)
        assert.deepEqual(end, {events: events.length, skipped: 0, damage: undefined})
        assert.deepEqual(
          seen,
          events.map((found, i) => ({...facts(found, extras[i]), num: found.num})),
        )
      }),
      {numRuns: 200},
    )
  })

  it('give events of ours the definition of the tables', () => {
    const seen: Event[] = []
    read(
      captureOf([madeEvent(OWN_DEFS[0]!, {})]),
      eventHandler(event => seen.push(event)),
    )
    assert.equal(seen[0]?.def, OWN_DEFS[0])
  })

  it('may be cut into chunks anywhere', () => {
    const bytes = Buffer.from(`${HEAD}\n\n${EVENT}\r\n  ${EVENT}`)
    for (let at = 0; at <= bytes.length; at++) {
      let events = 0
      const reader = new JsonlReader(eventHandler(() => events++))
      reader.push(bytes.subarray(0, at))
      reader.push(bytes.subarray(at))
      assert.deepEqual(reader.end('made', undefined), {events: 2, skipped: 0, damage: undefined})
      assert.equal(events, 2)
    }
  })

  it('of field events are handed over line by line', () => {
    const lines: unknown[] = []
    const handler: CaptureHandler = {
      ...nothing,
      fieldEvent(line, number) {
        lines.push([line, number])
        return line.includes('bad') ? 'it is bad' : undefined
      },
    }
    const end = read('{"evt.type":"open"}\n\n{"format.x":1}\n{"bad":1}\n{"evt.num":2}\n', handler)
    assert.deepEqual(lines, [
      ['{"evt.type":"open"}', 1],
      ['{"format.x":1}', 3],
      ['{"bad":1}', 4],
    ])
    assert.deepEqual(end, {
      events: 2,
      skipped: 0,
      damage: {offset: 36, line: 4, reason: 'it is bad'},
    })
  })

  it('keep keys that have a meaning in JavaScript apart', () => {
    const seen: unknown[] = []
    const line = EVENT.replace('"params":{', '"params":{"__proto__":{"int":"1"},"$constructor":7,')
    const end = read(
      `${HEAD}\n${line}`,
      eventHandler(event =>
        seen.push(['__proto__', 'constructor', '$constructor', 'res'].map(name => event.get(name))),
      ),
    )
    assert.equal(end.damage, undefined)
    assert.deepEqual(seen, [[undefined, undefined, 7, 0]])
  })

  const thread = (change: string, to: string): string =>
    captureOf([]).concat(
      `${JSON.stringify(
        {
          thread: {...LISTED_THREAD},
        },
        (_, value) => (typeof value === 'bigint' ? {int: String(value)} : value),
      ).replace(change, to)}\n`,
    )

  it('take a thread as the writer gives it', () => {
    assert.equal(read(thread('', ''), nothing).damage, undefined)
  })

  const def = (change: object): string => JSON.stringify({def: {...DEF, ...change}})
  const event = (from: string, to: string): string => EVENT.replace(from, to)
  const broken: readonly {name: string; line: string; reason: RegExp}[] = [
    {name: 'no JSON', line: '{"num":1', reason: /JSON/},
    {name: 'no object', line: '[1]', reason: /object/},
    {name: 'an unknown line', line: '{"what":1}', reason: /none of a capture/},
    {name: 'an empty object', line: '{}', reason: /none of a capture/},
    {name: 'deep nesting', line: `{"thread":${'['.repeat(1e6)}`, reason: /nesting/},
    {name: 'an unknown event', line: event('"code":5', '"code":9999'), reason: /no event close/},
    {name: 'a code of another event', line: event('close', 'open'), reason: /no event open/},
    {name: 'a text for a number', line: event('"res":0', '"res":"0"'), reason: /res is of type/},
    {name: 'a fraction', line: event('"res":0', '"res":0.5'), reason: /res must be an integer/},
    {name: 'a rounded number', line: event('"res":0', '"res":1e300'), reason: /res must be/},
    {
      name: 'a large number',
      line: event('"res":0', '"res":{"int":"99999999999999999999"}'),
      reason: /64 bits/,
    },
    {name: 'bad hexadecimal', line: event('"res":0', '"res":{"hex":"0"}'), reason: /hex/},
    {name: 'a time that is a number', line: event('"5"', '5'), reason: /time/},
    {name: 'number 0', line: event('"num":1', '"num":0'), reason: /num/},
    {name: 'no parameters', line: event('"params"', '"paramz"'), reason: /params/},
    {
      name: 'a live part without kind',
      line: event('"num"', '"live":{"started":1},"num"'),
      reason: /kind/,
    },
    {name: 'a definition of an unknown code', line: def({code: 9999}), reason: /code 9999/},
    {
      name: 'a definition with an unknown type',
      line: def({params: [{name: 'x', type: 'func'}]}),
      reason: /type/,
    },
    {
      name: 'a definition with a false table',
      line: def({params: [{name: 'x', type: 'errno', table: '__proto__'}]}),
      reason: /table/,
    },
    {
      name: 'a definition with a false directory',
      line: def({params: [{name: 'x', type: 'fspath', relativeTo: 1}]}),
      reason: /relativeTo/,
    },
    {name: 'a definition with a false flag', line: def({flags: ['root']}), reason: /flags/},
    {
      name: 'a definition with two equal names',
      line: def({params: [...DEF.params, ...DEF.params]}),
      reason: /same name/,
    },
    {name: 'a thread without id', line: thread('"tid":7,', '').split('\n')[1]!, reason: /tid/},
    {
      name: 'a thread with a false flag',
      line: thread('"exeWritable":true', '"exeWritable":1').split('\n')[1]!,
      reason: /exeWritable/,
    },
    {
      name: 'an address of 3 bytes',
      line: '{"interface":{"address":"abc","netmask":"abcd"}}',
      reason: /4 or 16/,
    },
  ]
  for (const {name, line, reason} of broken) {
    it(`end at ${name}, and say in which line`, () => {
      let events = 0
      const end = read(
        `${HEAD}\n${EVENT}\n${line}\n${EVENT}\n`,
        eventHandler(() => events++),
      )
      assert.match(end.damage?.reason ?? '', reason)
      assert.equal(end.damage?.line, 3)
      assert.equal(end.damage?.offset, HEAD.length + EVENT.length + 2)
      assert.deepEqual([events, end.events], [1, 1])
    })
  }

  it('end at a line that is too long', () => {
    const end = read(`${HEAD}\n"${'x'.repeat(17 * 1024 * 1024)}"\n`, nothing)
    assert.match(end.damage?.reason ?? '', /longer/)
    assert.equal(end.damage?.line, 2)
  })

  const refused: readonly {name: string; text: string}[] = [
    {name: 'of another format', text: '{"format":"other","version":1}'},
    {name: 'of a later version', text: '{"format":"detector-capture","version":2}'},
    {name: 'that begin with no object', text: '{"evt.type"'},
    {name: 'of field events where those cannot be used', text: '{"evt.type":"open"}'},
  ]
  for (const {name, text} of refused) {
    it(`are refused ${name}`, () => {
      assert.throws(
        () => read(text, nothing),
        found => found instanceof CodedError && found.code === 'CAPTURE_INVALID',
      )
    })
  }

  const starts: readonly {bytes: string; want: boolean}[] = [
    {bytes: '{"a":1}', want: true},
    {bytes: '\n \t\r\n{', want: true},
    {bytes: '\n\r\r\n{', want: false},
    {bytes: '# {', want: false},
    {bytes: '', want: false},
  ]
  for (const {bytes, want} of starts) {
    it(`${want ? 'begin' : 'do not begin'} with ${JSON.stringify(bytes)}`, () => {
      assert.equal(isJsonlStart(Buffer.from(bytes)), want)
    })
  }
})
