import type {Log} from '../../diagnostics/log.ts'
import type {Alert} from '../../schema/alert.ts'
import {PRIORITIES, priorityRank} from '../../schema/priority.ts'
import type {DeliveryPolicy} from '../delivery/policy.ts'
import type {AlertQueue, LaneCounts, QueueStats} from '../queue.ts'
import type {Sink} from '../sink.ts'
import type {Timers} from '../timers.ts'
import {createBacklog, type Entry, MAX_SINKS} from './backlog.ts'
import type {Keeper, KeeperEvents, Leftover} from './keeper.ts'
import {createLetterBox} from './letter-box.ts'
import {type Outlet, openOutlet} from './outlet.ts'
import {createQueueControl} from './queue-control.ts'
import {uniqueNames} from './unique-names.ts'

/** What a queue gives up when it is full is said at most this often, in milliseconds. */
const SAY_EVERY_MS = 10_000

/** Settings of {@link createAlertQueue}. */
export interface QueueOptions {
  /** At most {@link MAX_SINKS}. The queue closes them. */
  readonly sinks: readonly Sink[]
  /** How alerts are handed to a sink. */
  readonly policyOf: (sink: string) => DeliveryPolicy
  readonly maxBytes: number
  readonly maxAlerts: number
  readonly timers: Timers
  readonly random: () => number
  readonly log: Log
  readonly openKeeper: (events: KeeperEvents) => Keeper
}

