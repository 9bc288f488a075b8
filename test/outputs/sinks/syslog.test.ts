import assert from 'node:assert/strict'
import {createSocket} from 'node:dgram'
import {mkdtempSync, rmSync} from 'node:fs'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {createServer as createTlsServer} from 'node:tls'
import {after, afterEach, before, describe, it} from 'mocha'
import type {AlertFormat} from '../../../src/outputs/formats/alert-format.ts'
import {failureOf, type Sink} from '../../../src/outputs/sink.ts'
import {syslogMessage, syslogSink} from '../../../src/outputs/sinks/syslog.ts'
import type {SyslogConfig} from '../../../src/schema/config/output-config.ts'
import {PRIORITIES} from '../../../src/schema/priority.ts'
import {mkAlert, mkAlerts} from '../../support/alerts.ts'
import {makeAuthority, type TestAuthority} from '../../support/certificates.ts'
import {eventually} from '../../support/eventually.ts'

const signal = new AbortController().signal
const format: AlertFormat = {contentType: 'text/plain', render: alert => alert.message}
const settings = {facility: 13, maxBytes: 8192}

/** RFC 5424, section 6: the grammar of a message, strictly. */
const MESSAGE = new RegExp(
  [
    '^<(?<pri>\\d{1,3})>1 ',
    '(?<time>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{1,6}Z) ',
    '(?<host>[\\x21-\\x7e]{1,255}) (?<app>[\\x21-\\x7e]{1,48}) (?<pid>[\\x21-\\x7e]{1,128}) ',
    '(?<msgid>[\\x21-\\x7e]{1,32}) ',
    '\\[(?<sdid>[^ =\\]"]{1,32})(?<params>( [^ =\\]"]{1,32}="([^"\\\\\\]]|\\\\["\\\\\\]])*")*)\\] ',
    '(?<text>.*)$',
  ].join(''),
  'su',
)

const groups = (message: Buffer): Record<string, string> => {
  const match = MESSAGE.exec(message.toString())
  assert.ok(match?.groups, message.toString())
  return match.groups
}

describe('syslogMessage', () => {
  it('has every part of RFC 5424', () => {
    const alert = mkAlert({tags: ['a', 'b'], message: 'text'})
    assert.deepEqual(
      {...groups(syslogMessage(alert, settings, format)), pid: ''},
      {
        pri: '108',
        time: '2016-08-04T16:17:57.881781Z',
        host: 'box',
        app: 'detector',
        pid: '',
        msgid: 'alert',
        sdid: 'detector@32473',
        params: ' id="a1" rule="Test rule" priority="Warning" source="syscall" tags="a,b"',
        text: 'text',
      },
    )
  })

  it('has the severity of the priority', () => {
    const severities = PRIORITIES.map(priority => {
      const {pri} = groups(syslogMessage(mkAlert({priority}), settings, format))
      return Number(pri) % 8
    })
    assert.deepEqual(severities, [0, 1, 2, 3, 4, 5, 6, 7])
  })

  const hostile = [
    {
      name: 'quotes, brackets and controls',
      alert: {rule: 'a"b\\c]d\ne\u0000f', hostname: 'a b\nc'},
    },
    {name: 'nothing', alert: {rule: '', hostname: '', message: ''}},
    {
      name: 'long parts',
      alert: {rule: 'é'.repeat(9999), hostname: 'h'.repeat(999), tags: ['"'.repeat(9999)]},
    },
  ]
  for (const {name, alert} of hostile) {
    it(`keeps to the grammar for ${name}`, () => {
      groups(syslogMessage(mkAlert(alert), settings, format))
    })
  }

  it('is cut to its bound between characters', () => {
    for (const maxBytes of [480, 481, 482, 483]) {
      const message = syslogMessage(
        mkAlert({message: '漢'.repeat(999)}),
        {...settings, maxBytes},
        format,
      )
      assert.ok(message.length <= maxBytes && message.length > maxBytes - 3)
      assert.ok(!message.toString().includes('\ufffd'))
    }
  })
})

/** The messages of a stream with octet counting (RFC 6587, section 3.4.1); whatever else is there is an error. */
function unframe(stream: Buffer): string[] {
  const messages: string[] = []
  for (let at = 0; at < stream.length; ) {
    const blank = stream.indexOf(' ', at)
    const length = stream.toString('latin1', at, blank)
    assert.match(length, /^[1-9]\d*$/)
    messages.push(stream.toString('utf8', blank + 1, blank + 1 + Number(length)))
    at = blank + 1 + Number(length)
    assert.ok(at <= stream.length)
  }
  return messages
}

