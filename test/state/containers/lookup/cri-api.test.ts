import assert from 'node:assert/strict'
import {createServer, type Http2Server, type ServerHttp2Stream} from 'node:http2'
import {createServer as createNetServer, type Server} from 'node:net'
import {afterEach, beforeEach, describe, it} from 'mocha'
import type {ContainerInfo} from '../../../../src/state/containers/container-info.ts'
import {criSource} from '../../../../src/state/containers/lookup/cri-api.ts'
import {readProto, writeProto} from '../../../../src/state/containers/lookup/protobuf.ts'
import type {SourceAnswer} from '../../../../src/state/containers/lookup/source.ts'
import {DIGEST, ID, mkFolder, mkRequest, type TestFolder} from './requests.ts'

const SANDBOX_ID = 'ab'.repeat(32)

/** A message with integer fields besides: written as the wire has them. */
const proto = (
  fields: readonly (readonly [number, string | boolean | Buffer | number | bigint])[],
): Buffer =>
  Buffer.concat(
    fields.map(([field, value]) => {
      if (typeof value !== 'number' && typeof value !== 'bigint')
        return writeProto([[field, value]])
      const bytes: number[] = []
      let left = BigInt(value)
      for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80)
      return Buffer.from([field * 8, ...bytes, Number(left)])
    }),
  )
const map = (field: number, entries: Readonly<Record<string, string>>) =>
  Object.entries(entries).map(
    ([key, value]) =>
      [
        field,
        proto([
          [1, key],
          [2, value],
        ]),
      ] as const,
  )

const statusOf = (info: object, id: string = ID): Buffer =>
  proto([
    [
      1,
      proto([
        [1, id],
        [2, proto([[1, 'web']])],
        [4, 1_730_971_086_123_456_789n],
        [8, proto([[1, 'docker.io/library/nginx:1.25']])],
        [9, `docker.io/library/nginx@${DIGEST}`],
        ...map(12, {short: 'a', long: 'x'.repeat(101)}),
        [
          14,
          proto([
            [1, '/b'],
            [2, '/a'],
            [3, 1],
            [5, 2],
          ]),
        ],
        [
          14,
          proto([
            [1, '/d'],
            [2, '/c'],
          ]),
        ],
        [17, 'sha256:feed'],
      ]),
    ],
    ...map(2, {info: JSON.stringify(info)}),
  ])
const sandboxStatus = (id = SANDBOX_ID): Buffer =>
  proto([
    [
      1,
      proto([
        [1, id],
        [
          2,
          proto([
            [1, 'pod'],
            [2, 'uid-1'],
            [3, 'ns'],
          ]),
        ],
        [5, proto([[1, '10.1.2.3']])],
        [
          6,
          proto([
            [
              1,
              proto([
                [
                  2,
                  proto([
                    [1, 2],
                    [2, 1],
                    [3, 2],
                  ]),
                ],
              ]),
            ],
          ]),
        ],
        ...map(7, {app: 'web'}),
      ]),
    ],
    ...map(2, {
      info: JSON.stringify({
        cniResult: {Interfaces: {lo: {}, veth12: {}, eth0: {IPConfigs: [{IP: '10.1.2.3'}]}}},
      }),
    }),
  ])
const containerdInfo = {
  sandboxID: SANDBOX_ID,
  config: {
    image: {image: 'sha256:cafe'},
    envs: [{key: 'A', value: 'b'}],
    linux: {security_context: {privileged: true}},
  },
  runtimeSpec: {process: {user: {uid: 33}}},
}

/** A gRPC code, or the bytes of an answer. */
type Reply = number | Buffer
type Methods = Readonly<Record<string, (request: Buffer) => Reply>>

