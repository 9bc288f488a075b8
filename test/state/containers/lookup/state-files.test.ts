import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {mkdirSync} from 'node:fs'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {CAPABILITIES} from '../../../../src/schema/tables/names.ts'
import type {ContainerInfo} from '../../../../src/state/containers/container-info.ts'
import {machineSources} from '../../../../src/state/containers/lookup/machine-files.ts'
import type {SourceAnswer} from '../../../../src/state/containers/lookup/source.ts'
import {fileSources} from '../../../../src/state/containers/lookup/state-files.ts'
import {ID, mkFolder, mkRequest, type TestFolder} from './requests.ts'

const ALL = CAPABILITIES.map(([name]) => name)
const DEFAULT = ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETUID']

const spec = (parts: {
  annotations?: Readonly<Record<string, string>>
  bounding?: readonly string[]
  linux?: object
  process?: object
}): object => ({
  process: {
    user: {uid: 7},
    env: ['A=b'],
    capabilities: {bounding: parts.bounding ?? DEFAULT},
    ...parts.process,
  },
  mounts: [
    {destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid']},
    {destination: '/b', type: 'bind', source: '/a', options: ['rbind', 'ro', 'rslave', 'mode=755']},
  ],
  annotations: parts.annotations ?? {},
  linux: {
    namespaces: [{type: 'pid'}, {type: 'ipc'}, {type: 'mount'}],
    rootfsPropagation: 'private',
    ...parts.linux,
  },
})

describe('state files', () => {
  let folder: TestFolder
  beforeEach(() => {
    folder = mkFolder()
  })
  afterEach(() => folder.remove())

  const ask = async (
    request: ReturnType<typeof mkRequest>,
    make: typeof fileSources = fileSources,
  ): Promise<SourceAnswer[]> =>
    Promise.all(
      make({root: folder.path, labelMaxLength: 100}).map(source => source.ask(request, 1000)),
    )
  const found = async (
    request: ReturnType<typeof mkRequest>,
    make?: typeof fileSources,
  ): Promise<ContainerInfo> => {
    const [info] = (await ask(request, make)).filter(answer => typeof answer === 'object')
    assert.ok(info)
    return info
  }

  it('say nothing where no runtime is', async () => {
    assert.deepEqual(await ask(mkRequest('docker')), ['unreachable', 'unreachable', 'unreachable'])
  })

  it('may say something later where a runtime is', async () => {
    mkdirSync(`${folder.path}/var/lib/docker/containers`, {recursive: true})
    mkdirSync(`${folder.path}/run/containerd/io.containerd.runtime.v2.task`, {recursive: true})
    mkdirSync(`${folder.path}/var/lib/containers/storage/overlay-containers`, {recursive: true})
    assert.deepEqual(await ask(mkRequest('docker')), ['unknown', 'unknown', 'unknown'])
  })

  it('of Docker say what inspect would', async () => {
    const home = `var/lib/docker/containers/${ID}`
    folder.write(`${home}/config.v2.json`, {
      ID,
      Name: '/web',
      Created: '2024-11-07T10:38:06Z',
      Image: 'sha256:cafe',
      Config: {Image: 'nginx:1.25', Labels: {a: 'b'}},
      NetworkSettings: {Networks: {bridge: {IPAddress: '172.17.0.3'}}},
      MountPoints: {'/b': {Source: '/a', Destination: '/b', RW: true, Propagation: 'rprivate'}},
    })
    folder.write(`${home}/hostconfig.json`, {Privileged: true, PidMode: 'host'})
    const info = await found(mkRequest('docker'))
    assert.deepEqual(
      [info.runtime, info.name, info.image, info.imageRepository, info.imageTag, info.ip],
      ['docker', 'web', 'nginx:1.25', 'nginx', '1.25', '172.17.0.3'],
    )
    assert.deepEqual([info.privileged, info.hostPid, info.imageId], [true, true, 'cafe'])
    assert.deepEqual(info.mounts, [
      {source: '/a', destination: '/b', mode: '', writable: true, propagation: 'rprivate'},
    ])
    assert.deepEqual([...info.labels], [['a', 'b']])
  })

  const task = (namespace: string): string =>
    `run/containerd/io.containerd.runtime.v2.task/${namespace}/${ID}/config.json`

  it('of containerd say what the kubelet asked for', async () => {
    folder.write(
      task('k8s.io'),
      spec({
        annotations: {
          'io.kubernetes.cri.container-name': 'web',
          'io.kubernetes.cri.container-type': 'container',
          'io.kubernetes.cri.image-name': 'docker.io/library/nginx:1.25',
          'io.kubernetes.cri.sandbox-id': 'feed',
          'io.kubernetes.cri.sandbox-name': 'pod',
          'io.kubernetes.cri.sandbox-namespace': 'ns',
          'io.kubernetes.cri.sandbox-uid': 'uid-1',
        },
      }),
    )
    const info = await found(mkRequest('cri'))
    assert.deepEqual(
      [info.runtime, info.name, info.imageRepository, info.imageTag, info.podSandboxId, info.user],
      ['containerd', 'web', 'docker.io/library/nginx', '1.25', 'feed', '7'],
    )
    assert.deepEqual(
      [info.hostPid, info.hostNetwork, info.hostIpc, info.privileged],
      [false, true, false, false],
    )
    assert.deepEqual(Object.fromEntries(info.labels), {
      'io.kubernetes.pod.name': 'pod',
      'io.kubernetes.pod.namespace': 'ns',
      'io.kubernetes.pod.uid': 'uid-1',
    })
    assert.deepEqual(info.mounts, [
      {source: 'proc', destination: '/proc', mode: '', writable: true, propagation: 'private'},
      {source: '/a', destination: '/b', mode: '755', writable: false, propagation: 'rslave'},
    ])
  })

  it('of containerd know the sandbox of a pod, Docker’s containers, and the namespace of a path', async () => {
    folder.write(
      task('k8s.io'),
      spec({
        annotations: {
          'io.kubernetes.cri.container-type': 'sandbox',
          'io.kubernetes.cri.sandbox-name': 'pod',
        },
      }),
    )
    const sandbox = await found(mkRequest('cri'))
    assert.deepEqual([sandbox.isPodSandbox, sandbox.podSandboxId, sandbox.name], [true, ID, 'pod'])
    folder.write(task('moby'), spec({}))
    const named = await found(mkRequest('containerd', ID, `/moby/${ID}`))
    assert.deepEqual([named.runtime, named.name], ['docker', ID.slice(0, 12)])
  })

  const privileged: {name: string; spec: object; want: boolean}[] = [
    {name: 'nothing but the usual capabilities', spec: spec({}), want: false},
    {name: 'all capabilities and nothing hidden', spec: spec({bounding: ALL}), want: true},
    {
      name: 'all capabilities of an older kernel',
      spec: spec({bounding: ALL.slice(0, 38)}),
      want: true,
    },
    {name: 'all capabilities but one', spec: spec({bounding: ALL.slice(1)}), want: false},
    {
      name: 'a seccomp filter',
      spec: spec({bounding: ALL, linux: {seccomp: {defaultAction: 'SCMP_ACT_ERRNO'}}}),
      want: false,
    },
    {
      name: 'hidden files',
      spec: spec({bounding: ALL, linux: {maskedPaths: ['/proc/kcore']}}),
      want: false,
    },
    {
      name: 'a profile',
      spec: spec({
        bounding: ALL,
        process: {apparmorProfile: 'docker-default', capabilities: {bounding: ALL}},
      }),
      want: false,
    },
    {
      name: "Podman's word for it",
      spec: spec({annotations: {'io.podman.annotations.privileged': 'TRUE'}}),
      want: true,
    },
  ]
  for (const {name, spec: one, want} of privileged) {
    it(`take a container with ${name} for ${want ? '' : 'not '}privileged`, async () => {
      folder.write(task('k8s.io'), one)
      assert.equal((await found(mkRequest('cri'))).privileged, want)
    })
  }

  it('of Podman name the container and its image', async () => {
    folder.write(
      `run/containers/storage/overlay-containers/${ID}/userdata/config.json`,
      spec({annotations: {'io.container.manager': 'libpod'}}),
    )
    folder.write('var/lib/containers/storage/overlay-containers/containers.json', [
      {id: 'other', names: ['no']},
      {
        id: ID,
        names: ['web'],
        image: 'cafe',
        metadata: JSON.stringify({'image-name': 'docker.io/library/alpine:3', name: 'web'}),
        created: '2024-11-07T10:38:06Z',
      },
    ])
    const info = await found(mkRequest('podman'))
    assert.deepEqual(
      [info.runtime, info.name, info.image, info.imageId, info.imageTag, info.createdSeconds],
      ['podman', 'web', 'docker.io/library/alpine:3', 'cafe', '3', 1_730_975_886],
    )
  })

  it('of CRI-O name pod, labels and network', async () => {
    folder.write(
      `var/lib/containers/storage/overlay-containers/${ID}/userdata/config.json`,
      spec({
        annotations: {
          'io.kubernetes.container.name': 'web',
          'io.kubernetes.pod.name': 'pod',
          'io.kubernetes.pod.namespace': 'ns',
          'io.kubernetes.cri-o.ImageName': 'quay.io/a/b:2',
          'io.kubernetes.cri-o.SandboxID': 'feed',
          'io.kubernetes.cri-o.IP.0': '10.1.1.1',
          'io.kubernetes.cri-o.Labels': '{"app":"web"}',
        },
      }),
    )
    const info = await found(mkRequest('cri-o'))
    assert.deepEqual(
      [info.runtime, info.name, info.imageRepository, info.ip, info.podSandboxId],
      ['cri-o', 'web', 'quay.io/a/b', '10.1.1.1', 'feed'],
    )
    assert.deepEqual(Object.fromEntries(info.labels), {
      app: 'web',
      'io.kubernetes.pod.name': 'pod',
      'io.kubernetes.pod.namespace': 'ns',
    })
  })

  const hostile: {name: string; make: (folder: TestFolder) => void}[] = [
    {name: 'broken JSON', make: one => one.write(task('k8s.io'), '{')},
    {name: 'a file that is too large', make: one => one.write(task('k8s.io'), ' '.repeat(5 << 20))},
    {name: 'a folder', make: one => mkdirSync(`${one.path}/${task('k8s.io')}`, {recursive: true})},
    {
      name: 'a pipe',
      make: one => {
        one.write(task('k8s.io').replace('config.json', 'x'), '')
        execFileSync('mkfifo', [`${one.path}/${task('k8s.io')}`])
      },
    },
    {name: 'deep nesting', make: one => one.write(task('k8s.io'), '['.repeat(100_000))},
  ]
  for (const {name, make} of hostile) {
    it(`take nothing from ${name}`, async () => {
      make(folder)
      assert.equal((await ask(mkRequest('cri')))[1], 'unknown')
    })
  }

  it('never leave their folder', async () => {
    folder.write('etc/config.json', spec({}))
    for (const id of ['..', '../../../../etc', 'a/b', '', 'a'.repeat(200), '.hidden'])
      assert.deepEqual(await ask(mkRequest('cri', id)), [
        'unreachable',
        'unreachable',
        'unreachable',
      ])
  })

  it('of systemd say where a machine runs from', async () => {
    folder.write(
      'run/systemd/machines/deb-12',
      '# This is private data.\nNAME=deb-12\nCLASS=container\nROOT="/var/lib/machines/deb \\"12\\""\nREALTIME=1730975886123456\nLEADER=12\n',
    )
    const info = await found(mkRequest('systemd-nspawn', 'deb-12'), machineSources)
    assert.deepEqual(
      [info.id, info.runtime, info.name, info.image, info.createdSeconds],
      ['deb-12', 'systemd-nspawn', 'deb-12', '/var/lib/machines/deb "12"', 1_730_975_886],
    )
  })

  it('of LXC say what is mounted', async () => {
    folder.write(
      'var/lib/lxc/web/config',
      [
        '# comment',
        'lxc.uts.name = web1',
        'lxc.rootfs.path = dir:/var/lib/lxc/web/rootfs',
        'lxc.mount.entry = /srv srv none bind,ro 0 0',
        'lxc.mount.entry = /dev/fuse /dev/fuse none bind 0 0',
        'lxc.cap.drop =',
        'nonsense',
      ].join('\n'),
    )
    const info = await found(mkRequest('lxc', 'web'), machineSources)
    assert.deepEqual(
      [info.name, info.image, info.privileged],
      ['web1', 'dir:/var/lib/lxc/web/rootfs', true],
    )
    assert.deepEqual(
      info.mounts.map(({source, destination, writable}) => [source, destination, writable]),
      [
        ['/srv', '/srv', false],
        ['/dev/fuse', '/dev/fuse', true],
      ],
    )
  })

  it('of machines answer only for their own', async () => {
    folder.write('var/lib/lxc/web/config', 'lxc.uts.name = a\n')
    assert.deepEqual(await ask(mkRequest('docker', 'web'), machineSources), [
      'unreachable',
      'unreachable',
    ])
  })
})
