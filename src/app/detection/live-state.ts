import type {Btf} from '../../bpf/btf.ts'
import {taskFileIterator} from '../../compiler/bpf/iterators/task-file-iterator.ts'
import {taskIterator} from '../../compiler/bpf/iterators/task-iterator.ts'
import {runIterator} from '../../sensor/iterator.ts'
import {resolvePathOf} from '../../sensor/resolve-path.ts'
import {containerIdOf} from '../../state/containers/container-id.ts'
import type {StateNeeds} from '../../state/host-lookup.ts'
import {HostState} from '../../state/host-state.ts'
import type {MetadataSink} from '../../state/metadata.ts'
import {hostAccounts, hostInterfaces, hostMachine} from '../../state/start/host-lists.ts'
import {procSource} from '../../state/start/proc-source.ts'
import {procLookup} from '../../state/start/read-thread.ts'
import {rescanProc} from '../../state/start/rescan-proc.ts'
import {type StartReport, startScan} from '../../state/start/start-scan.ts'
import {Users} from '../../state/users.ts'

const PROC = '/proc'
/** What the state holds at most. */
const LIMITS = {maxThreads: 262_144, maxFds: 4_194_304} as const

/** The state of this host. `bootNs`: from the epoch to boot, as the wall clock has it now, in nanoseconds. */
export function liveState(bootNs: () => bigint): HostState {
  return new HostState({
    maxThreads: LIMITS.maxThreads,
    host: {...procLookup(PROC, bootNs), file: resolvePathOf},
    accounts: new Users(() => performance.now()),
  })
}

/**
 * Reads what already runs into the state and, when there is one, into the lists of a recording. Containers that run already are
 * looked up.
 */
export function fillState(
  state: HostState,
  needs: StateNeeds,
  bootNs: bigint,
  btf: Btf,
  recording: MetadataSink | undefined,
): StartReport {
  state.follow(needs)
  const sinks = recording === undefined ? [state] : [state, recording]
  const {users, groups} = hostAccounts()
  for (const sink of sinks) {
    sink.machine(hostMachine(bootNs))
    for (const entry of hostInterfaces()) sink.networkInterface(entry)
    for (const user of users) sink.user(user)
    for (const group of groups) sink.group(group)
  }
  const report = startScan(
    procSource(PROC, bootNs),
    (kind, onRecord) => {
      const spec = kind === 'task' ? taskIterator(btf) : taskFileIterator(btf)
      runIterator(spec, btf, onRecord)
    },
    {
      thread: thread => {
        for (const sink of sinks) sink.thread(thread)
      },
      fd: (tid, fd) => {
        for (const sink of sinks) sink.fd(tid, fd)
      },
    },
    needs,
    LIMITS,
  )
  for (const thread of state.table.threads()) {
    const container = containerIdOf(thread.cgroups)
    if (container !== undefined) state.containers.see(container, thread.pid)
  }
  return report
}

/** How the processes of the start were found, for people. */
export function scanText({counts, reason, source}: StartReport): string {
  const because = reason === undefined ? '' : ` (${reason})`
  return `${counts.threads} threads and ${counts.fds} descriptors from ${source}${because}`
}

/** What several plans need of the state together. */
export function neededBy(plans: readonly StateNeeds[]): StateNeeds {
  return {
    fds: plans.some(({fds}) => fds),
    everyFd: plans.some(({everyFd}) => everyFd),
    env: plans.some(({env}) => env),
  }
}

/** Reads again what may have changed unseen; gives the number of threads that were gone or different. */
export function mendState(state: HostState, bootNs: bigint): number {
  const {gone, changed} = rescanProc(
    procSource(PROC, bootNs),
    state.table.threads(),
    {
      begin: tids => {
        for (const tid of tids) state.drop(tid)
      },
      thread: thread => state.thread(thread),
      fd: (tid, fd) => state.fd(tid, fd),
    },
    state.needs,
    LIMITS,
  )
  state.askPlaces()
  return gone.length + changed
}
