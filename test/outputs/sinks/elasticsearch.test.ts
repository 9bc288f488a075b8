import assert from 'node:assert/strict'
import {afterEach, describe, it} from 'mocha'
import {alertFormat} from '../../../src/outputs/formats/alert-format.ts'
import {failureOf, type Sink} from '../../../src/outputs/sink.ts'
import {elasticsearchSink} from '../../../src/outputs/sinks/elasticsearch.ts'
import type {ElasticsearchConfig} from '../../../src/schema/config/output-config.ts'
import {mkAlerts} from '../../support/alerts.ts'
import {type Answer, answer, type Receiver, startReceiver} from '../../support/receiver.ts'

const signal = new AbortController().signal
const formats = {
  isoTime: true,
  json: {includeOutput: true, includeOutputFields: true, includeTags: true, includeMessage: true},
  version: '1.2.3',
}

/** An index that stores by id, refuses what it is told to, and demands what a data stream demands. */
function strictIndex(status: (id: string, attempt: number) => number) {
  const stored = new Map<string, unknown>()
  const attempts = new Map<string, number>()
  const handle: Answer = (response, {body, headers}) => {
    if (headers['content-type'] !== 'application/x-ndjson' || !body.endsWith('\n'))
      return answer(400, {error: {type: 'illegal_argument_exception'}})(response, {} as never)
    const lines = body
      .slice(0, -1)
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    const items: object[] = []
    for (let i = 0; i < lines.length; i += 2) {
      const action = lines[i]?.['create'] as {_index: string; _id: string} | undefined
      assert.ok(action, 'a data stream takes nothing but create')
      assert.match(action._id, /@box$/)
      const id = action._id.replace('@box', '')
      const attempt = (attempts.get(id) ?? 0) + 1
      attempts.set(id, attempt)
      const document = lines[i + 1]!
      let code = status(id, attempt)
      if (typeof document['@timestamp'] !== 'string') code = 400
      if (code === 201 && stored.has(id)) code = 409
      if (code === 201) stored.set(id, document)
      items.push({create: {status: code, ...(code > 299 ? {error: {type: 'some_exception'}} : {})}})
    }
    answer(200, {errors: items.length > 0, items})(response, {} as never)
  }
  return {stored, attempts, handle}
}

describe('elasticsearchSink', () => {
  let receiver: Receiver
  let sink: Sink
  const start = async (handle: Answer, changes: Partial<ElasticsearchConfig> = {}) => {
    receiver = await startReceiver([handle])
    const config: ElasticsearchConfig = {
      type: 'elasticsearch',
      name: 'es',
      url: `${receiver.url}/prefix`,
      headers: {},
      timeoutMs: 2000,
      index: 'logs-detector.alerts-default',
      apiKey: 's3cret',
      format: 'ecs',
      maxBytes: 1 << 20,
      ...changes,
    }
    sink = elasticsearchSink(config, alertFormat(config.format, formats))
  }
  afterEach(async () => {
    await sink.close()
    receiver.close()
  })

  for (const format of ['ecs', 'ocsf', 'detector'] as const) {
    it(`creates documents by id in the format ${format}`, async () => {
      const index = strictIndex(() => 201)
      await start(index.handle, {format})
      await sink.deliver(mkAlerts(3), signal)
      assert.deepEqual([...index.stored.keys()], ['a1', 'a2', 'a3'])
      const {url, headers} = receiver.heard[0]!
      assert.match(url ?? '', /^\/prefix\/_bulk\?filter_path=/)
      assert.equal(headers.authorization, 'ApiKey s3cret')
    })
  }

  it('takes a repeat that is there already as taken', async () => {
    const index = strictIndex(() => 201)
    await start(index.handle)
    await sink.deliver(mkAlerts(3), signal)
    await sink.deliver(mkAlerts(3), signal)
    assert.equal(index.stored.size, 3)
  })

  it('splits a batch by bytes', async () => {
    const index = strictIndex(() => 201)
    await start(index.handle, {maxBytes: 2000})
    await sink.deliver(mkAlerts(10), signal)
    assert.equal(index.stored.size, 10)
    assert.ok(receiver.heard.length > 2)
  })

  it('judges each document by itself and sends none twice that was taken', async () => {
    const refused: Record<string, (attempt: number) => number> = {
      a2: () => 400,
      a4: attempt => (attempt <= 2 ? 429 : 201),
      a6: () => 400,
    }
    const index = strictIndex((id, attempt) => refused[id]?.(attempt) ?? 201)
    await start(index.handle)
    // What a queue does: off with what was taken, and with one dead letter when it is permanent.
    let left = mkAlerts(7)
    const dead: string[] = []
    let passing = 0
    for (let round = 0; left.length > 0 && round < 10; round++) {
      try {
        await sink.deliver(left, signal)
        left = []
      } catch (error) {
        const {delivered, permanent} = failureOf(error)
        left = left.slice(delivered)
        if (permanent) {
          dead.push(left.shift()!.id)
          assert.match(String(error), /refused a document with 400 \(some_exception\)/)
        } else passing++
      }
    }
    assert.deepEqual([...index.stored.keys()].sort(), ['a1', 'a3', 'a4', 'a5', 'a7'])
    assert.deepEqual(dead, ['a2', 'a6'])
    assert.equal(passing, 1)
    const attempts = Object.fromEntries(index.attempts)
    assert.deepEqual(attempts, {a1: 1, a2: 1, a3: 1, a4: 3, a5: 1, a6: 1, a7: 1})
  })

  const answers: {name: string; answer: Answer; permanent: boolean}[] = [
    {name: '401', answer: answer(401), permanent: true},
    {name: '429 of the whole', answer: answer(429), permanent: false},
    {name: 'no JSON', answer: answer(200, 'hello'), permanent: false},
    {name: 'too few items', answer: answer(200, {items: []}), permanent: false},
    {name: 'items of another form', answer: answer(200, {items: [1, null, {}]}), permanent: false},
    {name: 'an endless answer', answer: endless, permanent: false},
  ]
  for (const {name, answer: given, permanent} of answers) {
    it(`takes ${name} as ${permanent ? 'permanent' : 'passing'}`, async () => {
      await start(given)
      await assert.rejects(sink.deliver(mkAlerts(3), signal), error => {
        const failure = failureOf(error)
        assert.deepEqual([failure.delivered, failure.permanent], [0, permanent])
        assert.doesNotMatch(String(error), /s3cret/)
        return true
      })
    })
  }

  it('repeats nothing of an error but the name of an exception', async () => {
    const type = 'secret from the document'
    await start(answer(200, {items: [{create: {status: 400, error: {type, reason: type}}}]}))
    await assert.rejects(
      sink.deliver(mkAlerts(1), signal),
      error => failureOf(error).permanent && !String(error).includes('secret'),
    )
  })
})

function endless(response: Parameters<Answer>[0]): void {
  response.writeHead(200)
  const more = (): void => {
    if (!response.destroyed) response.write(Buffer.alloc(65_536, ' '), more)
  }
  more()
}
