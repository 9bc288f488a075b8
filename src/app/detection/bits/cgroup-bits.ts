import {
  cgroupKey,
  encodeCgroupEntry,
  MAX_CGROUPS,
} from '../../../compiler/filter/process/cgroup-entry.ts'
import type {PredicateSet} from '../../../compiler/filter/process/predicate-set.ts'
import type {ProcessJudge} from '../../../engine/process-judge.ts'
import type {BpfMap} from '../../../sensor/map.ts'
import type {HostState} from '../../../state/host-state.ts'
import type {Thread} from '../../../state/thread.ts'

/** What an entry was written for. */
interface Written {
  readonly set: bigint
  readonly revision: number
  readonly containerId: string
}

/**
 * Tells the kernel's filters which conditions hold for all threads in the same control groups, as soon as one of them was made there
 * or executed a program. A condition on the container is so known of a process from its beginning.
 */
export class CgroupBits {
  readonly #state: HostState
  readonly #entries: Pick<BpfMap, 'tryUpdate'>
  readonly #written = new Map<bigint, Written>()
  /** Control groups with a thread that was made in them. */
  readonly #waiting = new Map<bigint, Thread>()
  #set: Pick<PredicateSet, 'id'> = {id: 0n}
  /** The bits of conditions that hang on control groups alone. */
  #mask = 0n

  constructor(state: HostState, entries: Pick<BpfMap, 'tryUpdate'>) {
    this.#state = state
    this.#entries = entries
  }

  /** Writes by this set from now on. */
  follow({id, predicates}: PredicateSet): void {
    this.#set = {id}
    const bits = predicates.filter(({cgroup}) => cgroup).map(({bit}) => 1n << BigInt(bit))
    this.#mask = bits.reduce((mask, bit) => mask | bit, 0n)
  }

  /** The state took in that this thread was made, or executed a program. */
  began(thread: Thread): void {
    const {cgroupKey: key} = thread
    if (this.#mask === 0n || key === undefined) return
    const group = BigInt.asUintN(64, BigInt(key))
    if (!this.#isWritten(group, thread)) this.#waiting.set(group, thread)
  }

  /** Writes what waits; `revision`: of the state, as the kernel was told of it. */
  settle(revision: number, judge: () => ProcessJudge): void {
    for (const [group, thread] of this.#waiting) this.#write(group, thread, revision, judge())
    this.#waiting.clear()
  }

  #isWritten(group: bigint, {containerId}: Thread): boolean {
    const written = this.#written.get(group)
    return (
      written !== undefined &&
      written.set === this.#set.id &&
      written.revision === this.#state.revision &&
      written.containerId === containerId
    )
  }

  #write(group: bigint, thread: Thread, revision: number, judge: ProcessJudge): void {
    const {containerId} = thread
    const {containers, table} = this.#state
    if (thread.dead || table.get(thread.tid) !== thread) return
    // Its records wait for what the container is: they must leave the kernel.
    if (containerId !== '' && containers.stateOf(containerId) === 'pending') return
    const key = cgroupKey(group)
    const bits = judge(thread) & this.#mask
    const {id} = this.#set
    if (
      !this.#entries.tryUpdate(
        key,
        encodeCgroupEntry(key, {set: id, version: BigInt(revision), bits}),
      )
    )
      return
    if (this.#written.size >= MAX_CGROUPS) this.#written.clear()
    this.#written.set(group, {set: id, revision, containerId})
  }
}
