import assert from 'node:assert/strict'
import {createHmac} from 'node:crypto'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {after, afterEach, before, describe, it} from 'mocha'
import {openMemoryQueue} from '../../../src/outputs/memory-queue.ts'
import type {AlertQueue} from '../../../src/outputs/queue.ts'
import {DEFAULT_RETRY} from '../../../src/outputs/retry.ts'
import {failureOf} from '../../../src/outputs/sink.ts'
import {type WebhookOptions, webhookSink} from '../../../src/outputs/sinks/webhook.ts'
import {mkAlert, mkAlerts} from '../../support/alerts.ts'
import {makeAuthority, type TestAuthority} from '../../support/certificates.ts'
import {eventually} from '../../support/eventually.ts'
import {fakeTimers} from '../../support/fake-timers.ts'
import {startReceiver} from '../../support/receiver.ts'

interface Heard {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  response =>
    response.writeHead(code, headers).end('body')

describe('webhookSink', () => {
  const servers: Server[] = []
  const queues: AlertQueue[] = []

  /** A server on the loopback that gives the answers in turn, then 200. */
  const serve = async (answers: readonly Answer[] = [], port = 0) => {
    const heard: Heard[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', chunk => {
        body += String(chunk)
      })
      request.on('end', () => {
        const {method, url, headers} = request
        heard.push({method, url, headers, body})
        const answer = answers[heard.length - 1] ?? status(200)
        answer(response, request)
      })
    })
    servers.push(server)
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    return {heard, port: (server.address() as AddressInfo).port}
  }

  const mk = (port: number, changes: Partial<WebhookOptions> = {}) =>
    webhookSink({
      url: `http://127.0.0.1:${port}/secret-path?token=s3cret`,
      headers: {},
      timeoutMs: 2000,
      format: alert => JSON.stringify({id: alert.id}),
      ...changes,
    })

  /** The sink behind a queue whose clock only the test turns. */
  const mkQueue = (sink: ReturnType<typeof webhookSink>) => {
    const timers = fakeTimers()
    const logged: string[] = []
    const queue = openMemoryQueue([sink], {
      timers,
      random: () => 0.999_999,
      log: (_, message) => logged.push(message),
    })
    queues.push(queue)
    return {queue, timers, logged}
  }

  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close()
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  it('posts JSON with the id as key, the headers and the credentials', async () => {
    const {heard, port} = await serve()
    const sink = mk(port, {
      url: `http://me:p%40ss@127.0.0.1:${port}/hook?x=1`,
      headers: {'X-Team': 'blue', 'User-Agent': 'falco'},
    })
    await sink.deliver(mkAlerts(2), new AbortController().signal)
    await sink.close()
    assert.deepEqual(
      heard.map(request => request.body),
      ['{"id":"a1"}', '{"id":"a2"}'],
    )
    const {method, url, headers} = heard[1]!
    assert.deepEqual([method, url], ['POST', '/hook?x=1'])
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['idempotency-key'], 'a2')
    assert.equal(headers['x-team'], 'blue')
    assert.equal(headers['user-agent'], 'falco')
    assert.equal(headers.authorization, `Basic ${btoa('me:p@ss')}`)
  })

  const verdicts: {name: string; answer: Answer; permanent: boolean; retryAfterMs?: number}[] = [
    {name: '400', answer: status(400), permanent: true},
    {name: '404', answer: status(404), permanent: true},
    {name: '408', answer: status(408), permanent: false},
    {name: '429', answer: status(429), permanent: false},
    {
      name: '429 with Retry-After',
      answer: status(429, {'retry-after': '7'}),
      permanent: false,
      retryAfterMs: 7000,
    },
    {
      name: '503 with Retry-After',
      answer: status(503, {'retry-after': '9'}),
      permanent: false,
      retryAfterMs: 9000,
    },
    {name: '500', answer: status(500), permanent: false},
    {name: 'a redirect', answer: status(307, {location: 'http://127.0.0.1:1/'}), permanent: true},
    {name: 'a reset', answer: (_, request) => request.socket.resetAndDestroy(), permanent: false},
    {name: 'a closed connection', answer: (_, request) => request.socket.end(), permanent: false},
    {
      name: 'an answer that is no HTTP',
      answer: (_, request) => request.socket.end('nonsense\r\n\r\n'),
      permanent: false,
    },
  ]
  for (const {name, answer, permanent, retryAfterMs} of verdicts) {
    it(`takes ${name} as ${permanent ? 'permanent' : 'passing'}`, async () => {
      const {port} = await serve([status(200), answer])
      const sink = mk(port)
      await assert.rejects(sink.deliver(mkAlerts(3), new AbortController().signal), error => {
        assert.deepEqual({...pick(failureOf(error))}, {delivered: 1, permanent, retryAfterMs})
        assert.doesNotMatch(String(error), /secret|s3cret/)
        return true
      })
      await sink.close()
    })
  }
  const pick = ({delivered, permanent, retryAfterMs}: ReturnType<typeof failureOf>) => ({
    delivered,
    permanent,
    retryAfterMs,
  })

  it('gives up on a server that hangs', async () => {
    const {port} = await serve([() => {}])
    const sink = mk(port, {timeoutMs: 50})
    await assert.rejects(
      sink.deliver(mkAlerts(1), new AbortController().signal),
      /no answer within 50 ms/,
    )
    await sink.close()
  })

  it('takes an endless answer of 200 as delivered', async () => {
    const {port} = await serve([
      response => {
        response.writeHead(200)
        const more = (): void => {
          if (!response.destroyed) response.write(Buffer.alloc(65_536), more)
        }
        more()
      },
    ])
    const sink = mk(port)
    await sink.deliver(mkAlerts(1), new AbortController().signal)
    await sink.close()
  })

  it('takes a 200 whose body hangs as delivered', async () => {
    const {port} = await serve([response => response.writeHead(200).write('x')])
    const sink = mk(port, {timeoutMs: 50})
    await sink.deliver(mkAlerts(1), new AbortController().signal)
    await sink.close()
  })

  it('stops when aborted', async () => {
    const {heard, port} = await serve([() => {}])
    const sink = mk(port)
    const abort = new AbortController()
    const delivery = sink.deliver(mkAlerts(1), abort.signal)
    await eventually(() => heard.length === 1)
    abort.abort()
    await assert.rejects(delivery)
    await sink.close()
  })

  it('delivers behind a queue after two answers of 500, each alert once', async () => {
    const {heard, port} = await serve([status(500), status(500)])
    const {queue, timers, logged} = mkQueue(mk(port))
    for (const alert of mkAlerts(3)) queue.push(alert)
    for (const pause of [DEFAULT_RETRY.firstMs, DEFAULT_RETRY.firstMs * 2]) {
      await eventually(() => timers.waiting().includes(pause))
      timers.advance(pause)
    }
    assert.equal(await queue.drain(10_000), true)
    const keys = heard.map(request => request.headers['idempotency-key'])
    assert.deepEqual(keys, ['a1', 'a1', 'a1', 'a2', 'a3'])
    assert.equal(logged.filter(line => line.includes('answered 500')).length, 1)
  })

  it('delivers once a server comes up', async () => {
    const {port} = await serve()
    servers.splice(0).map(server => server.close())
    const {queue, timers} = mkQueue(mk(port))
    queue.push(mkAlert())
    await eventually(() => queue.stats().lanes[0]?.lastError?.includes('ECONNREFUSED'))
    const {heard} = await serve([], port)
    await eventually(() => timers.waiting().length > 0)
    timers.advance(60_000)
    await eventually(() => heard.length === 1)
    assert.equal(await queue.drain(10_000), true)
  })

  it('sends again no sooner than Retry-After says', async () => {
    const {heard, port} = await serve([status(429, {'retry-after': '300'})])
    const {queue, timers} = mkQueue(mk(port))
    queue.push(mkAlert())
    await eventually(() => timers.waiting().includes(300_000))
    timers.advance(299_999)
    assert.equal(heard.length, 1)
    timers.advance(1)
    await eventually(() => heard.length === 2)
  })

  it('keeps a refused alert as a dead letter and goes on', async () => {
    const {heard, port} = await serve([status(400)])
    const {queue} = mkQueue(mk(port))
    for (const alert of mkAlerts(2)) queue.push(alert)
    await eventually(() => heard.length === 2)
    await eventually(() => queue.stats().pending === 0)
    const {deadLetters} = queue.stats().lanes[0]!
    assert.deepEqual(
      deadLetters.map(letter => letter.alert.id),
      ['a1'],
    )
  })

  it('uses the method and the content type it is given', async () => {
    const {heard, port} = await serve()
    const sink = mk(port, {method: 'PUT', contentType: 'text/plain', name: 'mine'})
    await sink.deliver(mkAlerts(1), new AbortController().signal)
    await sink.close()
    assert.equal(sink.name, 'mine')
    assert.deepEqual([heard[0]?.method, heard[0]?.headers['content-type']], ['PUT', 'text/plain'])
  })

  const key = Buffer.from('0123456789abcdef')
  const signatures: {name: string; secret: string; key: string | Buffer}[] = [
    {name: 'a key in base64', secret: `whsec_${key.toString('base64')}`, key},
    {name: 'any other text', secret: 'plain', key: 'plain'},
  ]
  for (const signed of signatures) {
    it(`signs the id, the time and the body with ${signed.name}`, async () => {
      const {heard, port} = await serve()
      const sink = mk(port, {
        signature: {secret: signed.secret, style: 'standard'},
        timers: {...fakeTimers(), now: () => 1_700_000_000_999},
      })
      await sink.deliver(mkAlerts(1), new AbortController().signal)
      await sink.close()
      const {headers, body} = heard[0]!
      const mac = createHmac('sha256', signed.key).update(`a1.1700000000.${body}`).digest('base64')
      assert.equal(headers['webhook-id'], 'a1')
      assert.equal(headers['webhook-timestamp'], '1700000000')
      assert.equal(headers['webhook-signature'], `v1,${mac}`)
    })
  }

  it('signs the body as GitHub does', async () => {
    const {heard, port} = await serve()
    const sink = mk(port, {signature: {secret: 's', style: 'github'}})
    await sink.deliver(mkAlerts(1), new AbortController().signal)
    await sink.close()
    const mac = createHmac('sha256', 's').update(heard[0]!.body).digest('hex')
    assert.equal(heard[0]?.headers['x-hub-signature-256'], `sha256=${mac}`)
  })

  describe('with TLS', () => {
    let authority: TestAuthority
    before(() => {
      authority = makeAuthority()
    })
    after(() => authority.remove())

    const receive = () => {
      const {ca, server, read} = authority
      const tls = {ca: read(ca), cert: read(server.cert), key: read(server.key)}
      return startReceiver(undefined, {...tls, requestCert: true, rejectUnauthorized: true})
    }
    const client = () => ({certFile: authority.client.cert, keyFile: authority.client.key})

    it('shows its certificate and checks that of the receiver', async () => {
      const receiver = await receive()
      const sink = mk(0, {url: receiver.url, tls: {caFile: authority.ca, ...client()}})
      await sink.deliver(mkAlerts(1), new AbortController().signal)
      await sink.reopen?.()
      await sink.deliver(mkAlerts(1), new AbortController().signal)
      await sink.close()
      receiver.close()
      assert.deepEqual(
        receiver.heard.map(request => request.client),
        ['agent', 'agent'],
      )
    })

    const refused = [
      {name: 'a receiver of an unknown authority', tls: () => client()},
      {name: 'a receiver that wants a certificate', tls: () => ({caFile: authority.ca})},
      {
        name: 'a receiver of another name',
        tls: () => ({caFile: authority.ca, ...client(), serverName: 'other.example'}),
      },
    ]
    for (const {name, tls} of refused) {
      it(`fails for the moment at ${name}`, async () => {
        const receiver = await receive()
        const sink = mk(0, {url: receiver.url, tls: tls()})
        await assert.rejects(
          sink.deliver(mkAlerts(1), new AbortController().signal),
          error => !failureOf(error).permanent,
        )
        await sink.close()
        receiver.close()
        assert.equal(receiver.heard.length, 0)
      })
    }

    it('refuses a certificate without its key, and files that are not there', () => {
      const files = [{certFile: authority.client.cert}, {caFile: '/no/such/file'}]
      for (const tls of files) {
        assert.throws(() => mk(0, {url: 'https://127.0.0.1', tls}), {code: 'CONFIG_INVALID'})
      }
    })
  })

  const wrong: {name: string; changes: Partial<WebhookOptions>}[] = [
    {name: 'no URL', changes: {url: 'secret'}},
    {name: 'another scheme', changes: {url: 'ftp://secret@x/'}},
    {name: 'a header with a line end', changes: {headers: {a: 'secret\r\nb: c'}}},
    {name: 'a header name with a blank', changes: {headers: {'a b': 'secret'}}},
    {name: 'a header of our own', changes: {headers: {'Idempotency-Key': 'secret'}}},
  ]
  for (const {name, changes} of wrong) {
    it(`refuses ${name} without repeating secrets`, () => {
      assert.throws(
        () => mk(1, changes),
        error => error instanceof Error && !error.message.includes('secret'),
      )
    })
  }
})
