import assert from 'node:assert/strict'
import {afterEach, describe, it} from 'mocha'
import {alertFormat} from '../../../src/outputs/formats/alert-format.ts'
import {failureOf, type Sink} from '../../../src/outputs/sink.ts'
import {alertmanagerSink} from '../../../src/outputs/sinks/alertmanager.ts'
import {lokiSink} from '../../../src/outputs/sinks/loki.ts'
import {otlpSink} from '../../../src/outputs/sinks/otlp.ts'
import {pagerdutySink} from '../../../src/outputs/sinks/pagerduty.ts'
import {splunkSink} from '../../../src/outputs/sinks/splunk.ts'
import {teamsSink} from '../../../src/outputs/sinks/teams.ts'
import {PRIORITIES} from '../../../src/schema/priority.ts'
import {mkAlert, mkAlerts} from '../../support/alerts.ts'
import {fakeTimers} from '../../support/fake-timers.ts'
import {type Answer, answer, type Receiver, startReceiver} from '../../support/receiver.ts'

const signal = new AbortController().signal
const formats = {
  isoTime: true,
  json: {includeOutput: true, includeOutputFields: true, includeTags: true, includeMessage: true},
  version: '1.2.3',
}
const detector = alertFormat('detector', formats)
const HOSTILE = mkAlert({
  rule: '\u0000"<&>\u202e',
  message: '\ud800\n\r\u001b[31m**x** {"a":1}',
  hostname: 'b\u0000x\n',
  tags: ['a,b', ''],
  fields: [
    ['__proto__', 'x'],
    ['big', 18446744073709551615n],
    ['list', ['a', 1n, null]],
    ['long', 'é'.repeat(65_536)],
  ],
})

