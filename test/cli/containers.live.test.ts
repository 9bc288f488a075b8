import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {cgroupRoot} from '../support/cgroup-root.ts'
import {
  armedDetector,
  type DetectorProcess,
  runDetectorProcess,
} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'

const ID = 'ab12'.repeat(16)
const IMAGE = 'registry.example.org/team/shop'

interface Line {
  readonly rule: string
  readonly output_fields: Readonly<Record<string, string | null>>
}

describe('containers live', function () {
  this.timeout(60_000)
  let folder: string
  let group: string
  let server: Server | undefined
  let detector: DetectorProcess | undefined

  beforeEach(function () {
    requireLive(this, {feature: 'live detection'})
    folder = mkdtempSync(join(tmpdir(), 'detector-containers-'))
    group = join(cgroupRoot(this), `detector-test-${process.pid}`)
    mkdirSync(join(group, 'docker', ID), {recursive: true})
    const rule = {
      rule: 'in container',
      desc: 'test',
      condition: `evt.type = execve and proc.name = true and container.id != host and proc.cmdline contains ${folder}`,
      output:
        '%container.id %container.name %container.image.repository %container.image.tag %k8s.pod.name',
      priority: 'NOTICE',
    }
    writeFileSync(join(folder, 'rules.yaml'), JSON.stringify([rule]))
  })
  afterEach(async () => {
    await detector?.end('SIGKILL')
    server?.close()
    server?.closeAllConnections()
    if (group !== undefined)
      for (const path of [join(group, 'docker', ID), join(group, 'docker'), group]) rmdirSync(path)
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  /** Serves what Docker would say of the container, after a while. */
  const serve = async (delayMs: number): Promise<string> => {
    const path = join(folder, 'docker.sock')
    const answer = {
      Id: ID,
      Name: '/shop-1',
      Config: {
        Image: `${IMAGE}:1.2`,
        Labels: {'io.kubernetes.pod.name': 'shop-pod', 'io.kubernetes.pod.namespace': 'prod'},
      },
      HostConfig: {Privileged: false},
      Mounts: [],
      NetworkSettings: {},
    }
    server = createServer((request, response) => {
      const known = request.url?.includes(ID.slice(0, 12)) === true
      setTimeout(() => {
        response.writeHead(known ? 200 : 404, {'content-type': 'application/json'})
        response.end(JSON.stringify(known ? answer : {message: 'no such container'}))
      }, delayMs)
    })
    await new Promise<void>(resolve => server!.listen(path, resolve))
    return path
  }

  const start = async (socket: string, waitMs: number): Promise<void> => {
    const config = join(folder, 'config.yaml')
    const sockets = {docker: [socket], podman: [], cri: []}
    const containers = {wait_ms: waitMs, timeout_ms: 5000, host_root: '', sockets}
    writeFileSync(config, JSON.stringify({containers}))
    detector = await armedDetector([
      ...['-c', config, '-r', join(folder, 'rules.yaml'), '--json'],
      ...['--record', join(folder, 'run.scap'), '--summary', join(folder, 'summary.json')],
    ])
  }

  /** A shell that goes into the container and runs one program there. */
  const runInside = (): void => {
    const procs = join(group, 'docker', ID, 'cgroup.procs')
    execFileSync('sh', ['-c', `echo $$ > ${procs} && exec /bin/true ${folder}`])
  }

  const alerts = (run: DetectorProcess): Line['output_fields'][] =>
    run
      .stdout()
      .map(line => JSON.parse(line) as Line)
      .filter(({rule}) => rule === 'in container')
      .map(({output_fields: fields}) => fields)

  it('are known at the first program that runs in them, live and in the replay of the recording', async () => {
    await start(await serve(100), 2000)
    runInside()
    await eventually(() => alerts(detector!).length === 1)
    const [live] = alerts(detector!)
    assert.deepEqual(
      [
        live!['container.id'],
        live!['container.name'],
        live!['container.image.repository'],
        live!['container.image.tag'],
        live!['k8s.pod.name'],
      ],
      [ID.slice(0, 12), 'shop-1', IMAGE, '1.2', 'shop-pod'],
    )
    await detector!.end('SIGINT')
    const replay = runDetectorProcess([
      ...['replay', join(folder, 'run.scap'), '-r', join(folder, 'rules.yaml'), '--json'],
    ])
    assert.equal(await replay.exited, 0)
    assert.deepEqual(alerts(replay), [live])
  })

  it('are judged without what a slow runtime would say, and that is counted', async () => {
    await start(await serve(4000), 50)
    runInside()
    await eventually(() => alerts(detector!).length === 1)
    const [live] = alerts(detector!)
    assert.equal(live!['container.id'], ID.slice(0, 12))
    assert.equal(live!['container.image.repository'], null)
    await detector!.end('SIGINT')
    const {containers} = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as {
      containers: Record<string, number>
    }
    assert.ok((containers['timeout'] ?? 0) > 0)
  })
})