describe('syslogSink', () => {
  const sinks: Sink[] = []
  const servers: {close(): void}[] = []
  const sockets = new Set<Socket>()
  let authority: TestAuthority
  let folder: string
  before(() => {
    authority = makeAuthority()
    folder = mkdtempSync(join(tmpdir(), 'syslog-'))
  })
  after(() => {
    authority.remove()
    rmSync(folder, {recursive: true})
  })
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.close()
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    for (const server of servers.splice(0)) server.close()
  })

  const mk = (changes: Partial<SyslogConfig>): Sink => {
    const sink = syslogSink(
      {
        type: 'syslog',
        name: 'log',
        transport: 'tcp',
        address: '127.0.0.1',
        port: 0,
        ...settings,
        format: 'text',
        timeoutMs: 2000,
        ...changes,
      },
      format,
    )
    sinks.push(sink)
    return sink
  }

  const listen = async (server: Server, place: {port: number} | {path: string}) => {
    const received: Buffer[] = []
    servers.push(server)
    const hear = (socket: Socket): void => {
      sockets.add(socket)
      socket.on('data', (chunk: Buffer) => received.push(chunk))
      socket.on('error', () => {})
    }
    server.on(isTls(server) ? 'secureConnection' : 'connection', hear)
    server.on('tlsClientError', () => {})
    await new Promise<void>(resolve =>
      'port' in place
        ? server.listen(place.port, '127.0.0.1', resolve)
        : server.listen(place.path, resolve),
    )
    const address = server.address()
    return {
      port: typeof address === 'string' ? 0 : (address as AddressInfo).port,
      content: () => Buffer.concat(received),
    }
  }
  const isTls = (server: Server): boolean => 'setSecureContext' in server
  const tlsServer = () => {
    const {ca, server, read} = authority
    return createTlsServer({
      ca: read(ca),
      cert: read(server.cert),
      key: read(server.key),
      requestCert: true,
      rejectUnauthorized: true,
    })
  }

  it('counts octets over TCP', async () => {
    const {port, content} = await listen(createServer(), {port: 0})
    const sink = mk({port})
    await sink.deliver([mkAlert({message: 'zwölf\n漢'}), mkAlert({id: 'a2'})], signal)
    await sink.deliver([mkAlert({id: 'a3'})], signal)
    const messages = await eventually(() => {
      const found = unframe(content())
      return found.length === 3 && found
    })
    assert.equal(groups(Buffer.from(messages[0]!))['text'], 'zwölf\n漢')
    assert.match(messages[2]!, / id="a3" /)
    assert.equal(sockets.size, 1)
  })

  it('shows its certificate over TLS', async () => {
    const {port, content} = await listen(tlsServer(), {port: 0})
    const {ca, client} = authority
    const sink = mk({
      transport: 'tls',
      port,
      tls: {caFile: ca, certFile: client.cert, keyFile: client.key},
    })
    await sink.deliver(mkAlerts(2), signal)
    await eventually(() => unframe(content()).length === 2)
  })

  it('does not trust an unknown authority', async () => {
    const {port, content} = await listen(tlsServer(), {port: 0})
    const sink = mk({transport: 'tls', port})
    await assert.rejects(sink.deliver(mkAlerts(1), signal), error => !failureOf(error).permanent)
    assert.equal(content().length, 0)
  })

  it('writes lines to a unix socket', async () => {
    const path = join(folder, 'log')
    const {content} = await listen(createServer(), {path})
    await mk({transport: 'unix', address: path}).deliver(mkAlerts(2), signal)
    const lines = await eventually(() => {
      const found = content().toString().split('\n')
      return found.length === 3 && found
    })
    for (const line of lines.slice(0, 2)) groups(Buffer.from(line))
    assert.equal(lines[2], '')
  })

  it('sends one datagram for each alert over UDP', async () => {
    const received: string[] = []
    const server = createSocket('udp4')
    servers.push(server)
    server.on('message', message => received.push(message.toString()))
    await new Promise<void>(resolve => server.bind(0, '127.0.0.1', resolve))
    const sink = mk({transport: 'udp', port: server.address().port})
    await sink.deliver([...mkAlerts(2), mkAlert({message: 'x'.repeat(60_000)})], signal)
    await eventually(() => received.length === 3)
    for (const message of received) groups(Buffer.from(message))
  })

  it('connects again after the receiver was gone', async () => {
    const first = await listen(createServer(), {port: 0})
    const sink = mk({port: first.port})
    await sink.deliver(mkAlerts(1), signal)
    await eventually(() => sockets.size === 1)
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    servers.splice(0)[0]!.close()
    await eventually(async () => {
      try {
        await sink.deliver(mkAlerts(1), signal)
        return false
      } catch (error) {
        return !failureOf(error).permanent && String(error).includes('ECONNREFUSED')
      }
    })
    const second = await listen(createServer(), {port: first.port})
    await sink.deliver([mkAlert({id: 'again'})], signal)
    await eventually(() => second.content().includes('again'))
  })

  it('gives up on a receiver that reads nothing', async () => {
    const server = createServer(socket => {
      sockets.add(socket)
      socket.pause()
    })
    servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const sink = mk({
      port: (server.address() as AddressInfo).port,
      timeoutMs: 200,
      maxBytes: 1 << 20,
    })
    const long = Array.from({length: 32}, () => mkAlert({message: 'x'.repeat(1 << 20)}))
    await assert.rejects(sink.deliver(long, signal), error => {
      const {delivered, permanent} = failureOf(error)
      assert.ok(!permanent && delivered < long.length)
      assert.match(String(error), /takes nothing for 200 ms/)
      return true
    })
  })

  it('stops when aborted', async () => {
    const {port} = await listen(createServer(), {port: 0})
    const abort = new AbortController()
    abort.abort()
    await assert.rejects(mk({port}).deliver(mkAlerts(1), abort.signal))
  })
})
