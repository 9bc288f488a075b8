/** Messages of the container runtime interface (kubernetes/cri-api pkg/apis/runtime/v1/api.proto) and what they say. */
import {type ByteString, bytesOf, textOf} from '../../../schema/bytes.ts'
import {type ContainerRuntime, shortId} from '../container-id.ts'
import {type ContainerInfo, containerInfo, POD_LABEL} from '../container-info.ts'
import {splitImage} from '../image-reference.ts'
import {entriesAt, listAt, parseJson, textAt, textMapAt, valueAt} from '../json-value.ts'
import type {ProtoMessage} from './protobuf.ts'
import {keptLabels, type LabelLimit} from './source.ts'

/** Field numbers; v1 and v1alpha2 agree in all of them. */
const RESPONSE = {status: 1, info: 2} as const
const CONTAINER = {
  id: 1,
  metadata: 2,
  createdAt: 4,
  image: 8,
  imageRef: 9,
  labels: 12,
  annotations: 13,
  mounts: 14,
  imageId: 17,
} as const
const MOUNT = {containerPath: 1, hostPath: 2, readonly: 3, propagation: 5} as const
const SANDBOX = {id: 1, metadata: 2, createdAt: 4, network: 5, linux: 6, labels: 7} as const
const SANDBOX_METADATA = {name: 1, uid: 2, namespace: 3} as const
const NAMESPACE_OPTION = {network: 1, pid: 2, ipc: 3} as const
/** NamespaceMode NODE. */
const NODE = 2
/** By the number of MountPropagation. */
const PROPAGATIONS: readonly ByteString[] = ['private', 'rslave', 'rshared']
/** A longer additional document is not read. */
const MAX_INFO = 2 * 1024 * 1024
/** A longer network result is cut, as Falco does. */
const MAX_CNI = 4096
const NANOSECONDS = 1_000_000_000
/** Annotations that name the image where the status has only its id. */
const IMAGE_ANNOTATIONS = [
  'io.kubernetes.cri.image-name',
  'io.kubernetes.cri-o.Image',
  'io.kubernetes.cri-o.ImageName',
]

/** The pod sandbox that a container's status names in its additional document. */
export function sandboxIdOf(response: ProtoMessage): ByteString {
  return textAt(infoDocument(response), 'sandboxID')
}

/**
 * What the status of a container says, with that of its pod sandbox when it is known. Undefined when it is of another container.
 *
 * @throws RangeError when a message inside is malformed
 */
export function fromContainerStatus(
  response: ProtoMessage,
  sandbox: ProtoMessage | undefined,
  expected: {readonly fullId: ByteString; readonly runtime: ContainerRuntime},
  limit: LabelLimit,
): ContainerInfo | undefined {
  const status = response.message(RESPONSE.status)
  if (status.text(CONTAINER.id) !== expected.fullId) return undefined
  const {fullId, runtime} = expected
  const document = infoDocument(response)
  const pod = podOf(sandbox, limit)
  return containerInfo({
    id: shortId(fullId),
    fullId,
    runtime,
    name: status.message(CONTAINER.metadata).text(1),
    ...imageOf(status, document),
    user: userOf(document),
    privileged: privilegedOf(document),
    mounts: status.messages(CONTAINER.mounts).map(mount => ({
      source: mount.text(MOUNT.hostPath),
      destination: mount.text(MOUNT.containerPath),
      mode: '',
      writable: mount.number(MOUNT.readonly) === 0,
      propagation: PROPAGATIONS[mount.number(MOUNT.propagation)] ?? 'unknown',
    })),
    env: listAt(document, 'config', 'envs').map(
      entry => `${textAt(entry, 'key')}=${textAt(entry, 'value')}`,
    ),
    createdSeconds: Math.floor(status.number(CONTAINER.createdAt) / NANOSECONDS),
    ...pod,
    labels: new Map([...keptLabels(status.textMap(CONTAINER.labels), limit), ...pod.labels]),
  })
}

/** What the status of a pod sandbox says of the sandbox itself, which has processes too. */
export function fromSandboxStatus(
  response: ProtoMessage,
  expected: {readonly fullId: ByteString; readonly runtime: ContainerRuntime},
  limit: LabelLimit,
): ContainerInfo | undefined {
  const status = response.message(RESPONSE.status)
  if (status.text(SANDBOX.id) !== expected.fullId) return undefined
  const {fullId, runtime} = expected
  return containerInfo({
    id: shortId(fullId),
    fullId,
    runtime,
    name: status.message(SANDBOX.metadata).text(SANDBOX_METADATA.name),
    createdSeconds: Math.floor(status.number(SANDBOX.createdAt) / NANOSECONDS),
    ...podOf(response, limit),
    isPodSandbox: true,
  })
}

