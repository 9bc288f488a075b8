/** The JSON of `container` events: how captures carry what is known of a container. */
import {type ByteString, bytesOf, textOf, untilNul} from '../../schema/bytes.ts'
import type {ContainerRuntime} from './container-id.ts'
import {
  type ContainerInfo,
  type ContainerMount,
  type ContainerProbe,
  containerInfo,
  type ProbeKind,
} from './container-info.ts'
import {
  flagAt,
  listAt,
  numberAt,
  parseJson,
  textAt,
  textMapAt,
  textsAt,
  valueAt,
} from './json-value.ts'

/** A longer text is not read. */
const MAX_JSON = 4 * 1024 * 1024
const UNKNOWN_TYPE = 0xffff

/** Numbers of the kinds of container in captures (falcosecurity/plugins container, src/container_type.h). */
const TYPE_NUMBERS: readonly (readonly [runtime: ContainerRuntime, number: number])[] = [
  ['docker', 0],
  ['lxc', 1],
  ['libvirt-lxc', 2],
  ['cri', 6],
  ['containerd', 7],
  ['cri-o', 8],
  ['bpm', 9],
  ['podman', 11],
  ['host', 0xfffe],
]
const RUNTIMES: ReadonlyMap<number, ContainerRuntime> = new Map(
  TYPE_NUMBERS.map(([runtime, number]) => [number, runtime]),
)
const NUMBERS: ReadonlyMap<ContainerRuntime, number> = new Map(TYPE_NUMBERS)
const PROBES: readonly ProbeKind[] = ['Healthcheck', 'LivenessProbe', 'ReadinessProbe']

/**
 * Reads the JSON text of a container event. Those that were made of the oldest form have their values at the top, all others
 * under `container`. Undefined when it is not valid or names no container.
 */
export function fromContainerJson(json: ByteString): ContainerInfo | undefined {
  const root = parseJson(textOf(untilNul(json)), MAX_JSON)
  const container = valueAt(root, 'container') ?? root
  const id = textAt(container, 'id')
  if (id === '') return undefined
  const number = valueAt(container, 'type')
  const fullId = textAt(container, 'full_id')
  return containerInfo({
    id,
    fullId: fullId === '' ? id : fullId,
    runtime:
      textAt(container, 'runtime') === 'systemd-nspawn'
        ? 'systemd-nspawn'
        : ((typeof number === 'number' ? RUNTIMES.get(number) : undefined) ?? ''),
    name: textAt(container, 'name'),
    image: textAt(container, 'image'),
    imageId: textAt(container, 'imageid'),
    imageRepository: textAt(container, 'imagerepo'),
    imageTag: textAt(container, 'imagetag'),
    imageDigest: textAt(container, 'imagedigest'),
    user: textAt(container, 'User'),
    ip: textAt(container, 'ip'),
    cniJson: textAt(container, 'cni_json'),
    privileged: flagAt(container, 'privileged'),
    hostPid: flagAt(container, 'host_pid'),
    hostNetwork: flagAt(container, 'host_network'),
    hostIpc: flagAt(container, 'host_ipc'),
    mounts: listAt(container, 'Mounts').map(mountOf),
    labels: textMapAt(container, 'labels'),
    env: textsAt(container, 'env'),
    createdSeconds: numberAt(container, 'created_time'),
    probes: new Map(
      PROBES.filter(kind => textAt(container, kind, 'exe') !== '').map(kind => [
        kind,
        probeOf(valueAt(container, kind)),
      ]),
    ),
    podSandboxId: textAt(container, 'pod_sandbox_id'),
    podLabels: textMapAt(container, 'pod_sandbox_labels'),
    isPodSandbox: flagAt(container, 'is_pod_sandbox'),
  })
}

/** Writes the JSON text of a container event; {@link fromContainerJson} reads it back. */
export function toContainerJson(info: ContainerInfo): ByteString {
  const number = NUMBERS.get(info.runtime)
  const container = {
    type: number ?? UNKNOWN_TYPE,
    id: textOf(info.id),
    name: textOf(info.name),
    image: textOf(info.image),
    imagedigest: textOf(info.imageDigest),
    imageid: textOf(info.imageId),
    imagerepo: textOf(info.imageRepository),
    imagetag: textOf(info.imageTag),
    User: textOf(info.user),
    cni_json: textOf(info.cniJson),
    created_time: info.createdSeconds,
    env: info.env.map(textOf),
    full_id: textOf(info.fullId),
    host_ipc: info.hostIpc,
    host_network: info.hostNetwork,
    host_pid: info.hostPid,
    ip: textOf(info.ip),
    is_pod_sandbox: info.isPodSandbox,
    labels: plainMap(info.labels),
    pod_sandbox_id: textOf(info.podSandboxId),
    privileged: info.privileged,
    pod_sandbox_labels: plainMap(info.podLabels),
    port_mappings: [],
    Mounts: info.mounts.map(({source, destination, mode, writable, propagation}) => ({
      Source: textOf(source),
      Destination: textOf(destination),
      Mode: textOf(mode),
      RW: writable,
      Propagation: textOf(propagation),
    })),
    ...Object.fromEntries(
      [...info.probes].map(([kind, {exe, args}]) => [
        kind,
        {exe: textOf(exe), args: args.map(textOf)},
      ]),
    ),
    ...(number === undefined && info.runtime !== '' ? {runtime: info.runtime} : {}),
  }
  return bytesOf(JSON.stringify({container}))
}

function mountOf(mount: unknown): ContainerMount {
  return {
    source: textAt(mount, 'Source'),
    destination: textAt(mount, 'Destination'),
    mode: textAt(mount, 'Mode'),
    writable: flagAt(mount, 'RW'),
    propagation: textAt(mount, 'Propagation'),
  }
}

function probeOf(probe: unknown): ContainerProbe {
  return {exe: textAt(probe, 'exe'), args: textsAt(probe, 'args')}
}

/** An object whose keys are text from elsewhere: own properties, whatever their names. */
function plainMap(map: ReadonlyMap<ByteString, ByteString>): Record<string, string> {
  return Object.fromEntries([...map].map(([key, value]) => [textOf(key), textOf(value)]))
}
