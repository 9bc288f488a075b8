/**
 * Which container a process is in, from the paths of its control groups. Runtimes name the group of a container after its id;
 * the forms are those of docs/containers.md. Each path is looked at once, component by component from the innermost, so that a
 * group made inside a container still counts as that container.
 */
import type {ByteString} from '../../schema/bytes.ts'

/** What manages a container; empty when nothing says so. */
export type ContainerRuntime =
  | 'docker'
  | 'podman'
  | 'cri-o'
  | 'containerd'
  | 'cri'
  | 'lxc'
  | 'libvirt-lxc'
  | 'bpm'
  | 'systemd-nspawn'
  | 'host'
  | ''

/** A container as its control group names it. */
export interface ContainerMatch {
  /** What `container.id` shows: the first 12 digits of a hexadecimal id, else the name. */
  readonly id: ByteString
  readonly fullId: ByteString
  /** The likeliest runtime: some share one form. */
  readonly runtime: ContainerRuntime
  /** The path that named it. */
  readonly cgroup: ByteString
}

/** Digits of an id that are shown. */
export const SHORT_ID_LENGTH = 12
/** Digits of an id of Docker, Podman, CRI-O and containerd. */
const ID_LENGTH = 64
/** A longer path is no name of a runtime (PATH_MAX, linux include/uapi/linux/limits.h). */
const MAX_PATH = 4096
/** Names of other runtimes that are longer are not taken. */
const MAX_NAME = 64

/** Prefix and suffix of a path component around an id, and whose form it is. The longest prefix stands first. */
const ID_FORMS: readonly (readonly [prefix: string, suffix: string, runtime: ContainerRuntime])[] =
  [
    ['libpod-payload-', '', 'podman'],
    ['libpod-', '.scope', 'podman'],
    ['libpod-', '', 'podman'],
    ['docker-', '.scope', 'docker'],
    ['cri-containerd-', '.scope', 'containerd'],
    ['crio-', '.scope', 'cri-o'],
    ['crio-', '', 'cri-o'],
    ['nerdctl-', '.scope', 'containerd'],
  ]

/** containerd's rule for names of namespaces and containers, bounded by the callers. */
const CONTAINERD_NAME = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/
const BPM_NAME = /^[A-Za-z0-9._-]+$/
/** Units of the host's systemd, whose groups look like a namespace with a container. */
const SYSTEMD_UNIT =
  /\.(?:service|slice|scope|mount|socket|swap|target|timer|path|device|automount)$/

/**
 * The container of a process, from its control groups: `controller=path` as captures carry them, the lines of
 * `/proc/PID/cgroup` (`4:memory:path`), or plain paths. Undefined on the host. Time is linear in the length of the paths.
 */
export function containerIdOf(cgroups: readonly ByteString[]): ContainerMatch | undefined {
  const paths = cgroups.map(pathOf)
  for (const path of paths) {
    const found = path === undefined ? undefined : certainMatch(path)
    if (found !== undefined) return found
  }
  return ctrMatch(paths)
}

/** First {@link SHORT_ID_LENGTH} characters of an id. */
export function shortId(fullId: ByteString): ByteString {
  return fullId.slice(0, SHORT_ID_LENGTH)
}

function pathOf(cgroup: ByteString): ByteString | undefined {
  // Controllers have no slash in their names, paths begin with one.
  const start = cgroup.indexOf('/')
  const length = cgroup.length - start
  return start < 0 || length > MAX_PATH ? undefined : cgroup.slice(start)
}

function certainMatch(path: ByteString): ContainerMatch | undefined {
  const parts = path.split('/')
  for (let at = parts.length - 1; at > 0; at--) {
    const found = idOf(parts[at]!, parts) ?? nameOf(parts, at)
    if (found === undefined) continue
    const [fullId, runtime] = found
    const id = isId(fullId) ? shortId(fullId) : fullId
    return {id, fullId, runtime, cgroup: path}
  }
  return undefined
}

type Found = readonly [fullId: ByteString, runtime: ContainerRuntime]

