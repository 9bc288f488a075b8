import type {CheckedCondition, CheckedOperand} from '../../checked.ts'

/**
 * What may change the value of a field of the process, besides the start and the exec of the thread's own program.
 *
 * - `exec`: nothing
 * - `kin`: exec or exit of an ancestor, and the calls by which a thread changes itself: setsid, capset, setns, unshare
 * - `container`: what is known of its container
 */
export type ProcessField = 'exec' | 'kin' | 'container'

const fields = (what: ProcessField, names: string): [string, ProcessField][] =>
  names.split(/\s+/).map(name => [name, what])

/**
 * Fields that the state knows of a thread whatever its event is, with what changes them there. Left out is what the event itself
 * tells (ids, times that passed), what changes without notice (memory, descriptors, names of users), what hangs on processes that
 * are no ancestors (leaders of sessions and groups), and the working directory.
 */
const PROCESS_FIELDS: ReadonlyMap<string, ProcessField> = new Map([
  ...fields(
    'exec',
    `proc.name proc.exe proc.exepath proc.exefile proc.args proc.cmdline proc.exeline proc.cmdnargs proc.cmdlenargs
    proc.env proc.tty proc.pid proc.vpid proc.vpgid proc.pgid proc.is_vpgid_leader proc.is_pgid_leader proc.pid.ts
    proc.is_exe_writable proc.is_exe_upper_layer proc.is_exe_lower_layer proc.is_exe_from_memfd proc.exe_dev
    proc.exe_ino proc.exe_ino.ctime proc.exe_ino.mtime proc.exe_ino.ctime_duration_proc_start
    proc.exe_ino.ctime_duration_pidns_start proc.pidns_init_start_ts thread.ismain thread.vtid thread.cgroups
    thread.cgroup user.loginuid container.start_ts`,
  ),
  ...fields(
    'kin',
    `proc.pname proc.pexe proc.pexepath proc.pexefile proc.pcmdline proc.pvpid proc.ppid proc.ppid.ts proc.aname
    proc.aexe proc.aexepath proc.aexefile proc.aargs proc.acmdline proc.apid proc.aenv proc.loginshellid proc.sid
    proc.is_sid_leader thread.cap_permitted thread.cap_inheritable thread.cap_effective`,
  ),
  ...fields(
    'container',
    `container.id container.full_id container.name container.image container.image.id container.image.repository
    container.image.tag container.image.digest container.type container.privileged container.mounts container.mount
    container.mount.source container.mount.dest container.mount.mode container.mount.rdwr container.mount.propagation
    container.ip container.cni.json container.host_pid container.host_network container.host_ipc container.label
    container.labels proc.is_container_healthcheck proc.is_container_liveness_probe
    proc.is_container_readiness_probe k8s.pod.name k8s.ns.name k8s.pod.id k8s.pod.uid k8s.pod.sandbox_id
    k8s.pod.full_sandbox_id k8s.pod.label k8s.pod.labels k8s.pod.ip k8s.pod.cni.json`,
  ),
])

/** Container fields that look at ancestors as well. */
const PROBES = /^proc\.is_container_/

/** What may change the answer of a condition that depends on the process alone. */
export interface ProcessUse {
  readonly kin: boolean
  readonly container: boolean
  /** It hangs on the control groups alone: all threads in the same ones have the same answer. */
  readonly cgroup: boolean
}

/** Names of the fields that are known of a process whatever its event is. */
export function processFieldNames(): string[] {
  return [...PROCESS_FIELDS.keys()]
}

/**
 * Makes the function that says what may change the answer of a condition; undefined for one that does not depend on the process
 * alone. Each shared part is looked at once.
 */
export function processUses(): (condition: CheckedCondition) => ProcessUse | undefined {
  const known = new Map<CheckedCondition, ProcessUse | undefined>()
  const look = (condition: CheckedCondition): ProcessUse | undefined => {
    if (condition.kind === 'not') return useOf(condition.child)
    if (condition.kind !== 'test') return all(condition.children.map(useOf))
    const {left, right} = condition
    return all([operandUse(left), right === undefined ? NOTHING : operandUse(right)])
  }
  const useOf = (condition: CheckedCondition): ProcessUse | undefined => {
    if (known.has(condition)) return known.get(condition)
    const use = look(condition)
    known.set(condition, use)
    return use
  }
  return useOf
}

const NOTHING: ProcessUse = {kin: false, container: false, cgroup: true}

function all(uses: readonly (ProcessUse | undefined)[]): ProcessUse | undefined {
  const found = uses.filter(use => use !== undefined)
  if (found.length < uses.length) return undefined
  return {
    kin: found.some(({kin}) => kin),
    container: found.some(({container}) => container),
    cgroup: found.every(({cgroup}) => cgroup),
  }
}

function operandUse(operand: CheckedOperand): ProcessUse | undefined {
  switch (operand.kind) {
    case 'literal':
      return NOTHING
    case 'call':
      return all(operand.args.map(operandUse))
    case 'items':
      return all(operand.items.map(operandUse))
    case 'field': {
      const {name} = operand.field.def
      const what = PROCESS_FIELDS.get(name)
      if (what === undefined) return undefined
      const kin = what === 'kin' || PROBES.test(name)
      const container = what === 'container'
      return {kin, container, cgroup: container && !kin}
    }
  }
}
