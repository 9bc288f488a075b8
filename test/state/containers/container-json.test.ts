import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {bytesOf} from '../../../src/schema/bytes.ts'
import type {ContainerRuntime} from '../../../src/state/containers/container-id.ts'
import {type ContainerInfo, containerInfo} from '../../../src/state/containers/container-info.ts'
import {fromContainerJson, toContainerJson} from '../../../src/state/containers/container-json.ts'

const full: ContainerInfo = {
  id: '32a1026ccb88',
  fullId: '32a1026ccb88a551e2a38eb8f260b4700aefec7e8c007344057e58a9fa302374',
  runtime: 'containerd',
  name: bytesOf('näme'),
  image: 'reg:5000/a:1',
  imageId: 'abc',
  imageRepository: 'reg:5000/a',
  imageTag: '1',
  imageDigest: 'sha256:ff',
  user: '0',
  ip: '10.0.0.1',
  cniJson: '{"eth0":{}}',
  privileged: true,
  hostPid: true,
  hostNetwork: false,
  hostIpc: true,
  mounts: [{source: '/a', destination: '/b', mode: 'z', writable: true, propagation: 'rslave'}],
  labels: new Map([
    ['k', 'v'],
    ['__proto__', 'x'],
  ]),
  env: ['A=b'],
  createdSeconds: 1_730_971_086,
  probes: new Map([['LivenessProbe', {exe: '/bin/check', args: ['-a']}]]),
  podSandboxId: 'feed',
  podLabels: new Map([['app', 'web']]),
  isPodSandbox: false,
}

describe('container JSON', () => {
  it('is read back as it was written', () => {
    assert.deepEqual(fromContainerJson(toContainerJson(full)), full)
  })

  const runtimes: ContainerRuntime[] = [
    ...(['docker', 'podman', 'cri-o', 'containerd', 'cri', 'lxc', 'libvirt-lxc', 'bpm'] as const),
    'systemd-nspawn',
    'host',
    '',
  ]
  for (const runtime of runtimes) {
    it(`keeps the kind ${runtime || 'unknown'}`, () => {
      const info = containerInfo({id: 'a', fullId: 'a', runtime})
      assert.equal(fromContainerJson(toContainerJson(info))?.runtime, runtime)
    })
  }

  it('reads what captures of the oldest form become', () => {
    const info = fromContainerJson('{"id":"abc","type":0,"name":"web","image":"nginx"}')
    assert.deepEqual(
      info,
      containerInfo({id: 'abc', fullId: 'abc', runtime: 'docker', name: 'web', image: 'nginx'}),
    )
  })

  it('reads text up to a NUL, and null for nothing', () => {
    const json = '{"container":{"id":"abc","labels":null,"pod_sandbox_labels":null,"env":null}}\0\0'
    assert.deepEqual(
      fromContainerJson(json),
      containerInfo({id: 'abc', fullId: 'abc', runtime: ''}),
    )
  })

  const refused: {name: string; json: string}[] = [
    {name: 'nothing', json: ''},
    {name: 'broken text', json: '{"container":{"id":"a"'},
    {name: 'no id', json: '{"container":{"name":"a"}}'},
    {name: 'an id that is no text', json: '{"container":{"id":12}}'},
    {name: 'a list', json: '[{"id":"a"}]'},
    {name: 'a container that is null', json: '{"container":null}'},
    {name: 'a very deep text', json: '['.repeat(200_000)},
    {name: 'a very long text', json: `{"id":"${'a'.repeat(4 * 1024 * 1024)}"}`},
  ]
  for (const {name, json} of refused) {
    it(`refuses ${name}`, () => assert.equal(fromContainerJson(json), undefined))
  }

  it('takes nothing of the wrong type', () => {
    const json = JSON.stringify({
      container: {
        id: 'a',
        type: '0',
        name: ['x'],
        privileged: 'true',
        created_time: 'now',
        env: [1, null, 'A=b'],
        labels: {a: 1, b: 'c'},
        Mounts: [null, 3, {Source: '/x', RW: 1}],
        LivenessProbe: {exe: 3},
      },
    })
    const info = fromContainerJson(json)
    assert.ok(info)
    assert.deepEqual([info.runtime, info.name, info.privileged], ['', '', false])
    assert.deepEqual([info.env, [...info.labels], info.probes.size], [['A=b'], [['b', 'c']], 0])
    assert.deepEqual(
      info.mounts.map(({source, writable}) => [source, writable]),
      [
        ['', false],
        ['', false],
        ['/x', false],
      ],
    )
  })

  it('cuts what is too long and counts what is too much', () => {
    const mounts = Array.from({length: 5000}, () => ({Source: 'x'.repeat(10_000)}))
    const info = fromContainerJson(
      JSON.stringify({container: {id: 'a\0b', Mounts: mounts.slice(0, 300)}}),
    )
    assert.equal(info?.id, 'a')
    assert.equal(info?.mounts[0]?.source.length, 4096)
    const many = fromContainerJson(
      JSON.stringify({container: {id: 'a', env: Array.from({length: 5000}, () => 'a')}}),
    )
    assert.equal(many?.env.length, 1024)
  })
})
