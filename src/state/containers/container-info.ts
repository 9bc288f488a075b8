import type {ByteString} from '../../schema/bytes.ts'
import type {ContainerMatch, ContainerRuntime} from './container-id.ts'

/** A file system that a container was given. */
export interface ContainerMount {
  readonly source: ByteString
  readonly destination: ByteString
  /** Mode as the runtime words it; often empty. */
  readonly mode: ByteString
  readonly writable: boolean
  readonly propagation: ByteString
}

/** A command that the runtime or the kubelet runs in a container to see whether it is well. */
export interface ContainerProbe {
  readonly exe: ByteString
  readonly args: readonly ByteString[]
}

/** Kinds of probe, by their key in the JSON of captures. */
export type ProbeKind = 'Healthcheck' | 'LivenessProbe' | 'ReadinessProbe'

/**
 * What is known of one container, from a runtime or from a capture. Text that is not known is empty. All text is bytes without
 * NUL; the object can be sent between threads.
 */
export interface ContainerInfo {
  /** What `container.id` shows. */
  readonly id: ByteString
  readonly fullId: ByteString
  readonly runtime: ContainerRuntime
  readonly name: ByteString
  /** Image reference as the runtime gives it. */
  readonly image: ByteString
  readonly imageId: ByteString
  readonly imageRepository: ByteString
  readonly imageTag: ByteString
  readonly imageDigest: ByteString
  readonly user: ByteString
  /** Primary IPv4 address of the container or its pod. */
  readonly ip: ByteString
  /** Network result of the pod sandbox, JSON text. */
  readonly cniJson: ByteString
  readonly privileged: boolean
  readonly hostPid: boolean
  readonly hostNetwork: boolean
  readonly hostIpc: boolean
  readonly mounts: readonly ContainerMount[]
  readonly labels: ReadonlyMap<ByteString, ByteString>
  readonly env: readonly ByteString[]
  /** When it was made, seconds since the epoch; 0 while unknown. */
  readonly createdSeconds: number
  readonly probes: ReadonlyMap<ProbeKind, ContainerProbe>
  readonly podSandboxId: ByteString
  readonly podLabels: ReadonlyMap<ByteString, ByteString>
  /** It holds the namespaces of a pod and runs nothing of its own. */
  readonly isPodSandbox: boolean
}

/** Labels by which Kubernetes tells whose container it is. */
export const POD_LABEL = {
  name: 'io.kubernetes.pod.name',
  namespace: 'io.kubernetes.pod.namespace',
  uid: 'io.kubernetes.pod.uid',
} as const

/** Information with nothing in it but what is given. */
export function containerInfo(
  parts: Partial<ContainerInfo> & Pick<ContainerInfo, 'id' | 'fullId' | 'runtime'>,
): ContainerInfo {
  return {
    name: '',
    image: '',
    imageId: '',
    imageRepository: '',
    imageTag: '',
    imageDigest: '',
    user: '',
    ip: '',
    cniJson: '',
    privileged: false,
    hostPid: false,
    hostNetwork: false,
    hostIpc: false,
    mounts: [],
    labels: new Map(),
    env: [],
    createdSeconds: 0,
    probes: new Map(),
    podSandboxId: '',
    podLabels: new Map(),
    isPodSandbox: false,
    ...parts,
  }
}

/** What fields say of a process outside of any container. */
export const HOST_INFO: ContainerInfo = containerInfo({
  id: 'host',
  fullId: 'host',
  name: 'host',
  runtime: 'host',
})

/** Runtimes that nobody answers for: the control group says all there is. */
const SILENT_RUNTIMES: ReadonlySet<ContainerRuntime> = new Set(['lxc', 'libvirt-lxc', 'bpm'])

/** What the control group alone says; undefined where the runtime has to be asked. */
export function infoOfMatch({id, fullId, runtime}: ContainerMatch): ContainerInfo | undefined {
  return SILENT_RUNTIMES.has(runtime) ? containerInfo({id, fullId, runtime}) : undefined
}
