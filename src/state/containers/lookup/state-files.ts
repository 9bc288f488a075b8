/** Files that runtimes keep of their containers: for hosts where the sockets are not there, silent, or not for us to use. */
import {type ByteString, textOf} from '../../../schema/bytes.ts'
import type {ContainerInfo} from '../container-info.ts'
import type {ContainerRequest} from '../container-table.ts'
import {entriesAt, flagAt, textAt, valueAt} from '../json-value.ts'
import {fromDockerInspect} from './docker-inspect.ts'
import {fromOciSpec, withStorageRecord} from './oci-spec.ts'
import {namesIn, readJson} from './read-file.ts'
import type {ContainerSource, LabelLimit, SourceAnswer} from './source.ts'

const DOCKER = '/var/lib/docker/containers'
const CONTAINERD = '/run/containerd/io.containerd.runtime.v2.task'
/** While a container runs, and as it lies on the disk. */
const STORAGE = ['/run/containers/storage', '/var/lib/containers/storage'] as const
/** Namespaces of containerd that are looked through. */
const MAX_NAMESPACES = 64

/** Where files are read. */
export interface FileOptions extends LabelLimit {
  /** Put before every path; empty for the host's own root. */
  readonly root: string
}

/** The state files of Docker, containerd, CRI-O and Podman. */
export function fileSources(options: FileOptions): ContainerSource[] {
  return [
    fileSource('docker files', options, readDocker),
    fileSource('containerd files', options, readContainerd),
    fileSource('storage files', options, readStorage),
  ]
}

/** Reads what a runtime's files say; undefined when they do not say it, and whether the runtime has files at all. */
type Reader = (
  request: ContainerRequest,
  options: FileOptions,
) => Promise<ContainerInfo | 'unknown' | 'unreachable'>

/** A source that reads files. Ids become part of paths, so only plain ones are looked for. */
export function fileSource(name: string, options: FileOptions, read: Reader): ContainerSource {
  return {
    name,
    ask: async (request): Promise<SourceAnswer> =>
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(request.fullId)
        ? read(request, options)
        : 'unreachable',
  }
}

/**
 * Docker writes what `inspect` shows in nearly the same words: mounts by destination, and the host's part in a file of its own.
 */
async function readDocker({fullId}: ContainerRequest, options: FileOptions): Promise<SourceAnswer> {
  const folder = `${options.root}${DOCKER}`
  const config = await readJson(`${folder}/${fullId}/config.v2.json`)
  if (textAt(config, 'ID') !== fullId) return missing(folder)
  const inspect = {
    Id: fullId,
    Name: valueAt(config, 'Name'),
    Created: valueAt(config, 'Created'),
    Image: valueAt(config, 'Image'),
    Config: valueAt(config, 'Config'),
    NetworkSettings: valueAt(config, 'NetworkSettings'),
    HostConfig: await readJson(`${folder}/${fullId}/hostconfig.json`),
    Mounts: entriesAt(config, 'MountPoints').map(([destination, point]) => ({
      Source: textOf(textAt(point, 'Source')),
      Destination: textOf(textAt(point, 'Destination') || destination),
      Mode: textOf(textAt(point, 'Relabel')),
      RW: flagAt(point, 'RW'),
      Propagation: textOf(textAt(point, 'Propagation')),
    })),
  }
  return fromDockerInspect(inspect, undefined, 'docker', options)
}

/** containerd keeps one folder a namespace; the path of a container made by its own tool names it, all else is searched for. */
async function readContainerd(
  {fullId, runtime, cgroup}: ContainerRequest,
  options: FileOptions,
): Promise<SourceAnswer> {
  const folder = `${options.root}${CONTAINERD}`
  const namespaces = await namesIn(folder, MAX_NAMESPACES)
  if (namespaces === undefined) return 'unreachable'
  const [, first] = cgroup.split('/', 2)
  const likely = namespaces.includes(first ?? '') ? [first!] : namespaces
  for (const namespace of likely) {
    const spec = await readJson(`${folder}/${namespace}/${fullId}/config.json`)
    if (spec === undefined) continue
    const known = namespace === 'moby' ? 'docker' : runtime === 'cri' ? 'containerd' : runtime
    return fromOciSpec(spec, {fullId, runtime: known}, options)
  }
  return 'unknown'
}

async function readStorage(
  {fullId, runtime}: ContainerRequest,
  options: FileOptions,
): Promise<SourceAnswer> {
  const folders = STORAGE.map(folder => `${options.root}${folder}/overlay-containers`)
  for (const folder of folders) {
    const spec = await readJson(`${folder}/${fullId}/userdata/config.json`)
    if (spec === undefined) continue
    const info = fromOciSpec(spec, {fullId, runtime}, options)
    return withStorageRecord(info, await storageRecord(folders, fullId))
  }
  return (await missing(folders[0]!)) === 'unknown' ? 'unknown' : missing(folders[1]!)
}

async function storageRecord(folders: readonly string[], fullId: ByteString): Promise<unknown> {
  for (const folder of folders.toReversed()) {
    const records = await readJson(`${folder}/containers.json`)
    const found = Array.isArray(records)
      ? records.find(record => textAt(record, 'id') === fullId)
      : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** A runtime that has a folder may write the container's files in a moment. */
async function missing(folder: string): Promise<'unknown' | 'unreachable'> {
  return (await namesIn(folder, 1)) === undefined ? 'unreachable' : 'unknown'
}
