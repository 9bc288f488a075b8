import type {Extractor, FieldRef} from '../../compiler/field-ref.ts'
import {compileGlob} from '../../compiler/operators/glob.ts'
import {type ByteString, bytesOf} from '../../schema/bytes.ts'
import type {Event} from '../../schema/event.ts'
import {canonicalInt, type Scalar} from '../../schema/value.ts'
import type {
  ContainerInfo,
  ContainerMount,
  ProbeKind,
} from '../../state/containers/container-info.ts'
import type {ContainerTable} from '../../state/containers/container-table.ts'
import type {Thread} from '../../state/thread.ts'
import type {MatchContext} from '../match-context.ts'
import {type FieldFactory, type FieldSource, ofThread} from './field-source.ts'

/** All that fields of a container are read from, so that they can be read when the rest of the moment is gone. */
export interface ContainerContext {
  readonly event: Event
  readonly thread: {readonly containerId: ByteString} | undefined
  readonly state: {readonly containers: ContainerTable}
}

/** Makes the extractor of a field that says what a container is. */
export type ContainerFactory = (field: FieldRef) => Extractor<ContainerContext>

type OfInfo = (info: ContainerInfo, context: ContainerContext) => Scalar | undefined

/** Longest way up from a probe's process to the first of its container. */
const MAX_LEVELS = 64
/** Labels that `container.labels` and `k8s.pod.labels` leave out begin so. */
const HIDDEN_LABELS = ['annotation.', 'io.kubernetes.']

/** The container of the event: the one that it announces, else that of its thread; undefined while nothing is known of it. */
export function containerOf(context: ContainerContext): ContainerInfo | undefined {
  const {event, thread, state} = context
  return (
    state.containers.announcedBy(event) ??
    (thread === undefined ? undefined : state.containers.of(thread))
  )
}

/** A field of what is known of the container; absent while nothing is. */
export function ofContainer(value: OfInfo): ContainerFactory {
  return () => readContainer(value)
}

/** Reads something of the container. */
export function readContainer(value: OfInfo): Extractor<ContainerContext> {
  return context => {
    const info = containerOf(context)
    return info === undefined ? undefined : value(info, context)
  }
}

/** Labels as `key:value`, sorted by key, with commas between; internal ones and annotations are left out. */
export function labelsText(labels: ReadonlyMap<ByteString, ByteString>): ByteString {
  return [...labels]
    .filter(([key]) => !HIDDEN_LABELS.some(hidden => key.startsWith(hidden)))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => (value === '' ? key : `${key}:${value}`))
    .join(', ')
}

function mountText(mount: ContainerMount): ByteString {
  const {source, destination, mode, writable, propagation} = mount
  return [source, destination, mode, writable, propagation].join(':')
}

/** One mount: by its number, or the first whose source, or destination, fits a glob. */
function ofMount(
  key: 'source' | 'destination',
  value: (mount: ContainerMount) => ByteString,
): ContainerFactory {
  return ({arg = '', index}) => {
    const fits = compileGlob(bytesOf(arg), false)
    return readContainer(({mounts}) => {
      const mount = index === undefined ? mounts.find(({[key]: path}) => fits(path)) : mounts[index]
      return mount === undefined ? undefined : value(mount)
    })
  }
}

/** Fields that say what the container of an event is. A process of the host has those of a container named `host`. */
export const CONTAINER_INFO_FIELDS: Readonly<Record<string, ContainerFactory>> = {
  // Known from the control group, whatever else is.
  'container.id': () => context => containerOf(context)?.id ?? context.thread?.containerId,
  'container.full_id': ofContainer(({fullId}) => fullId),
  'container.name': ofContainer(({name}) => name),
  'container.image': ofContainer(({image}) => image),
  'container.image.id': ofContainer(({imageId}) => imageId),
  'container.image.repository': ofContainer(({imageRepository}) => imageRepository),
  'container.image.tag': ofContainer(({imageTag}) => imageTag),
  'container.image.digest': ofContainer(({imageDigest}) => imageDigest),
  'container.type': ofContainer(({runtime}) => runtime),
  'container.privileged': ofContainer(({privileged}) => privileged),
  'container.mounts': ofContainer(({mounts}) => mounts.map(mountText).join(',')),
  'container.mount': ofMount('source', mountText),
  'container.mount.source': ofMount('destination', ({source}) => source),
  'container.mount.dest': ofMount('source', ({destination}) => destination),
  'container.mount.mode': ofMount('source', ({mode}) => mode),
  'container.mount.rdwr': ofMount('source', ({writable}) => String(writable)),
  'container.mount.propagation': ofMount('source', ({propagation}) => propagation),
  'container.ip': ofContainer(({ip}) => ip),
  'container.cni.json': ofContainer(({cniJson}) => cniJson),
  'container.host_pid': ofContainer(({hostPid}) => hostPid),
  'container.host_network': ofContainer(({hostNetwork}) => hostNetwork),
  'container.host_ipc': ofContainer(({hostIpc}) => hostIpc),
  'container.label': ({arg = ''}) => readContainer(({labels}) => labels.get(bytesOf(arg))),
  'container.labels': ofContainer(({labels}) => labelsText(labels)),
}

/** Fields of containers, those that are read from the thread and the moment among them. */
export const CONTAINER_FIELDS: FieldSource = {
  ...CONTAINER_INFO_FIELDS,
  // The first process of the pid namespace starts with the container; no runtime is asked.
  'container.start_ts': ofThread(({namespaceStartNs}) =>
    namespaceStartNs === 0n ? undefined : canonicalInt(namespaceStartNs),
  ),
  'container.duration': ofThread(({namespaceStartNs}, {event}) =>
    namespaceStartNs === 0n ? undefined : canonicalInt(event.timeNs() - namespaceStartNs),
  ),
  'proc.is_container_healthcheck': isProbe('Healthcheck'),
  'proc.is_container_liveness_probe': isProbe('LivenessProbe'),
  'proc.is_container_readiness_probe': isProbe('ReadinessProbe'),
}

/**
 * Whether the process, or one above it, is a probe of the container: it runs the probe's command, and was started by the runtime
 * and not by the container's own first process.
 */
function isProbe(kind: ProbeKind): FieldFactory {
  return ofThread((thread, context) => {
    const {containerId} = thread
    const info = containerId === '' ? undefined : context.state.containers.get(containerId)
    if (info === undefined) return undefined
    const probe = info.probes.get(kind)
    if (probe === undefined) return false
    let found = false
    for (const at of withAncestors(thread, context)) {
      if (at.containerId !== containerId) return found
      if (at.vpid === 1) return false
      const {exe, args} = at
      found ||=
        exe === probe.exe &&
        args.length === probe.args.length &&
        args.every((arg, i) => arg === probe.args[i])
    }
    return found
  })
}

function* withAncestors(thread: Thread, {state}: MatchContext): Generator<Thread> {
  const main = state.table.main(thread) ?? thread
  yield main
  let level = 0
  for (const above of state.table.ancestors(main)) {
    if (++level > MAX_LEVELS) return
    yield above
  }
}