describe('criSource', () => {
  let folder: TestFolder
  let socket: string
  let stop: (() => Promise<void>) | undefined
  beforeEach(() => {
    folder = mkFolder()
    socket = `${folder.path}/cri.sock`
  })
  afterEach(async () => {
    await stop?.()
    stop = undefined
    folder.remove()
  })

  const listen = async (server: Http2Server | Server, ends: Set<{destroy(): void}>) => {
    await new Promise<void>(resolve => server.listen(socket, resolve))
    stop = () =>
      new Promise(resolve => {
        for (const end of ends) end.destroy()
        server.close(() => resolve())
      })
  }
  const serveStreams = async (
    take: (stream: ServerHttp2Stream, path: string) => void,
  ): Promise<void> => {
    const server = createServer()
    const sessions = new Set<{destroy(): void}>()
    server.on('session', session => sessions.add(session))
    server.on('stream', (stream, headers) => {
      // The client ends calls that take too long.
      stream.on('error', () => {})
      take(stream, String(headers[':path']))
    })
    await listen(server, sessions)
  }
  const reply = (stream: ServerHttp2Stream, answer: Reply): void => {
    if (typeof answer === 'number') {
      const head = {':status': 200, 'content-type': 'application/grpc'}
      stream.respond({...head, 'grpc-status': String(answer)}, {endStream: true})
      return
    }
    stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true})
    stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}))
    const head = Buffer.alloc(5)
    head.writeUInt32BE(answer.length, 1)
    stream.end(Buffer.concat([head, answer]))
  }
  const serve = (methods: Methods, service = 'runtime.v1.RuntimeService'): Promise<void> =>
    serveStreams((stream, path) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const method = methods[path.split('/')[2] ?? '']
        if (!path.startsWith(`/${service}/`) || method === undefined) return reply(stream, 12)
        reply(stream, method(Buffer.concat(chunks).subarray(5)))
      })
    })
  const ask = (timeoutMs = 5000): Promise<SourceAnswer> =>
    criSource(socket, {labelMaxLength: 100}).ask(mkRequest('cri'), timeoutMs)
  const found = async (): Promise<ContainerInfo> => {
    const answer = await ask()
    assert.ok(typeof answer === 'object', String(answer))
    return answer
  }
  const version = (name: string) => () =>
    proto([
      [1, '0.1.0'],
      [2, name],
    ])
  const containerd: Methods = {
    Version: version('containerd'),
    ContainerStatus: request => {
      const message = readProto(request)
      assert.equal(message.number(2), 1)
      return message.text(1) === ID ? statusOf(containerdInfo) : 5
    },
    PodSandboxStatus: request => (readProto(request).text(1) === SANDBOX_ID ? sandboxStatus() : 5),
  }

  const want: ContainerInfo = {
    id: ID.slice(0, 12),
    fullId: ID,
    runtime: 'containerd',
    name: 'web',
    image: 'docker.io/library/nginx:1.25',
    imageId: 'cafe',
    imageRepository: 'docker.io/library/nginx',
    imageTag: '1.25',
    imageDigest: DIGEST,
    user: '33',
    ip: '10.1.2.3',
    cniJson: '{"eth0":{"IPConfigs":[{"IP":"10.1.2.3"}]}}',
    privileged: true,
    hostPid: false,
    hostNetwork: true,
    hostIpc: true,
    mounts: [
      {source: '/a', destination: '/b', mode: '', writable: false, propagation: 'rshared'},
      {source: '/c', destination: '/d', mode: '', writable: true, propagation: 'private'},
    ],
    labels: new Map([
      ['short', 'a'],
      ['io.kubernetes.sandbox.id', SANDBOX_ID],
      ['io.kubernetes.pod.name', 'pod'],
      ['io.kubernetes.pod.namespace', 'ns'],
      ['io.kubernetes.pod.uid', 'uid-1'],
    ]),
    env: ['A=b'],
    createdSeconds: 1_730_971_086,
    probes: new Map(),
    podSandboxId: SANDBOX_ID,
    podLabels: new Map([['app', 'web']]),
    isPodSandbox: false,
  }

  it('tells everything that containerd says', async () => {
    await serve(containerd)
    assert.deepEqual(await found(), want)
  })

  it('speaks the older version with an older runtime', async () => {
    await serve(containerd, 'runtime.v1alpha2.RuntimeService')
    assert.deepEqual(await found(), want)
  })

  it('understands CRI-O, which says less in other places', async () => {
    const info = {
      privileged: true,
      runtimeSpec: {annotations: {'io.kubernetes.cri-o.ImageName': 'quay.io/a/b:2'}},
    }
    const status = proto([
      [
        1,
        proto([
          [1, ID],
          [8, proto([[1, 'sha256:feed']])],
          [9, 'feed'],
        ]),
      ],
      ...map(2, {info: JSON.stringify(info)}),
    ])
    await serve({
      ...containerd,
      Version: version('cri-o'),
      ContainerStatus: () => status,
      ListContainers: request => {
        assert.equal(readProto(request).message(1).text(1), ID)
        return proto([
          [
            1,
            proto([
              [1, ID],
              [2, SANDBOX_ID],
            ]),
          ],
        ])
      },
    })
    const {runtime, image, imageRepository, imageTag, privileged, podSandboxId} = await found()
    assert.deepEqual(
      [runtime, image, imageRepository, imageTag, privileged, podSandboxId],
      ['cri-o', 'quay.io/a/b:2', 'quay.io/a/b', '2', true, SANDBOX_ID],
    )
  })

  it('knows the sandbox of a pod', async () => {
    await serve({
      ...containerd,
      ContainerStatus: () => 5,
      PodSandboxStatus: () => sandboxStatus(ID),
    })
    const {name, isPodSandbox, podSandboxId, podLabels} = await found()
    assert.deepEqual([name, isPodSandbox, podSandboxId], ['pod', true, ID])
    assert.deepEqual(podLabels, new Map([['app', 'web']]))
  })

  it('tells of a container whose sandbox is gone', async () => {
    await serve({...containerd, PodSandboxStatus: () => 5})
    const {name, podSandboxId, ip} = await found()
    assert.deepEqual([name, podSandboxId, ip], ['web', '', ''])
  })

  it('says that it does not have the container', async () => {
    await serve({...containerd, ContainerStatus: () => 5, PodSandboxStatus: () => 5})
    assert.equal(await ask(), 'unknown')
  })

  it('says that nobody is there', async () => assert.equal(await ask(), 'unreachable'))

  const broken: {name: string; methods: Methods}[] = [
    {name: 'a runtime without the interface', methods: {}},
    {name: 'a refusal', methods: {...containerd, Version: () => 7}},
    {name: 'another container', methods: {...containerd, ContainerStatus: () => statusOf({}, 'x')}},
    {
      name: 'an answer of nothing',
      methods: {...containerd, ContainerStatus: () => Buffer.alloc(0)},
    },
    {
      name: 'a field that is cut',
      methods: {...containerd, ContainerStatus: () => Buffer.from([10, 100, 1])},
    },
    {
      name: 'a number that never ends',
      methods: {...containerd, ContainerStatus: () => Buffer.alloc(64, 0xff)},
    },
    {
      name: 'too many fields',
      methods: {...containerd, ContainerStatus: () => Buffer.alloc(100_000, Buffer.from([8, 1]))},
    },
    {
      name: 'an answer that is too long',
      methods: {...containerd, ContainerStatus: () => Buffer.alloc(5 * 1024 * 1024)},
    },
  ]
  for (const {name, methods} of broken) {
    it(`gives up on ${name}`, async () => {
      await serve(methods)
      assert.equal(await ask(), 'unreachable')
    })
  }

  it('reads additional documents that are no JSON as nothing', async () => {
    const status = proto([[1, proto([[1, ID]])], ...map(2, {info: '{"config":'})])
    await serve({...containerd, ContainerStatus: () => status, ListContainers: () => 12})
    assert.equal((await found()).privileged, false)
  })

  it('gives up on a length that is a lie', async () => {
    await serveStreams(stream => {
      stream.respond({':status': 200}, {waitForTrailers: true})
      stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}))
      stream.end(Buffer.from([0, 0, 0, 0, 9, 1]))
    })
    assert.equal(await ask(), 'unreachable')
  })

  it('gives up in time on an answer that does not come', async () => {
    await serveStreams(() => {})
    const start = performance.now()
    assert.equal(await ask(100), 'unreachable')
    assert.ok(performance.now() - start < 2000)
  })

  it('gives up in time on one who is silent, or speaks something else', async () => {
    for (const greeting of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n']) {
      const sockets = new Set<{destroy(): void}>()
      const server = createNetServer(one => {
        one.on('error', () => {})
        sockets.add(one)
        one.write(greeting)
      })
      await listen(server, sockets)
      assert.equal(await ask(100), 'unreachable')
      await stop?.()
      stop = undefined
    }
  })
})
