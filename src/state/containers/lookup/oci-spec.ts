/** From the runtime specification of a container (`config.json` of its bundle, opencontainers/runtime-spec) to the common form. */
import {type ByteString, textOf} from '../../../schema/bytes.ts'
import {CAPABILITIES} from '../../../schema/tables/names.ts'
import {type ContainerRuntime, shortId} from '../container-id.ts'
import {
  type ContainerInfo,
  type ContainerMount,
  containerInfo,
  POD_LABEL,
} from '../container-info.ts'
import {splitImage} from '../image-reference.ts'
import {
  listAt,
  numberAt,
  parseJson,
  secondsAt,
  textAt,
  textMapAt,
  textsAt,
  valueAt,
} from '../json-value.ts'
import {keptLabels, type LabelLimit} from './source.ts'

/** Annotations of containerd's CRI plugin, of CRI-O, Podman and nerdctl, in this order, by what they say. */
const ANNOTATIONS = {
  name: [
    'io.kubernetes.cri.container-name',
    'io.kubernetes.container.name',
    'io.kubernetes.cri-o.ContainerName',
    'nerdctl/name',
  ],
  image: [
    'io.kubernetes.cri.image-name',
    'io.kubernetes.cri-o.ImageName',
    'io.kubernetes.cri-o.Image',
  ],
  kind: ['io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType'],
  sandbox: ['io.kubernetes.cri.sandbox-id', 'io.kubernetes.cri-o.SandboxID'],
  podName: ['io.kubernetes.cri.sandbox-name', 'io.kubernetes.pod.name'],
  podNamespace: ['io.kubernetes.cri.sandbox-namespace', 'io.kubernetes.pod.namespace'],
  podUid: ['io.kubernetes.cri.sandbox-uid', 'io.kubernetes.pod.uid'],
  ip: ['io.kubernetes.cri-o.IP.0'],
  cni: ['io.kubernetes.cri-o.CNIResult'],
  created: ['io.kubernetes.cri-o.Created'],
  labels: ['io.kubernetes.cri-o.Labels'],
} as const
const PROPAGATIONS: ReadonlySet<ByteString> = new Set([
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
  'unbindable',
  'runbindable',
])
/** Capabilities that every supported kernel has: those before CAP_PERFMON, which came with linux v5.8. */
const FIRST_NEWER_CAPABILITY = 38
const OLD_CAPABILITIES = CAPABILITIES.filter(([, bit]) => bit < FIRST_NEWER_CAPABILITY)
const MAX_LABELS = 64 * 1024

/** What a bundle says. The runtime is told by its annotations where it has such. */
export function fromOciSpec(
  spec: unknown,
  {fullId, runtime}: {readonly fullId: ByteString; readonly runtime: ContainerRuntime},
  limit: LabelLimit,
): ContainerInfo {
  const annotations = textMapAt(spec, 'annotations')
  const say = (what: keyof typeof ANNOTATIONS): ByteString =>
    ANNOTATIONS[what].map(key => annotations.get(key)).find(text => text !== undefined) ?? ''
  const image = say('image')
  const {repository, tag, digest} = splitImage(image)
  const namespaces = new Set(
    listAt(spec, 'linux', 'namespaces').map(namespace => textAt(namespace, 'type')),
  )
  const labels = textMapAt(parseJson(textOf(say('labels')), MAX_LABELS))
  for (const [key, what] of [
    [POD_LABEL.name, 'podName'],
    [POD_LABEL.namespace, 'podNamespace'],
    [POD_LABEL.uid, 'podUid'],
  ] as const) {
    if (say(what) !== '') labels.set(key, say(what))
  }
  const isPodSandbox = say('kind') === 'sandbox'
  const uid = valueAt(spec, 'process', 'user', 'uid')
  return containerInfo({
    id: shortId(fullId),
    fullId,
    runtime: runtimeOf(annotations, runtime),
    name: say('name') || (isPodSandbox ? say('podName') : shortId(fullId)),
    image,
    imageRepository: repository,
    imageTag: tag,
    imageDigest: digest,
    user: typeof uid === 'number' ? String(uid) : '',
    ip: say('ip'),
    cniJson: say('cni'),
    privileged: isPrivileged(spec, annotations),
    // A namespace that is not listed is that of the runtime, and so of the host.
    hostPid: !namespaces.has('pid'),
    hostNetwork: !namespaces.has('network'),
    hostIpc: !namespaces.has('ipc'),
    mounts: listAt(spec, 'mounts').map(mount => mountOf(mount, spec)),
    labels: keptLabels(labels, limit),
    env: textsAt(spec, 'process', 'env'),
    createdSeconds: secondsAt(say('created')),
    podSandboxId: isPodSandbox ? fullId : say('sandbox'),
    isPodSandbox,
  })
}