/** What a container has from its pod. */
function podOf(
  response: ProtoMessage | undefined,
  limit: LabelLimit,
): Pick<
  ContainerInfo,
  'ip' | 'cniJson' | 'hostPid' | 'hostNetwork' | 'hostIpc' | 'podSandboxId' | 'podLabels' | 'labels'
> {
  const status = response?.message(RESPONSE.status)
  const metadata = status?.message(SANDBOX.metadata)
  const options = status?.message(SANDBOX.linux).message(1).message(2)
  const podSandboxId = status?.text(SANDBOX.id) ?? ''
  return {
    ip: status?.message(SANDBOX.network).text(1) ?? '',
    cniJson: response === undefined ? '' : cniOf(infoDocument(response)),
    hostPid: options?.number(NAMESPACE_OPTION.pid) === NODE,
    hostNetwork: options?.number(NAMESPACE_OPTION.network) === NODE,
    hostIpc: options?.number(NAMESPACE_OPTION.ipc) === NODE,
    podSandboxId,
    podLabels: status === undefined ? new Map() : keptLabels(status.textMap(SANDBOX.labels), limit),
    labels:
      metadata === undefined
        ? new Map()
        : new Map([
            ['io.kubernetes.sandbox.id', podSandboxId],
            [POD_LABEL.name, metadata.text(SANDBOX_METADATA.name)],
            [POD_LABEL.namespace, metadata.text(SANDBOX_METADATA.namespace)],
            [POD_LABEL.uid, metadata.text(SANDBOX_METADATA.uid)],
          ]),
  }
}

/** The document that a verbose answer carries under `info`. */
function infoDocument(response: ProtoMessage): unknown {
  const text = response.textMap(RESPONSE.info).get('info')
  return text === undefined ? undefined : parseJson(textOf(text), MAX_INFO)
}

/** The reference is `host/image@sha256:…`, a bare digest, or an id, as the runtime likes it. */
function imageOf(
  status: ProtoMessage,
  document: unknown,
): Pick<ContainerInfo, 'image' | 'imageId' | 'imageRepository' | 'imageTag' | 'imageDigest'> {
  const given = status.message(CONTAINER.image).text(1)
  const reference = splitImage(status.text(CONTAINER.imageRef))
  const annotations = textMapAt(document, 'runtimeSpec', 'annotations')
  const isId = given === '' || given.startsWith('sha256:')
  const name = isId
    ? (IMAGE_ANNOTATIONS.map(key => annotations.get(key)).find(text => text !== undefined) ?? given)
    : given
  const parts = splitImage(name)
  const named = reference.digest !== '' && reference.repository !== ''
  const configured = textAt(document, 'config', 'image', 'image')
  const imageId = configured === '' ? status.text(CONTAINER.imageId) : configured
  return {
    image: parts.repository === '' && named ? reference.repository : name,
    imageId: imageId.startsWith('sha256:') ? imageId.slice('sha256:'.length) : imageId,
    imageRepository: named ? reference.repository : parts.repository,
    imageTag: parts.tag,
    imageDigest: reference.digest === '' ? parts.digest : reference.digest,
  }
}

/** containerd tells it with the configuration it was given, CRI-O at the top. */
function privilegedOf(document: unknown): boolean {
  const places = [
    ['runtimeSpec', 'linux', 'security_context', 'privileged'],
    ['config', 'linux', 'security_context', 'privileged'],
    ['privileged'],
  ]
  const told = places.map(keys => valueAt(document, ...keys)).find(value => value !== undefined)
  return told === true
}

function userOf(document: unknown): ByteString {
  const uid = valueAt(document, 'runtimeSpec', 'process', 'user', 'uid')
  return typeof uid === 'number' ? String(uid) : ''
}

/** The networks of the pod, those of its own loopback and of the host's end left out. */
function cniOf(document: unknown): ByteString {
  const told = textAt(document, 'runtimeSpec', 'annotations', 'io.kubernetes.cri-o.CNIResult')
  if (told !== '') return told.slice(0, MAX_CNI)
  const interfaces = entriesAt(document, 'cniResult', 'Interfaces').filter(
    ([name]) => name !== 'lo' && !name.startsWith('veth'),
  )
  if (interfaces.length === 0) return ''
  const plain = Object.fromEntries(interfaces.map(([name, value]) => [textOf(name), value]))
  return bytesOf(JSON.stringify(plain)).slice(0, MAX_CNI)
}
