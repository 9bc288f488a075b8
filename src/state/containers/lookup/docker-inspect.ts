/** From what Docker's `inspect` says of a container to the common form. Podman answers in the same words. */
import type {ByteString} from '../../../schema/bytes.ts'
import {type ContainerRuntime, shortId} from '../container-id.ts'
import {
  type ContainerInfo,
  type ContainerProbe,
  containerInfo,
  type ProbeKind,
} from '../container-info.ts'
import {splitImage} from '../image-reference.ts'
import {
  entriesAt,
  flagAt,
  listAt,
  parseJson,
  secondsAt,
  textAt,
  textMapAt,
  textsAt,
  valueAt,
} from '../json-value.ts'
import {keptLabels, type LabelLimit} from './source.ts'

/** The pod's definition, which old kubelets put into a label. */
const APPLIED_CONFIG = 'io.kubernetes.container.last-applied-config'
const MAX_APPLIED_CONFIG = 64 * 1024

/**
 * @param container - answer to `/containers/ID/json`
 * @param image - answer to `/images/ID/json`; undefined when it is not known
 */
export function fromDockerInspect(
  container: unknown,
  image: unknown,
  runtime: ContainerRuntime,
  limit: LabelLimit,
): ContainerInfo {
  const fullId = textAt(container, 'Id')
  const name = textAt(container, 'Name').replace(/^\//, '')
  const labels = textMapAt(container, 'Config', 'Labels')
  const host = valueAt(container, 'HostConfig')
  const imageId = textAt(container, 'Image')
  return containerInfo({
    id: shortId(fullId),
    fullId,
    runtime,
    name,
    image: textAt(container, 'Config', 'Image'),
    imageId: imageId.startsWith('sha256:') ? imageId.slice('sha256:'.length) : imageId,
    ...imageNames(container, image),
    user: textAt(container, 'Config', 'User'),
    ip: ipOf(container),
    privileged: flagAt(host, 'Privileged'),
    hostPid: textAt(host, 'PidMode') === 'host',
    hostNetwork: textAt(host, 'NetworkMode') === 'host',
    hostIpc: textAt(host, 'IpcMode') === 'host',
    mounts: listAt(container, 'Mounts').map(mount => ({
      source: textAt(mount, 'Source'),
      destination: textAt(mount, 'Destination'),
      mode: textAt(mount, 'Mode'),
      writable: flagAt(mount, 'RW'),
      propagation: textAt(mount, 'Propagation'),
    })),
    labels: keptLabels(labels, limit),
    env: textsAt(container, 'Config', 'Env'),
    createdSeconds: secondsAt(container, 'Created'),
    probes: probesOf(container),
    podSandboxId: labels.get('io.kubernetes.sandbox.id') ?? '',
    isPodSandbox: name.includes('k8s_POD'),
  })
}

/** The container whose network this one uses (`--network container:ID`), when it has no address of its own. */
export function networkOwner(container: unknown): ByteString | undefined {
  const mode = textAt(container, 'HostConfig', 'NetworkMode')
  return mode.startsWith('container:') && ipOf(container) === ''
    ? mode.slice('container:'.length)
    : undefined
}

/** The primary IPv4 address: at the top in older versions of the API, with each network in all. */
export function ipOf(container: unknown): ByteString {
  const settings = valueAt(container, 'NetworkSettings')
  const primary = textAt(settings, 'IPAddress')
  if (primary !== '') return primary
  for (const [, network] of entriesAt(settings, 'Networks')) {
    const ip = textAt(network, 'IPAddress')
    if (ip !== '') return ip
  }
  return ''
}

/**
 * The image by the names that the runtime has for it. The reference in the container's own configuration is what the user typed,
 * a digest or an id maybe, so it only stands in where the image is not known.
 */
function imageNames(
  container: unknown,
  image: unknown,
): Pick<ContainerInfo, 'imageRepository' | 'imageTag' | 'imageDigest'> {
  const typed = splitImage(textAt(container, 'Config', 'Image'))
  const digests = textsAt(image, 'RepoDigests').map(splitImage)
  const tags = textsAt(image, 'RepoTags').map(splitImage)
  // An image may have names in several repositories; the one that was asked for counts, if it is among them.
  const isTyped = ({repository}: {readonly repository: ByteString}): boolean =>
    repository === typed.repository
  const digest = digests.find(isTyped) ?? digests[0]
  const repository = digest?.repository ?? tags.find(isTyped)?.repository ?? tags[0]?.repository
  const sameTags = tags.filter(tag => tag.repository === repository)
  const tag = sameTags.find(({tag: one}) => one === typed.tag) ?? sameTags[0]
  return {
    imageRepository: repository ?? typed.repository,
    imageTag: tag?.tag ?? (repository === undefined ? typed.tag : ''),
    imageDigest: digest?.digest ?? typed.digest,
  }
}

function probesOf(container: unknown): ReadonlyMap<ProbeKind, ContainerProbe> {
  const probes = new Map<ProbeKind, ContainerProbe>()
  const definition = valueAt(container, 'Config', 'Labels', APPLIED_CONFIG)
  const pod = typeof definition === 'string' ? parseJson(definition, MAX_APPLIED_CONFIG) : undefined
  const [first] = listAt(pod, 'spec', 'containers')
  const liveness = textsAt(first, 'livenessProbe', 'exec', 'command')
  const readiness = textsAt(first, 'readinessProbe', 'exec', 'command')
  if (liveness[0] !== undefined)
    probes.set('LivenessProbe', {exe: liveness[0], args: liveness.slice(1)})
  if (readiness[0] !== undefined)
    probes.set('ReadinessProbe', {exe: readiness[0], args: readiness.slice(1)})
  const [kind, exe, ...args] = textsAt(container, 'Config', 'Healthcheck', 'Test')
  if (probes.size > 0 || exe === undefined) return probes
  if (kind === 'CMD') probes.set('Healthcheck', {exe, args})
  if (kind === 'CMD-SHELL') probes.set('Healthcheck', {exe: '/bin/sh', args: ['-c', exe]})
  return probes
}
