/** The container runtime interface of containerd and CRI-O on their Unix sockets. */
import type {ByteString} from '../../../schema/bytes.ts'
import type {ContainerRuntime} from '../container-id.ts'
import type {ContainerRequest} from '../container-table.ts'
import {fromContainerStatus, fromSandboxStatus, sandboxIdOf} from './cri-messages.ts'
import {GRPC, type GrpcAnswer, type GrpcChannel, openGrpc} from './grpc.ts'
import {type ProtoMessage, readProto, writeProto} from './protobuf.ts'
import type {ContainerSource, LabelLimit, SourceAnswer} from './source.ts'

/** Newest first; older runtimes have only the second. */
const SERVICES = ['runtime.v1.RuntimeService', 'runtime.v1alpha2.RuntimeService'] as const
/** VersionResponse: runtime_name. ListContainersResponse: containers. Container: pod_sandbox_id. */
const FIELD = {runtimeName: 2, containers: 1, podSandboxId: 2} as const
/** Code that older runtimes give for a container that they do not have. */
const UNKNOWN = 2

/** A server that speaks the container runtime interface. */
export function criSource(socketPath: string, limit: LabelLimit): ContainerSource {
  return {
    name: `cri ${socketPath}`,
    ask: async (request, timeoutMs): Promise<SourceAnswer> => {
      const channel = openGrpc(socketPath)
      try {
        return await askChannel(channel, request, performance.now() + timeoutMs, limit)
      } catch (error) {
        // Malformed messages; all else is a defect.
        if (error instanceof RangeError) return 'unreachable'
        throw error
      } finally {
        channel.close()
      }
    },
  }
}

async function askChannel(
  channel: GrpcChannel,
  {fullId}: ContainerRequest,
  endMs: number,
  limit: LabelLimit,
): Promise<SourceAnswer> {
  const call = (service: string, method: string, message: Buffer) =>
    channel.call(`/${service}/${method}`, message, endMs - performance.now())
  for (const service of SERVICES) {
    const version = await call(service, 'Version', Buffer.alloc(0))
    if (version?.code === GRPC.unimplemented) continue
    if (version?.code !== GRPC.ok) return 'unreachable'
    const runtime = runtimeOf(readProto(version.message).text(FIELD.runtimeName))
    const statusOf = (method: string, id: ByteString): Promise<GrpcAnswer | undefined> =>
      call(
        service,
        method,
        writeProto([
          [1, id],
          [2, true],
        ]),
      )
    const expected = {fullId, runtime}
    const container = await statusOf('ContainerStatus', fullId)
    if (container === undefined) return 'unreachable'
    if (container.code === GRPC.ok) {
      const status = readProto(container.message)
      const sandboxId = sandboxIdOf(status) || (await listedSandbox(call, service, fullId))
      const sandbox = sandboxId === '' ? undefined : await statusOf('PodSandboxStatus', sandboxId)
      const pod = sandbox?.code === GRPC.ok ? readProto(sandbox.message) : undefined
      return fromContainerStatus(status, pod, expected, limit) ?? 'unreachable'
    }
    if (container.code !== GRPC.notFound && container.code !== UNKNOWN) return 'unreachable'
    const sandbox = await statusOf('PodSandboxStatus', fullId)
    if (sandbox?.code !== GRPC.ok) return 'unknown'
    return fromSandboxStatus(readProto(sandbox.message), expected, limit) ?? 'unreachable'
  }
  return 'unreachable'
}

/** The status does not name the sandbox itself; the list of containers does. */
async function listedSandbox(
  call: (service: string, method: string, message: Buffer) => Promise<GrpcAnswer | undefined>,
  service: string,
  fullId: ByteString,
): Promise<ByteString> {
  const filter = writeProto([[1, writeProto([[1, fullId]])]])
  const answer = await call(service, 'ListContainers', filter)
  if (answer?.code !== GRPC.ok) return ''
  const [first]: readonly (ProtoMessage | undefined)[] = readProto(answer.message).messages(
    FIELD.containers,
  )
  return first?.text(FIELD.podSandboxId) ?? ''
}

function runtimeOf(name: ByteString): ContainerRuntime {
  return name === 'containerd' || name === 'cri-o' ? name : 'cri'
}