describe('sinks over HTTP', () => {
  const receivers: Receiver[] = []
  const sinks: Sink[] = []
  const start = async (answers: readonly Answer[] | undefined, open: (url: string) => Sink) => {
    const receiver = await startReceiver(answers)
    receivers.push(receiver)
    const sink = open(receiver.url)
    sinks.push(sink)
    return {receiver, sink}
  }
  const http = (url: string) => ({name: 'n', url, headers: {}, timeoutMs: 2000})
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.close()
    for (const receiver of receivers.splice(0)) receiver.close()
  })

  const opens: Record<string, (url: string) => Sink> = {
    teams: url => teamsSink({...http(url), type: 'teams'}),
    pagerduty: url => pagerdutySink({...http(url), type: 'pagerduty', routingKey: 's3cret'}),
    alertmanager: url =>
      alertmanagerSink(
        {
          ...http(url),
          type: 'alertmanager',
          labels: {team: 'x'},
          labelFields: ['proc.aname[2]'],
          expireMs: 60_000,
        },
        {...fakeTimers(), now: () => 1_700_000_000_000, after: () => () => {}},
      ),
    loki: url =>
      lokiSink(
        {
          ...http(url),
          type: 'loki',
          labels: {env: 'test'},
          tenant: 't1',
          format: 'detector',
          maxBytes: 1 << 20,
        },
        detector,
      ),
    splunk: url =>
      splunkSink(
        {
          ...http(url),
          type: 'splunk',
          token: 's3cret',
          index: 'main',
          sourcetype: 'st',
          format: 'detector',
          maxBytes: 1 << 20,
        },
        detector,
      ),
    otlp: url => otlpSink({...http(url), type: 'otlp', maxBytes: 1 << 20}, {version: '1.2.3'}),
  }

  for (const [type, open] of Object.entries(opens)) {
    describe(type, () => {
      it('sends well-formed JSON whatever the alert holds', async () => {
        const {receiver, sink} = await start(undefined, open)
        await sink.deliver([HOSTILE], signal)
        assert.equal(receiver.heard.length, 1)
        const {body} = receiver.heard[0]!
        assert.doesNotThrow(() => JSON.parse(body))
        assert.doesNotMatch(body, /[\u0000-\u0008\u000b-\u001f]|\ud800/)
      })

      const verdicts = [
        {name: '400', answer: answer(400, 's3cret'), permanent: true},
        {name: '401', answer: answer(401), permanent: true},
        {name: '429', answer: answer(429, '', {'retry-after': '2'}), permanent: false, asked: 2000},
        {name: '503', answer: answer(503), permanent: false},
      ]
      for (const {name, answer: given, permanent, asked} of verdicts) {
        it(`takes ${name} as ${permanent ? 'permanent' : 'passing'}`, async () => {
          const {sink} = await start([given], open)
          await assert.rejects(sink.deliver(mkAlerts(1), signal), error => {
            const failure = failureOf(error)
            assert.deepEqual([failure.permanent, failure.retryAfterMs], [permanent, asked])
            assert.doesNotMatch(String(error), /s3cret/)
            return true
          })
        })
      }
    })
  }

  for (const type of ['alertmanager', 'loki', 'splunk', 'otlp']) {
    it(`${type} finds the one alert of a batch that is refused`, async () => {
      const refuseA5: Answer = (response, {body}) =>
        answer(/"a5"/.test(body) ? 400 : 200)(response, {body} as never)
      const {receiver, sink} = await start([refuseA5], opens[type]!)
      await assert.rejects(sink.deliver(mkAlerts(8), signal), error => {
        const {delivered, permanent} = failureOf(error)
        assert.deepEqual({delivered, permanent}, {delivered: 4, permanent: true})
        return true
      })
      const taken = receiver.heard.filter(({body}) => !/"a5"/.test(body)).map(({body}) => body)
      for (const id of ['a1', 'a2', 'a3', 'a4']) {
        assert.equal(taken.filter(body => body.includes(`"${id}"`)).length, 1, id)
      }
    })
  }

  it('pagerduty triggers events of version 2', async () => {
    const {receiver, sink} = await start([answer(202)], opens['pagerduty']!)
    await sink.deliver([mkAlert({fields: [['proc.pid', 7]]})], signal)
    assert.equal(receiver.heard[0]?.url, '/v2/enqueue')
    assert.deepEqual(receiver.json()[0], {
      routing_key: 's3cret',
      event_action: 'trigger',
      dedup_key: 'a1@box',
      client: 'detector',
      payload: {
        summary: 'Test rule: something happened',
        source: 'box',
        severity: 'warning',
        timestamp: '2016-08-04T16:17:57.881781397Z',
        component: 'syscall',
        class: 'Test rule',
        custom_details: {
          id: 'a1',
          rule: 'Test rule',
          priority: 'Warning',
          message: 'something happened',
          tags: [],
          generation: 1,
          fields: {'proc.pid': 7},
        },
      },
    })
  })

  it('pagerduty keeps to the severities and lengths of the API', async () => {
    const {receiver, sink} = await start([answer(202)], opens['pagerduty']!)
    const message = '\u0001'.repeat(65_536)
    const fields = Array.from({length: 300}, (_, i) => [`f${i}`, message] as const)
    await sink.deliver(
      PRIORITIES.map(priority => mkAlert({priority, message, fields, hostname: ''})),
      signal,
    )
    for (const event of receiver.json() as {payload: Record<string, string>}[]) {
      assert.match(event.payload['severity']!, /^(critical|error|warning|info)$/)
      assert.ok(event.payload['summary']!.length <= 1024)
      assert.notEqual(event.payload['source'], '')
    }
    for (const {body} of receiver.heard) assert.ok(Buffer.byteLength(body) <= 512 * 1024)
  })

  it('teams sends an adaptive card in which no Markdown is read', async () => {
    const {receiver, sink} = await start([answer(202)], opens['teams']!)
    const message = '[x](http://evil) **b** '.repeat(9999)
    const fields = Array.from({length: 99}, (_, i) => [`f${i}`, message] as const)
    await sink.deliver([mkAlert({message, fields, rule: message})], signal)
    const [sent] = receiver.json() as {
      type: string
      attachments: {contentType: string; content: {type: string; body: {type: string}[]}}[]
    }[]
    assert.equal(sent?.type, 'message')
    assert.equal(sent.attachments[0]?.contentType, 'application/vnd.microsoft.card.adaptive')
    const {content} = sent.attachments[0]
    assert.equal(content.type, 'AdaptiveCard')
    for (const {type} of content.body) assert.equal(type, 'RichTextBlock')
    assert.ok(Buffer.byteLength(receiver.heard[0]!.body) < 28 * 1024)
  })

  it('alertmanager gets labels that group, and annotations for the rest', async () => {
    const {receiver, sink} = await start(undefined, opens['alertmanager']!)
    await sink.deliver([mkAlert({fields: [['proc.aname[2]', 'sh']], tags: ['t']})], signal)
    assert.equal(receiver.heard[0]?.url, '/api/v2/alerts')
    assert.deepEqual(receiver.json()[0], [
      {
        labels: {
          team: 'x',
          proc_aname_2_: 'sh',
          alertname: 'Test rule',
          severity: 'warning',
          instance: 'box',
          source: 'syscall',
        },
        annotations: {
          summary: 'Warning: Test rule',
          description: 'something happened',
          alert_id: 'a1',
          tags: 't',
        },
        startsAt: '2016-08-04T16:17:57.881781397Z',
        endsAt: '2023-11-14T22:14:20.000Z',
      },
    ])
  })

  it('alertmanager gets no label without a value', async () => {
    const {receiver, sink} = await start(undefined, opens['alertmanager']!)
    await sink.deliver([mkAlert({hostname: ''})], signal)
    const [[sent]] = receiver.json() as [[{labels: Record<string, string>}]]
    assert.deepEqual(Object.keys(sent.labels).sort(), ['alertname', 'severity', 'source', 'team'])
  })

  it('loki gets one stream for each set of labels', async () => {
    const {receiver, sink} = await start([answer(204)], opens['loki']!)
    await sink.deliver([...mkAlerts(2), mkAlert({id: 'b', priority: 'Error'})], signal)
    const {url, headers} = receiver.heard[0]!
    assert.deepEqual([url, headers['x-scope-orgid']], ['/loki/api/v1/push', 't1'])
    const [{streams}] = receiver.json() as [
      {streams: {stream: Record<string, string>; values: [string, string, object][]}[]},
    ]
    assert.deepEqual(
      streams.map(({stream, values}) => [stream['priority'], values.length]),
      [
        ['warning', 2],
        ['error', 1],
      ],
    )
    assert.deepEqual(streams[0]?.stream, {
      job: 'detector',
      env: 'test',
      host: 'box',
      priority: 'warning',
      rule: 'Test rule',
      source: 'syscall',
    })
    const [time, line, metadata] = streams[0]!.values[0]!
    assert.equal(time, '1470327477881781397')
    assert.equal((JSON.parse(line) as {id: string}).id, 'a1')
    assert.deepEqual(metadata, {alert_id: 'a1'})
  })

  it('splunk gets events one after the other', async () => {
    const {receiver, sink} = await start(undefined, opens['splunk']!)
    await sink.deliver(mkAlerts(2), signal)
    const {url, headers, body} = receiver.heard[0]!
    assert.deepEqual([url, headers.authorization], ['/services/collector/event', 'Splunk s3cret'])
    const events = body.split('\n').map(line => JSON.parse(line) as Record<string, unknown>)
    assert.equal(events.length, 2)
    const {event, ...rest} = events[0]!
    assert.equal((event as {id: string}).id, 'a1')
    assert.deepEqual(rest, {
      host: 'box',
      source: 'detector',
      sourcetype: 'st',
      index: 'main',
      fields: {alert_id: 'a1', rule: 'Test rule', priority: 'Warning'},
      time: 1470327477.881,
    })
  })

  it('otlp gets log records with the severities of OpenTelemetry', async () => {
    const {receiver, sink} = await start(undefined, opens['otlp']!)
    await sink.deliver(
      [
        mkAlert({
          priority: 'Critical',
          fields: [
            ['s', 'x'],
            ['i', 7],
            ['d', 1.5],
            ['b', true],
            ['l', [1, 'a']],
            ['u', 18446744073709551615n],
          ],
        }),
      ],
      signal,
    )
    assert.equal(receiver.heard[0]?.url, '/v1/logs')
    const [sent] = receiver.json() as {
      resourceLogs: {
        resource: {attributes: unknown[]}
        scopeLogs: {scope: unknown; logRecords: Record<string, unknown>[]}[]
      }[]
    }[]
    const {resource, scopeLogs} = sent!.resourceLogs[0]!
    assert.deepEqual(resource.attributes, [
      {key: 'service.name', value: {stringValue: 'detector'}},
      {key: 'host.name', value: {stringValue: 'box'}},
    ])
    assert.deepEqual(scopeLogs[0]?.scope, {name: 'detector', version: '1.2.3'})
    const record = scopeLogs[0].logRecords[0]!
    assert.equal(record['timeUnixNano'], '1470327477881781397')
    assert.match(String(record['observedTimeUnixNano']), /^\d{19}$/)
    assert.deepEqual([record['severityNumber'], record['severityText']], [18, 'Critical'])
    assert.deepEqual((record['attributes'] as unknown[]).slice(4), [
      {key: 'field.s', value: {stringValue: 'x'}},
      {key: 'field.i', value: {intValue: '7'}},
      {key: 'field.d', value: {doubleValue: 1.5}},
      {key: 'field.b', value: {boolValue: true}},
      {key: 'field.l', value: {arrayValue: {values: [{intValue: '1'}, {stringValue: 'a'}]}}},
      {key: 'field.u', value: {stringValue: '18446744073709551615'}},
    ])
  })

  it('otlp takes a partial success as a refusal of the record that it is about', async () => {
    const rejectA2: Answer = (response, heard) =>
      answer(200, {
        partialSuccess: {rejectedLogRecords: heard.body.includes('"a2"') ? '1' : '0'},
      })(response, heard)
    const {sink} = await start([rejectA2], opens['otlp']!)
    await assert.rejects(sink.deliver(mkAlerts(3), signal), error => {
      const {delivered, permanent} = failureOf(error)
      assert.deepEqual({delivered, permanent}, {delivered: 1, permanent: true})
      return true
    })
  })

  for (const body of ['', 'no JSON', 'null', '{"partialSuccess":null}', '[]']) {
    it(`otlp takes 200 with ${JSON.stringify(body)} as delivered`, async () => {
      const {sink} = await start([answer(200, body)], opens['otlp']!)
      await sink.deliver(mkAlerts(1), signal)
    })
  }
})
