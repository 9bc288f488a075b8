import assert from 'node:assert/strict'
import {createServer, type RequestListener, type Server} from 'node:http'
import {createServer as createNetServer, type Server as NetServer} from 'node:net'
import {afterEach, beforeEach, describe, it} from 'mocha'
import type {ContainerInfo} from '../../../../src/state/containers/container-info.ts'
import {dockerSource} from '../../../../src/state/containers/lookup/docker-api.ts'
import type {SourceAnswer} from '../../../../src/state/containers/lookup/source.ts'
import {DIGEST, ID, mkFolder, mkRequest, type TestFolder} from './requests.ts'

const container = {
  Id: ID,
  Name: '/web',
  Created: '2024-11-07T10:38:06.123Z',
  Image: `sha256:${'0c'.repeat(32)}`,
  Config: {
    Image: 'reg:5000/team/web:1.2',
    User: 'www',
    Labels: {short: 'a', long: 'x'.repeat(101), 'io.kubernetes.pod.name': 'p'.repeat(200)},
    Env: ['A=b'],
    Healthcheck: {Test: ['CMD-SHELL', 'curl localhost']},
  },
  HostConfig: {Privileged: true, NetworkMode: 'host', PidMode: '', IpcMode: 'host'},
  Mounts: [{Source: '/a', Destination: '/b', Mode: 'z', RW: true, Propagation: 'rprivate'}],
  NetworkSettings: {IPAddress: '', Networks: {bridge: {IPAddress: '172.17.0.2'}}},
}
const image = {
  RepoDigests: ['other@sha256:00', `reg:5000/team/web@${DIGEST}`],
  RepoTags: ['other:1', 'reg:5000/team/web:1.1', 'reg:5000/team/web:1.2'],
}

