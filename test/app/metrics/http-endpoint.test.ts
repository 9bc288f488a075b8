import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, statSync} from 'node:fs'
import {type IncomingMessage, request} from 'node:http'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, describe, it} from 'mocha'
import {type HttpEndpoint, openHttpEndpoint} from '../../../src/app/metrics/http-endpoint.ts'
import {parseListenPlace} from '../../../src/app/metrics/listen-place.ts'
import type {StatusReport} from '../../../src/app/status/status-report.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {parseExposition, sampleOf} from '../../support/parse-exposition.ts'
import {mkReport} from '../../support/status-report.ts'

describe('the endpoint for metrics and health', () => {
  let endpoint: HttpEndpoint | undefined

  afterEach(async () => {
    await endpoint?.close()
    endpoint = undefined
  })

  const open = async (
    report: () => Promise<StatusReport> = async () => mkReport(),
    extra: Partial<Parameters<typeof openHttpEndpoint>[0]> = {},
  ): Promise<void> => {
    const place = {host: '127.0.0.1', port: 0}
    endpoint = await openHttpEndpoint({
      place,
      metrics: true,
      healthPath: '/healthz',
      report,
      ...extra,
    })
  }

  const get = async (path: string, method = 'GET', to: object = addressOf(endpoint!)) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({...to, path, method, agent: false}, resolve)
        .on('error', reject)
        .end()
    })
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return {
      status: response.statusCode,
      type: response.headers['content-type'],
      body: Buffer.concat(chunks).toString(),
    }
  }

  it('serves a page of metrics', async () => {
    await open()
    const {status, type, body} = await get('/metrics?x=1')
    assert.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8'])
    assert.equal(sampleOf(parseExposition(body), 'detector_rules'), 3)
  })

  const {detection} = mkReport()
  const full = {...detection!.lanes, bulk: {bytes: 95, size_bytes: 100, share: 0.95}}
  const healths: {name: string; report: StatusReport; healthz: number; readyz: number}[] = [
    {name: 'watches', report: mkReport(), healthz: 200, readyz: 200},
    {name: 'starts', report: mkReport({state: 'starting'}), healthz: 200, readyz: 503},
    {name: 'starts anew', report: mkReport({state: 'restarting'}), healthz: 200, readyz: 503},
    {name: 'hangs', report: mkReport({state: 'not_answering'}), healthz: 503, readyz: 503},
    {
      name: 'has a full ring buffer',
      report: mkReport({detection: {...detection!, lanes: full}}),
      healthz: 200,
      readyz: 503,
    },
    {
      name: 'is mending the state',
      report: mkReport({detection: {...detection!, state_whole: false}}),
      healthz: 200,
      readyz: 503,
    },
  ]
  for (const {name, report, healthz, readyz} of healths) {
    it(`says whether a detector that ${name} is well and ready`, async () => {
      await open(async () => report)
      const answers = [await get('/healthz'), await get('/readyz')]
      assert.deepEqual(
        answers.map(({status}) => status),
        [healthz, readyz],
      )
      for (const {body} of answers) assert.equal(typeof JSON.parse(body).status, 'string')
    })
  }

  const refusals: {name: string; method?: string; path: string; want: number}[] = [
    {name: 'other pages', path: '/etc/passwd', want: 404},
    {name: 'other methods', path: '/metrics', method: 'POST', want: 405},
  ]
  for (const {name, method, path, want} of refusals) {
    it(`refuses ${name}`, async () => {
      await open()
      assert.equal((await get(path, method)).status, want)
    })
  }

  it('serves health alone where metrics are off, at the path that was asked for', async () => {
    await open(undefined, {metrics: false, healthPath: '/live'})
    assert.equal((await get('/metrics')).status, 404)
    assert.equal((await get('/live')).status, 200)
    assert.equal((await get('/healthz')).status, 404)
  })

  it('asks detection once for many who ask together', async () => {
    let asked = 0
    await open(async () => {
      asked++
      return mkReport()
    })
    await Promise.all(Array.from({length: 20}, () => get('/metrics')))
    assert.equal(asked, 1)
  })

  it('says 500 when there is no status to be had', async () => {
    await open(() => Promise.reject(new Error('broken')))
    assert.equal((await get('/metrics')).status, 500)
  })

  it('outlives nonsense', async () => {
    await open()
    const {port} = addressOf(endpoint!)
    for (const text of [
      '\0\0\0\0',
      'GET /metrics HTTP/9.9\r\n\r\n',
      `GET /${'x'.repeat(20_000)}`,
    ]) {
      await new Promise<void>(resolve => {
        const socket = connect(port, '127.0.0.1', () => socket.write(text))
        socket.on('error', () => {})
        socket.on('close', () => resolve())
        socket.resume()
        socket.setTimeout(300, () => socket.destroy())
      })
    }
    assert.equal((await get('/healthz')).status, 200)
  })

  it('listens at a unix socket for its owner alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'detector-http-'))
    try {
      const path = join(folder, 'm.sock')
      await open(undefined, {place: {path}})
      assert.equal(statSync(path).mode & 0o777, 0o600)
      assert.equal((await get('/metrics', 'GET', {socketPath: path})).status, 200)
    } finally {
      rmSync(folder, {recursive: true, force: true})
    }
  })

  it('says when the port is taken', async () => {
    await open()
    const place = addressOf(endpoint!)
    await assert.rejects(
      openHttpEndpoint({
        place,
        metrics: true,
        healthPath: '/healthz',
        report: async () => mkReport(),
      }),
      (error: unknown) => error instanceof CodedError && error.code === 'HTTP_LISTEN',
    )
  })
})

function addressOf({where}: HttpEndpoint): {readonly host: string; readonly port: number} {
  return parseListenPlace(where) as {host: string; port: number}
}