function idOf(part: ByteString, parts: readonly ByteString[]): Found | undefined {
  if (part.length < ID_LENGTH) return undefined
  if (isId(part)) return [part, inPod(parts) ? 'cri' : 'docker']
  for (const [prefix, suffix, runtime] of ID_FORMS) {
    if (part.length !== prefix.length + ID_LENGTH + suffix.length) continue
    if (!part.startsWith(prefix) || !part.endsWith(suffix)) continue
    const id = part.slice(prefix.length, prefix.length + ID_LENGTH)
    if (isId(id)) return [id, runtime]
  }
  // containerd under a slice name: `kubepods-pod1.slice:cri-containerd:ID`.
  const id = part.slice(-ID_LENGTH)
  return part.slice(0, -ID_LENGTH).endsWith(':cri-containerd:') && isId(id)
    ? [id, 'containerd']
    : undefined
}

function inPod(parts: readonly ByteString[]): boolean {
  return parts.some(part => part.startsWith('kubepods'))
}

/** Runtimes that name the group after the container's own name. */
function nameOf(parts: readonly ByteString[], at: number): Found | undefined {
  const part = parts[at]!
  const above = parts[at - 1]
  const named = (name: ByteString, runtime: ContainerRuntime): Found | undefined =>
    name === '' || name.length > MAX_NAME || name === '.' || name === '..'
      ? undefined
      : [name, runtime]
  if (above === 'lxc' && parts[at - 2] === 'libvirt') return named(part, 'libvirt-lxc')
  if (above === 'lxc' || above === 'lxc.payload') return named(part, 'lxc')
  if (part.startsWith('lxc.payload.')) return named(part.slice('lxc.payload.'.length), 'lxc')
  if (part.endsWith('.libvirt-lxc'))
    return named(part.slice(0, -'.libvirt-lxc'.length), 'libvirt-lxc')
  if (part.startsWith('machine-') && part.endsWith('.scope')) {
    const name = part.slice('machine-'.length, -'.scope'.length)
    if (name.startsWith('lxc\\x2d')) return named(name.slice('lxc\\x2d'.length), 'libvirt-lxc')
    // Virtual machines: their processes are the host's.
    if (name.startsWith('qemu\\x2d')) return undefined
    return above === 'machine.slice' ? named(unescaped(name), 'systemd-nspawn') : undefined
  }
  if (above === 'machine.slice' && part.startsWith('systemd-nspawn@') && part.endsWith('.service'))
    return named(
      unescaped(part.slice('systemd-nspawn@'.length, -'.service'.length)),
      'systemd-nspawn',
    )
  const bpm = part.startsWith('runc-bpm-') ? 9 : part.startsWith('bpm-') ? 4 : -1
  if (bpm < 0) return undefined
  const name = part.slice(bpm).replace(/\.scope$/, '')
  return BPM_NAME.test(name) && !SYSTEMD_UNIT.test(name) ? named(name, 'bpm') : undefined
}

/** What systemd writes as `\x2d` in the names of its units. */
function unescaped(name: ByteString): ByteString {
  return name.replace(/\\x([0-9a-f]{2})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/**
 * Containers made by containerd's own tool: `/NAMESPACE/ID` and nothing else. Any two words fit, so the path must be that of at
 * least half of the controllers, as a runtime sets it; a service manager that only bounds memory sets one of many.
 */
function ctrMatch(paths: readonly (ByteString | undefined)[]): ContainerMatch | undefined {
  const counts = new Map<ByteString, number>()
  for (const path of paths) {
    if (path !== undefined) counts.set(path, (counts.get(path) ?? 0) + 1)
  }
  for (const [path, count] of counts) {
    if (count * 2 < paths.length) continue
    const [, namespace = '', fullId = '', more] = path.split('/', 4)
    if (more !== undefined || !isContainerdName(namespace) || !isContainerdName(fullId)) continue
    return {id: shortId(fullId), fullId, runtime: 'containerd', cgroup: path}
  }
  return undefined
}

function isContainerdName(name: ByteString): boolean {
  return name.length <= MAX_NAME && CONTAINERD_NAME.test(name) && !SYSTEMD_UNIT.test(name)
}

function isId(text: ByteString): boolean {
  return text.length === ID_LENGTH && /^[0-9a-fA-F]+$/.test(text)
}