describe('dockerSource', () => {
  let folder: TestFolder
  let socket: string
  let server: Server | NetServer | undefined
  beforeEach(() => {
    folder = mkFolder()
    socket = `${folder.path}/docker.sock`
  })
  afterEach(async () => {
    if (server !== undefined && 'closeAllConnections' in server) server.closeAllConnections()
    await new Promise(resolve => (server === undefined ? resolve(0) : server.close(resolve)))
    server = undefined
    folder.remove()
  })

  const serve = async (listener: RequestListener): Promise<void> => {
    server = createServer(listener)
    await new Promise<void>(resolve => server?.listen(socket, resolve))
  }
  /** Answers by path; 404 for others. */
  const answers =
    (byPath: Readonly<Record<string, unknown>>): RequestListener =>
    (request, response) => {
      const body = byPath[request.url ?? '']
      response.statusCode = body === undefined ? 404 : 200
      response.end(JSON.stringify(body ?? {message: 'no such container'}))
    }
  const ask = (timeoutMs = 5000): Promise<SourceAnswer> =>
    dockerSource(socket, 'docker', {labelMaxLength: 100}).ask(mkRequest('docker'), timeoutMs)
  const found = async (): Promise<ContainerInfo> => {
    const answer = await ask()
    assert.ok(typeof answer === 'object', String(answer))
    return answer
  }
  const paths = (one: object = container) => ({
    [`/containers/${ID}/json`]: one,
    [`/images/sha256%3A${'0c'.repeat(32)}/json`]: image,
  })

  it('tells everything that the runtime says', async () => {
    await serve(answers(paths()))
    assert.deepEqual(await found(), {
      id: ID.slice(0, 12),
      fullId: ID,
      runtime: 'docker',
      name: 'web',
      image: 'reg:5000/team/web:1.2',
      imageId: '0c'.repeat(32),
      imageRepository: 'reg:5000/team/web',
      imageTag: '1.2',
      imageDigest: DIGEST,
      user: 'www',
      ip: '172.17.0.2',
      cniJson: '',
      privileged: true,
      hostPid: false,
      hostNetwork: true,
      hostIpc: true,
      mounts: [
        {source: '/a', destination: '/b', mode: 'z', writable: true, propagation: 'rprivate'},
      ],
      labels: new Map([
        ['short', 'a'],
        ['io.kubernetes.pod.name', 'p'.repeat(200)],
      ]),
      env: ['A=b'],
      createdSeconds: 1_730_975_886,
      probes: new Map([['Healthcheck', {exe: '/bin/sh', args: ['-c', 'curl localhost']}]]),
      podSandboxId: '',
      podLabels: new Map(),
      isPodSandbox: false,
    } satisfies ContainerInfo)
  })

  it('takes the image from the configuration when the runtime does not know it', async () => {
    await serve(answers({[`/containers/${ID}/json`]: container}))
    const {imageRepository, imageTag, imageDigest} = await found()
    assert.deepEqual([imageRepository, imageTag, imageDigest], ['reg:5000/team/web', '1.2', ''])
  })

  it('takes the address of the container whose network it uses', async () => {
    const own = {
      ...container,
      HostConfig: {NetworkMode: 'container:other'},
      NetworkSettings: {},
    }
    await serve(
      answers({
        ...paths(own),
        '/containers/other/json': {NetworkSettings: {IPAddress: '10.0.0.9'}},
      }),
    )
    assert.equal((await found()).ip, '10.0.0.9')
  })

  it('reads the probes that an old kubelet left in a label', async () => {
    const label = JSON.stringify({
      spec: {containers: [{livenessProbe: {exec: {command: ['/check', '-q', 'x'.repeat(5000)]}}}]},
    })
    const Config = {
      ...container.Config,
      Labels: {'io.kubernetes.container.last-applied-config': label},
    }
    await serve(answers(paths({...container, Config})))
    const {probes} = await found()
    assert.deepEqual([...probes.keys()], ['LivenessProbe'])
    assert.equal(probes.get('LivenessProbe')?.exe, '/check')
  })

  it('says that it does not have the container', async () => {
    await serve(answers({}))
    assert.equal(await ask(), 'unknown')
  })

  it('says that nobody is there', async () => assert.equal(await ask(), 'unreachable'))

  const broken: {name: string; listener: RequestListener}[] = [
    {name: 'an error', listener: (_request, response) => response.writeHead(500).end('{}')},
    {name: 'no JSON', listener: (_request, response) => response.end('<html>')},
    {name: 'another container', listener: answers(paths({...container, Id: 'f'.repeat(64)}))},
    {
      name: 'an answer that is cut',
      listener: (_request, response) => {
        response.writeHead(200, {'content-length': 100})
        response.write('{"Id":')
        setImmediate(() => response.destroy())
      },
    },
    {
      name: 'an answer that never ends',
      listener: (_request, response) => {
        const more = (): void => {
          while (response.write(' '.repeat(65_536)));
          response.once('drain', more)
        }
        more()
      },
    },
  ]
  for (const {name, listener} of broken) {
    it(`gives up on ${name}`, async () => {
      await serve(listener)
      assert.equal(await ask(), 'unreachable')
    })
  }

  it('gives up in time on an answer that drips', async () => {
    let timer: NodeJS.Timeout | undefined
    await serve((_request, response) => {
      timer = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(timer))
    })
    const start = performance.now()
    assert.equal(await ask(100), 'unreachable')
    assert.ok(performance.now() - start < 2000)
  })

  it('gives up in time on one who is silent', async () => {
    const sockets: {destroy(): void}[] = []
    server = createNetServer(one => sockets.push(one))
    await new Promise<void>(resolve => server?.listen(socket, resolve))
    assert.equal(await ask(100), 'unreachable')
    for (const one of sockets) one.destroy()
  })

  it('survives an answer of nothing but wrong types', async () => {
    const odd = {
      Id: ID,
      Name: 3,
      Created: {},
      Image: [],
      Config: 'x',
      HostConfig: [],
      Mounts: {a: 1},
      NetworkSettings: {Networks: [null]},
    }
    await serve(answers({[`/containers/${ID}/json`]: odd}))
    const info = await found()
    assert.deepEqual([info.name, info.mounts, info.privileged], ['', [], false])
  })
})
