import assert from 'node:assert/strict'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {askDetector} from '../../src/app/control/control-client.ts'
import type {QueueAnswer} from '../../src/app/queue/queue-request.ts'
import {armedDetector, type DetectorProcess} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'

describe('the queue of a running detector', function () {
  this.timeout(60_000)
  let folder: string
  let detectors: DetectorProcess[]
  let servers: Server[]
  beforeEach(function () {
    requireLive(this, {feature: 'live detection'})
    folder = mkdtempSync(join(tmpdir(), 'detector-live-queue-'))
    detectors = []
    servers = []
  })
  afterEach(async () => {
    for (const detector of detectors ?? []) await detector.end('SIGKILL')
    for (const server of servers ?? []) {
      server.closeAllConnections()
      server.close()
    }
    if (folder !== undefined) rmSync(folder, {recursive: true})
  })

  const listen = async (status: () => number, ids: Set<string>, port = 0): Promise<number> => {
    const server = createServer((request, response) => {
      const code = status()
      if (code === 200) ids.add(String(request.headers['idempotency-key']))
      request.resume()
      response.writeHead(code).end()
    })
    servers.push(server)
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  it('delivers after kill -9 what a receiver that was down had not taken', async () => {
    const trigger = join(folder, 'trigger')
    writeFileSync(trigger, '')
    const rules = join(folder, 'rules.yaml')
    writeFileSync(
      rules,
      `[{rule: read, desc: d, priority: NOTICE, output: 'n %evt.num',
        condition: 'evt.type in (open, openat) and fd.name = "${trigger}"'}]`,
    )
    let status = 503
    const taken = new Set<string>()
    const port = await listen(() => status, taken)
    const socket = join(folder, 'c.sock')
    const start = async (): Promise<void> => {
      const options = {
        'queue.path': join(folder, 'queue'),
        'control.socket': socket,
        'outputs.stdout.enabled': 'false',
        'outputs.webhook.enabled': 'true',
        'outputs.webhook.url': `http://127.0.0.1:${port}/`,
        'queue.delivery.retry_first_ms': '50',
      }
      const args = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])
      detectors.push(await armedDetector(['-r', rules, ...args]))
    }
    const ask = async (): Promise<QueueAnswer> => {
      const args = {action: 'status', selection: {}, withinMs: 0}
      return (await askDetector({path: socket, request: 'queue', args})) as QueueAnswer
    }
    await start()
    for (let index = 0; index < 100; index++) readFileSync(trigger)
    await eventually(async () => (await ask()).view.storage.saved === 100, {withinMs: 10_000})
    await detectors[0]!.end('SIGKILL')
    assert.equal(taken.size, 0)
    status = 200
    await start()
    for (let index = 0; index < 10; index++) readFileSync(trigger)
    await eventually(() => taken.size === 110, {withinMs: 10_000})
    assert.equal((await ask()).view.sinks[0]?.waiting, 0)
    assert.equal(await detectors[1]!.end('SIGTERM'), 0)
  })
})