/**
 * Whether a bundle describes what runtimes call a privileged container. The specification has no word for it, so it is what the
 * flag does in all of them: every capability, no seccomp filter, nothing hidden or made read-only below /proc and /sys, and no
 * AppArmor profile. A container that merely has much added keeps at least one of these. Podman's own annotation says it outright.
 */
function isPrivileged(spec: unknown, annotations: ReadonlyMap<ByteString, ByteString>): boolean {
  if (annotations.get('io.podman.annotations.privileged') === 'TRUE') return true
  const bounding = new Set(textsAt(spec, 'process', 'capabilities', 'bounding'))
  const profile = textAt(spec, 'process', 'apparmorProfile')
  return (
    OLD_CAPABILITIES.every(([name]) => bounding.has(name)) &&
    valueAt(spec, 'linux', 'seccomp') === undefined &&
    listAt(spec, 'linux', 'maskedPaths').length === 0 &&
    listAt(spec, 'linux', 'readonlyPaths').length === 0 &&
    (profile === '' || profile === 'unconfined')
  )
}

function mountOf(mount: unknown, spec: unknown): ContainerMount {
  const options = textsAt(mount, 'options')
  const mode = options.find(option => option.startsWith('mode='))
  return {
    source: textAt(mount, 'source'),
    destination: textAt(mount, 'destination'),
    mode: mode === undefined ? '' : mode.slice('mode='.length),
    writable: !options.includes('ro'),
    propagation:
      options.find(option => PROPAGATIONS.has(option)) ??
      textAt(spec, 'linux', 'rootfsPropagation'),
  }
}

function runtimeOf(
  annotations: ReadonlyMap<ByteString, ByteString>,
  fallback: ContainerRuntime,
): ContainerRuntime {
  const keys = [...annotations.keys()]
  if (keys.some(key => key.startsWith('io.kubernetes.cri-o.'))) return 'cri-o'
  if (annotations.get('io.container.manager') === 'libpod') return 'podman'
  if (keys.some(key => key.startsWith('io.podman.'))) return 'podman'
  return keys.some(key => key.startsWith('io.kubernetes.cri.')) ? 'containerd' : fallback
}

/** A name in `containers.json` of containers/storage, which CRI-O and Podman share, completes what their bundles say. */
export function withStorageRecord(info: ContainerInfo, record: unknown): ContainerInfo {
  const metadata = parseJson(textOf(textAt(record, 'metadata')), MAX_LABELS)
  const image = info.image || textAt(metadata, 'image-name')
  const {repository, tag, digest} = splitImage(image)
  const isOwnName = info.name === '' || info.name === info.id
  const names = textsAt(record, 'names')
  return {
    ...info,
    name: isOwnName ? textAt(metadata, 'name') || (names[0] ?? info.name) : info.name,
    image,
    imageId: textAt(record, 'image'),
    imageRepository: repository,
    imageTag: tag,
    imageDigest: info.imageDigest || digest,
    createdSeconds:
      info.createdSeconds || numberAt(metadata, 'created-at') || secondsAt(record, 'created'),
  }
}