/** A queue over whatever keeps its alerts. */
export function createAlertQueue(options: QueueOptions): AlertQueue {
  const {maxBytes, maxAlerts, timers, log} = options
  const backlog = createBacklog()
  const outlets: Outlet[] = []
  const dropped = {noRoom: 0, damaged: 0, purged: 0, oldDeadLetters: 0}
  const emptyWaiters: (() => void)[] = []
  let closed: Promise<void> | undefined
  let said = {atMs: Number.NEGATIVE_INFINITY, dropped: 0}

  const bitOf = (name: string): number | undefined => {
    const known = outlets.findIndex(outlet => outlet.name === name)
    if (known >= 0) return known
    // An alert for a sink that is not there now waits for it.
    return addOutlet(name, undefined)
  }

  const addOutlet = (name: string, sink: Sink | undefined): number | undefined => {
    const bit = outlets.length
    if (bit >= MAX_SINKS) return undefined
    const policy = options.policyOf(name)
    const {random} = options
    outlets.push(openOutlet({name, bit, sink, policy, timers, random, log, ...parts}))
    return bit
  }

  const takeLeftover = ({backlog: older, letters, damaged}: Leftover): void => {
    for (const outlet of outlets) outlet.counts.recovered += older.waiting(outlet.bit)
    backlog.putBefore(older)
    letterBox.restore(letters)
    dropped.damaged += damaged
    isHeld = false
    makeRoom()
    wakeAll()
  }

  const wakeAll = (): void => {
    for (const outlet of outlets) outlet.wake()
  }

  /** An alert is given up by every sink that still has to take it. */
  const drop = (entry: Entry, cause: 'noRoom' | 'damaged'): void => {
    dropped[cause]++
    for (const outlet of outlets) if (outlet.has(entry)) outlet.drop(entry)
  }

  /** Gives up what matters least until everything fits. */
  const makeRoom = (): void => {
    const isBusy = (number: number): boolean => outlets.some(outlet => outlet.isTaken(number))
    for (;;) {
      const isFull = backlog.bytes > maxBytes || backlog.count > maxAlerts
      if (!isFull && !keeper.isOverfull()) break
      const entry = backlog.expendable(isFull ? -1 : keeper.inMemoryAbove(), isBusy)
      if (entry === undefined) break
      drop(entry, 'noRoom')
      sayFull(entry.rank)
    }
  }

  const sayFull = (rank: number): void => {
    if (timers.now() - said.atMs < SAY_EVERY_MS) return
    const since = dropped.noRoom - said.dropped
    said = {atMs: timers.now(), dropped: dropped.noRoom}
    log(
      'error',
      `the queue is full: ${since} alerts given up since this was last said, the oldest of the lowest priority first; ` +
        `now at ${PRIORITIES[rank]}`,
    )
  }

  const wakeWaiters = (): void => {
    if (emptyWaiters.length === 0 || isHeld || (backlog.count > 0 && hasPending())) return
    for (const wake of emptyWaiters.splice(0)) wake()
  }

  /** Alerts for sinks that are not there now do not count: nothing makes them go. */
  const hasPending = (): boolean =>
    outlets.some(({sink, bit}) => sink !== undefined && backlog.waiting(bit) > 0)

  const add = (alert: Alert, to: readonly Outlet[]): void => {
    let bits = 0
    for (const {bit} of to) bits |= 1 << bit
    const rank = priorityRank(alert.priority)
    const number = keeper.nextNumber()
    const size = keeper.keep(
      rank,
      number,
      to.map(({name}) => name),
      alert,
    )
    backlog.add(rank, number, size, bits >>> 0)
  }

  const letterBox = createLetterBox({
    onDropped: number => {
      dropped.oldDeadLetters++
      keeper.unbury(number)
    },
  })
  // Until what an earlier run left is known nothing is delivered: it goes first.
  let isHeld = true
  const parts = {
    backlog,
    letterBox,
    keeper: (): Keeper => keeper,
    isHeld: () => isHeld,
    onGone: wakeWaiters,
    onDamaged: (entry: Entry) => drop(entry, 'damaged'),
  }
  for (const [index, name] of uniqueNames(options.sinks.map(sink => sink.name)).entries())
    addOutlet(name, options.sinks[index])
  const configured = [...outlets]
  const keeper = options.openKeeper({
    bitOf,
    onReleased: () => queueMicrotask(wakeAll),
    onLeftover: takeLeftover,
  })
  if (keeper.state().engine !== 'disk') isHeld = false

  const storage = (): QueueStats['storage'] => ({
    ...keeper.state(),
    alerts: backlog.count,
    bytes: backlog.bytes,
    maxBytes,
    dropped: {...dropped},
  })

  const stats = (): QueueStats => {
    const lanes = outlets.map(outlet => outlet.stats())
    return {
      ...sumCounts(lanes),
      lanes: lanes.filter((_, index) => outlets[index]!.sink !== undefined),
      storage: storage(),
    }
  }

  const shut = async (): Promise<void> => {
    await Promise.all(outlets.map(outlet => outlet.stop()))
    await keeper.ready()
    const keptUpTo = await keeper.close()
    for (const outlet of outlets) outlet.settle(keptUpTo)
    for (const wake of emptyWaiters.splice(0)) wake()
  }

  const queue: AlertQueue = {
    push(alert, to) {
      const wanted =
        to === undefined ? configured : configured.filter(({name}) => to.includes(name))
      for (const {counts} of wanted) {
        if (closed === undefined) counts.accepted++
        else counts.refused++
      }
      if (closed !== undefined) return false
      if (wanted.length === 0) return true
      add(alert, wanted)
      makeRoom()
      for (const outlet of wanted) outlet.wake()
      return true
    },
    stats,
    async drain(withinMs) {
      for (const outlet of outlets) outlet.hurry()
      let cancel = (): void => {}
      const timeIsUp = new Promise<boolean>(resolve => {
        cancel = timers.after(withinMs, () => resolve(false))
      })
      const drained = new Promise<boolean>(resolve => {
        emptyWaiters.push(() => resolve(true))
      })
      void keeper.ready().then(wakeWaiters)
      const result = await Promise.race([drained, timeIsUp])
      cancel()
      return result
    },
    async reopen() {
      await Promise.all(outlets.map(outlet => outlet.reopen()))
    },
    close() {
      closed ??= Promise.resolve().then(shut)
      return closed
    },
    ...createQueueControl({
      backlog,
      letterBox,
      keeper,
      outlets,
      timers,
      storage,
      dropped,
      onGone: wakeWaiters,
      again(alert, outlet) {
        outlet.counts.recovered++
        add(alert, [outlet])
        outlet.wake()
      },
    }),
  }
  return queue
}

function sumCounts(lanes: readonly LaneCounts[]): LaneCounts {
  const sum = (key: keyof LaneCounts): number => lanes.reduce((total, lane) => total + lane[key], 0)
  return {
    recovered: sum('recovered'),
    accepted: sum('accepted'),
    refused: sum('refused'),
    delivered: sum('delivered'),
    deadLettered: sum('deadLettered'),
    dropped: sum('dropped'),
    abandoned: sum('abandoned'),
    kept: sum('kept'),
    pending: sum('pending'),
  }
}
