/** What systemd's machine manager and LXC keep of their containers. */
import {type ByteString, bytesOf, untilNul} from '../../../schema/bytes.ts'
import {type ContainerInfo, type ContainerMount, containerInfo} from '../container-info.ts'
import type {ContainerRequest} from '../container-table.ts'
import {readBounded} from './read-file.ts'
import type {ContainerSource, SourceAnswer} from './source.ts'
import {type FileOptions, fileSource} from './state-files.ts'

const MACHINES = '/run/systemd/machines'
const LXC = '/var/lib/lxc'
const MICROSECONDS = 1_000_000

/** The files of systemd-nspawn and LXC. Each answers only for its own containers. */
export function machineSources(options: FileOptions): ContainerSource[] {
  return [
    fileSource('machine files', options, async (request): Promise<SourceAnswer> => {
      if (request.runtime !== 'systemd-nspawn') return 'unreachable'
      const text = await readBounded(`${options.root}${MACHINES}/${request.fullId}`)
      return text === undefined ? 'unknown' : fromMachineFile(text, request)
    }),
    fileSource('lxc files', options, async (request): Promise<SourceAnswer> => {
      if (request.runtime !== 'lxc') return 'unreachable'
      const text = await readBounded(`${options.root}${LXC}/${request.fullId}/config`)
      return text === undefined ? 'unknown' : fromLxcConfig(text, request)
    }),
  ]
}

/**
 * A machine of systemd-machined: `KEY=VALUE` lines (systemd v255 src/machine/machine.c, machine_save). Machines are named after
 * the folder that they run from, which stands for the image.
 */
export function fromMachineFile(
  text: string,
  {id, fullId, runtime}: Pick<ContainerRequest, 'id' | 'fullId' | 'runtime'>,
): ContainerInfo {
  const values = new Map(
    linesOf(text).map(line => {
      const equals = line.indexOf('=')
      return [line.slice(0, equals), unquoted(line.slice(equals + 1))] as const
    }),
  )
  const started = Number(values.get('REALTIME') ?? 0)
  return containerInfo({
    id,
    fullId,
    runtime,
    name: values.get('NAME') ?? fullId,
    image: values.get('ROOT') ?? '',
    createdSeconds: Number.isFinite(started) ? Math.floor(started / MICROSECONDS) : 0,
  })
}

/**
 * An LXC container's configuration (lxc.container.conf(5)). Files that it includes are not read. What LXC calls privileged, a
 * container without mapped ids, says little; here it has to keep all capabilities besides (`lxc.cap.drop` set to nothing).
 */
export function fromLxcConfig(
  text: string,
  {id, fullId, runtime}: Pick<ContainerRequest, 'id' | 'fullId' | 'runtime'>,
): ContainerInfo {
  const mounts: ContainerMount[] = []
  let root = ''
  let name = fullId
  let isMapped = false
  let keepsAll = false
  for (const line of linesOf(text)) {
    const [, key = '', value = ''] = /^\s*([a-z0-9._]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (key === 'lxc.uts.name') name = value
    if (key === 'lxc.rootfs.path' || key === 'lxc.rootfs') root = value
    if (key === 'lxc.idmap' || key === 'lxc.id_map') isMapped = true
    if (key === 'lxc.cap.drop') keepsAll = value === ''
    if (key !== 'lxc.mount.entry') continue
    // As in fstab: source, target below the container's root, type, options.
    const [source = '', target = '', , options = ''] = value.split(/\s+/)
    mounts.push({
      source,
      destination: target.startsWith('/') ? target : `/${target}`,
      mode: '',
      writable: !options.split(',').includes('ro'),
      propagation: '',
    })
  }
  const privileged = !isMapped && keepsAll
  return containerInfo({id, fullId, runtime, name, image: root, mounts, privileged})
}

/** Lines with something in them, comments left out; so many at most. */
function linesOf(text: string): ByteString[] {
  return untilNul(bytesOf(text))
    .split('\n', MAX_LINES)
    .filter(line => /^\s*[^#\s]/.test(line) && line.length <= MAX_LINE)
}

const MAX_LINES = 4096
const MAX_LINE = 4096

/** A value as systemd writes it: in double quotes when it has special characters, those escaped by a backslash. */
function unquoted(value: ByteString): ByteString {
  const inner = /^"(.*)"$/s.exec(value)?.[1] ?? value
  return inner.replace(/\\(.)/gs, '$1')
}
