import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {resolveField} from '../../../src/compiler/field-lookup.ts'
import {
  CONTAINER_FIELDS,
  CONTAINER_INFO_FIELDS,
} from '../../../src/engine/fields/container-fields.ts'
import {K8S_FIELDS} from '../../../src/engine/fields/k8s-fields.ts'
import {MatchContext} from '../../../src/engine/match-context.ts'
import type {Event} from '../../../src/schema/event.ts'
import {currentEvent} from '../../../src/schema/event-table.ts'
import {FIELDS} from '../../../src/schema/field-table.ts'
import type {FieldValue} from '../../../src/schema/value.ts'
import {type ContainerInfo, containerInfo} from '../../../src/state/containers/container-info.ts'
import {toContainerJson} from '../../../src/state/containers/container-json.ts'
import {HostState} from '../../../src/state/host-state.ts'
import {blank, type Thread} from '../../../src/state/thread.ts'

const mkEvent = (
  name: string,
  tid: number,
  values: Readonly<Record<string, string>> = {},
): Event => ({
  num: 1,
  def: currentEvent(name)!,
  tid,
  cpu: 0,
  paramCount: 0,
  live: undefined,
  timeNs: () => 5000n,
  get: key => values[key],
})

/** Text of a field as a condition has it, to its definition and argument. */
const read = (text: string, context: MatchContext): FieldValue | undefined => {
  const [, name = '', arg] = /^([^[]+)(?:\[(.*)\])?$/.exec(text) ?? []
  const lookup = resolveField(name, arg)
  assert.ok(lookup.ok, text)
  const factory = CONTAINER_FIELDS[name] ?? K8S_FIELDS[name]
  assert.ok(factory, `no field ${name}`)
  return factory(lookup.field, {hostname: ''})(context)
}

const web: ContainerInfo = containerInfo({
  id: '3ad7b26ded6d',
  fullId: '3ad7b26ded6d8e7b23da',
  runtime: 'containerd',
  name: 'web',
  image: 'reg/web:1',
  imageRepository: 'reg/web',
  imageTag: '1',
  privileged: true,
  hostNetwork: true,
  ip: '10.0.0.1',
  mounts: [
    {source: '/a', destination: '/x', mode: 'z', writable: true, propagation: 'rprivate'},
    {source: '/proc/sys', destination: '/y', mode: '', writable: false, propagation: ''},
  ],
  labels: new Map([
    ['z', ''],
    ['io.kubernetes.pod.name', 'pod'],
    ['io.kubernetes.pod.namespace', 'ns'],
    ['io.kubernetes.pod.uid', 'uid-1'],
    ['annotation.x', 'no'],
    ['a', 'b'],
  ]),
  podSandboxId: 'feedfeedfeedfeed',
  podLabels: new Map([['app', 'web']]),
  probes: new Map([['Healthcheck', {exe: '/bin/check', args: ['-q']}]]),
})

/** A state with threads of these parts, about an event of the first. */
const mkContext = (
  infos: readonly ContainerInfo[],
  ...threads: Partial<Thread>[]
): MatchContext => {
  const state = new HostState({maxThreads: 100})
  for (const info of infos) {
    const json = toContainerJson(info)
    state.containers.take(mkEvent('container', 0, {json}))
  }
  for (const [index, parts] of threads.entries()) {
    const tid = parts.tid ?? 100 + index
    state.table.add({...blank(tid), pid: tid, parentTid: 100 + index + 1, ...parts})
  }
  const context = new MatchContext(state)
  context.begin(mkEvent('openat', threads[0]?.tid ?? 100))
  return context
}
const inside = mkContext([web], {containerId: web.id, namespaceStartNs: 2000n})
const onHost = mkContext([web], {containerId: ''})
const unnamed = mkContext([web], {containerId: 'ffffffffffff'})

describe('container fields', () => {
  const cases: {field: string; want: FieldValue | undefined; host: FieldValue | undefined}[] = [
    {field: 'container.id', want: '3ad7b26ded6d', host: 'host'},
    {field: 'container.full_id', want: '3ad7b26ded6d8e7b23da', host: 'host'},
    {field: 'container.name', want: 'web', host: 'host'},
    {field: 'container.type', want: 'containerd', host: 'host'},
    {field: 'container.image', want: 'reg/web:1', host: ''},
    {field: 'container.image.repository', want: 'reg/web', host: ''},
    {field: 'container.image.tag', want: '1', host: ''},
    {field: 'container.image.digest', want: '', host: ''},
    {field: 'container.privileged', want: true, host: false},
    {field: 'container.host_network', want: true, host: false},
    {field: 'container.host_pid', want: false, host: false},
    {field: 'container.ip', want: '10.0.0.1', host: ''},
    {
      field: 'container.mounts',
      want: '/a:/x:z:true:rprivate,/proc/sys:/y::false:',
      host: '',
    },
    {field: 'container.mount[0]', want: '/a:/x:z:true:rprivate', host: undefined},
    {field: 'container.mount[2]', want: undefined, host: undefined},
    {field: 'container.mount[/proc*]', want: '/proc/sys:/y::false:', host: undefined},
    {field: 'container.mount.dest[/a]', want: '/x', host: undefined},
    {field: 'container.mount.dest[/x]', want: undefined, host: undefined},
    {field: 'container.mount.dest[/]', want: undefined, host: undefined},
    {field: 'container.mount.source[/y]', want: '/proc/sys', host: undefined},
    {field: 'container.mount.mode[/a]', want: 'z', host: undefined},
    {field: 'container.mount.rdwr[1]', want: 'false', host: undefined},
    {field: 'container.mount.propagation[/a]', want: 'rprivate', host: undefined},
    {field: 'container.label[a]', want: 'b', host: undefined},
    {field: 'container.label[io.kubernetes.pod.name]', want: 'pod', host: undefined},
    {field: 'container.label[constructor]', want: undefined, host: undefined},
    {field: 'container.labels', want: 'a:b, z', host: ''},
    {field: 'k8s.pod.name', want: 'pod', host: undefined},
    {field: 'k8s.ns.name', want: 'ns', host: undefined},
    {field: 'k8s.pod.uid', want: 'uid-1', host: undefined},
    {field: 'k8s.pod.id', want: 'uid-1', host: undefined},
    {field: 'k8s.pod.sandbox_id', want: 'feedfeedfeed', host: ''},
    {field: 'k8s.pod.full_sandbox_id', want: 'feedfeedfeedfeed', host: ''},
    {field: 'k8s.pod.label[app]', want: 'web', host: undefined},
    {field: 'k8s.pod.labels', want: 'app:web', host: ''},
    {field: 'k8s.pod.ip', want: '10.0.0.1', host: ''},
  ]
  for (const {field, want, host} of cases) {
    it(`fill ${field}`, () => {
      assert.deepEqual(read(field, inside), want)
      assert.deepEqual(read(field, onHost), host)
      const id = field === 'container.id' ? 'ffffffffffff' : undefined
      assert.equal(read(field, unnamed), id)
    })
  }

  it('say when the container started, whether it is known or not', () => {
    assert.equal(read('container.start_ts', inside), 2000)
    assert.equal(read('container.duration', inside), 3000)
    assert.equal(read('container.start_ts', unnamed), undefined)
    const old = mkContext([], {containerId: 'x', namespaceStartNs: 4000n})
    assert.equal(read('container.duration', old), 1000)
  })

  it('ask the sandbox of the pod for what the container does not know', () => {
    const sandbox = containerInfo({
      id: 'feedfeedfeed',
      fullId: 'feedfeedfeedfeed',
      runtime: 'containerd',
      ip: '10.9.9.9',
      cniJson: '{"eth0":{}}',
      podLabels: new Map([['of', 'sandbox']]),
    })
    const context = mkContext([web, sandbox], {containerId: web.id})
    assert.equal(read('k8s.pod.ip', context), '10.9.9.9')
    assert.equal(read('k8s.pod.cni.json', context), '{"eth0":{}}')
    assert.equal(read('k8s.pod.labels', context), 'of:sandbox')
  })

  it('are those of the container that a container event announces', () => {
    const state = new HostState({maxThreads: 1})
    const context = new MatchContext(state)
    context.begin(mkEvent('container', 0, {json: toContainerJson(web)}))
    assert.equal(read('container.name', context), 'web')
  })

  const probe = {exe: '/bin/check', args: ['-q'], containerId: web.id}
  const probes: {name: string; threads: Partial<Thread>[]; want: boolean | undefined}[] = [
    {name: 'started by the runtime', threads: [probe, {containerId: ''}], want: true},
    {
      name: 'below such a one',
      threads: [{containerId: web.id, exe: 'curl'}, probe, {containerId: ''}],
      want: true,
    },
    {
      name: 'started by the first process of the container',
      threads: [probe, {containerId: web.id, vpid: 1}, {containerId: ''}],
      want: false,
    },
    {name: 'with other arguments', threads: [{...probe, args: []}, {containerId: ''}], want: false},
    {name: 'on the host', threads: [{...probe, containerId: ''}], want: undefined},
    {name: 'in another container', threads: [{...probe, containerId: 'x'}], want: undefined},
  ]
  for (const {name, threads, want} of probes) {
    it(`${want === true ? 'know' : 'do not take for'} a health check one ${name}`, () => {
      const context = mkContext([web], ...threads)
      assert.equal(read('proc.is_container_healthcheck', context), want)
      if (want !== undefined) assert.equal(read('proc.is_container_liveness_probe', context), false)
    })
  }

  it('are all those of the catalogue that are not deprecated', () => {
    const filled = new Set([...Object.keys(CONTAINER_FIELDS), ...Object.keys(K8S_FIELDS)])
    const missing = FIELDS.filter(
      field => ['container', 'k8s'].includes(field.class) && field.deprecated !== true,
    )
      .map(({name}) => name)
      .filter(name => !filled.has(name))
    assert.deepEqual(missing, [])
    for (const name of Object.keys(CONTAINER_INFO_FIELDS)) assert.ok(filled.has(name))
  })
})
