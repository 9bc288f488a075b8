import assert from 'node:assert/strict'
import {Redis} from 'ioredis'
import {after, afterEach, before, beforeEach, describe, it} from 'mocha'
import type {AlertFormat} from '../../../src/outputs/formats/alert-format.ts'
import {failureOf, type Sink} from '../../../src/outputs/sink.ts'
import {redisSink} from '../../../src/outputs/sinks/redis.ts'
import type {RedisConfig} from '../../../src/schema/config/output-config.ts'
import {mkAlert, mkAlerts} from '../../support/alerts.ts'
import {hasRedis, type RedisProcess, startRedis} from '../../support/redis-process.ts'

const signal = new AbortController().signal
const format: AlertFormat = {contentType: 'text/plain', render: alert => `<${alert.id}>`}

describe('redisSink', () => {
  let server: RedisProcess
  let reader: Redis
  const sinks: Sink[] = []
  const mk = (changes: Partial<RedisConfig> = {}): Sink => {
    const sink = redisSink(
      {
        type: 'redis',
        name: 'stream',
        url: `redis://:s3cret@127.0.0.1:${server.port}/0`,
        stream: 'alerts',
        maxEntries: 0,
        format: 'detector',
        timeoutMs: 1000,
        ...changes,
      },
      format,
    )
    sinks.push(sink)
    return sink
  }
  before(async function () {
    if (!hasRedis()) {
      this.test!.title += ' (skipped: there is no redis-server)'
      this.skip()
    }
    server = await startRedis(['--requirepass', 's3cret'])
  })
  after(async () => server?.stop())
  beforeEach(() => {
    reader = new Redis({port: server.port, password: 's3cret'})
    reader.on('error', () => {})
  })
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.close()
    await reader.flushall().catch(() => {})
    reader.disconnect()
  })
  const entries = async () => (await reader.xrange('alerts', '-', '+')).map(([, fields]) => fields)

  it('adds each alert in order', async () => {
    const sink = mk()
    await sink.deliver(mkAlerts(2), signal)
    await sink.deliver([mkAlert({id: 'b', rule: 'é\n\u0000'})], signal)
    const found = await entries()
    assert.deepEqual(found[0], [
      ...['id', 'a1', 'rule', 'Test rule', 'priority', 'Warning', 'host', 'box'],
      ...['time', '1470327477881781397', 'alert', '<a1>'],
    ])
    assert.deepEqual(
      found.map(fields => [fields[1], fields[3]]),
      [
        ['a1', 'Test rule'],
        ['a2', 'Test rule'],
        ['b', 'é\n\u0000'],
      ],
    )
  })

  it('keeps about as many as it is told', async () => {
    const sink = mk({maxEntries: 100})
    for (let i = 0; i < 10; i++) await sink.deliver(mkAlerts(100), signal)
    const length = await reader.xlen('alerts')
    assert.ok(length >= 100 && length < 400, String(length))
  })

  it('fails for good where the key holds something else', async () => {
    await reader.set('alerts', 'x')
    await assert.rejects(mk().deliver(mkAlerts(2), signal), error => {
      const {delivered, permanent} = failureOf(error)
      assert.deepEqual({delivered, permanent}, {delivered: 0, permanent: true})
      return /WRONGTYPE/.test(String(error))
    })
  })

  it('fails for the moment when the memory is full', async () => {
    await reader.config('SET', 'maxmemory', '1')
    try {
      await assert.rejects(
        mk().deliver(mkAlerts(1), signal),
        error => !failureOf(error).permanent && /OOM/.test(String(error)),
      )
    } finally {
      await reader.config('SET', 'maxmemory', '0')
    }
  })

  const refused: {name: string; changes: () => Partial<RedisConfig>; want: RegExp}[] = [
    {
      name: 'a wrong password',
      changes: () => ({url: `redis://:wrong@127.0.0.1:${server.port}`}),
      want: /WRONGPASS|NOAUTH/,
    },
    {
      name: 'no server',
      changes: () => ({url: 'redis://:s3cret@127.0.0.1:1'}),
      want: /ECONNREFUSED/,
    },
    {
      name: 'no TLS',
      changes: () => ({url: `rediss://:s3cret@127.0.0.1:${server.port}`}),
      want: /ETIMEDOUT|ECONNRESET|broke/,
    },
  ]
  for (const {name, changes, want} of refused) {
    it(`fails for the moment at ${name}`, async () => {
      await assert.rejects(mk(changes()).deliver(mkAlerts(1), signal), error => {
        assert.equal(failureOf(error).permanent, false)
        assert.match(String(error), want)
        assert.doesNotMatch(String(error), /s3cret|wrong/)
        return true
      })
    })
  }

  it('connects again after the server was killed', async () => {
    const sink = mk()
    await sink.deliver(mkAlerts(1), signal)
    await server.stop()
    await assert.rejects(sink.deliver(mkAlerts(1), signal), error => !failureOf(error).permanent)
    server = await startRedis(['--requirepass', 's3cret'], server.port)
    await sink.deliver([mkAlert({id: 'again'})], signal)
    const fresh = new Redis({port: server.port, password: 's3cret'})
    assert.equal(await fresh.xlen('alerts'), 1)
    fresh.disconnect()
  })

  it('gives up on a server that stands still', async () => {
    const sink = mk({timeoutMs: 200})
    await sink.deliver(mkAlerts(1), signal)
    server.child.kill('SIGSTOP')
    try {
      await assert.rejects(sink.deliver(mkAlerts(1), signal), error => !failureOf(error).permanent)
    } finally {
      server.child.kill('SIGCONT')
    }
  })

  it('refuses another scheme', () => {
    assert.throws(() => mk({url: 'http://s3cret@x'}), {code: 'CONFIG_INVALID'})
  })
})
