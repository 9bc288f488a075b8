import type {Log} from '../../diagnostics/log.ts'
import type {Alert} from '../../schema/alert.ts'
import {type Lane, openLane, type Parcel, type Supply} from '../delivery/lane.ts'
import type {DeliveryPolicy} from '../delivery/policy.ts'
import type {DeadLetter, LaneStats} from '../queue.ts'
import type {Sink} from '../sink.ts'
import type {Timers} from '../timers.ts'
import {type Backlog, type Entry, RANKS} from './backlog.ts'
import type {Keeper} from './keeper.ts'
import type {LetterBox} from './letter-box.ts'

/** Dead letters of this run that are kept with their alerts for a look. */
const MAX_SHOWN_LETTERS = 1000

/** What an outlet works with. */
export interface OutletOptions {
  readonly name: string
  readonly bit: number
  /** Undefined: alerts of an earlier run wait for a sink that is not there now. */
  readonly sink: Sink | undefined
  readonly policy: DeliveryPolicy
  readonly timers: Timers
  readonly random: () => number
  readonly log: Log
  readonly backlog: Backlog
  readonly letterBox: LetterBox
  readonly keeper: () => Keeper
  /** Nothing may be delivered yet. */
  readonly isHeld: () => boolean
  /** Alerts went, one way or another. */
  readonly onGone: () => void
  /** An alert turned out to be unreadable. */
  readonly onDamaged: (entry: Entry) => void
}

/** One sink's part of the backlog. */
export interface Outlet {
  readonly name: string
  readonly bit: number
  readonly sink: Sink | undefined
  readonly counts: {recovered: number; accepted: number; refused: number}
  /** Whether the sink still has to take the alert. */
  has(entry: Entry): boolean
  /** Whether the alert is being delivered. */
  isTaken(number: number): boolean
  drop(entry: Entry): void
  wake(): void
  hurry(): void
  reopen(): Promise<void>
  /** No delivery begins any more. */
  stop(): Promise<void>
  /** The end: what has a number up to this one is kept for the next start, the rest is abandoned. */
  settle(keptUpTo: number): void
  stats(): LaneStats
}

interface Taken extends Parcel {
  readonly entry: Entry
}

/** Opens the outlet of a sink. */
export function openOutlet(options: OutletOptions): Outlet {
  const {name, bit, sink, policy, timers, backlog, letterBox, keeper, onGone} = options
  const taken = new Set<number>()
  const counts = {recovered: 0, accepted: 0, refused: 0}
  const fates = {delivered: 0, deadLettered: 0, dropped: 0, abandoned: 0, kept: 0}
  const shown: DeadLetter[] = []
  let isSettled = false

  const isLeft = (entry: Entry): boolean => ((backlog.sinksOf(entry) >>> bit) & 1) === 1

  /** Takes alerts off the list, and tells the keeper. */
  const finish = (entries: readonly Entry[]): void => {
    for (const entry of entries) {
      taken.delete(entry.number)
      if (backlog.done(entry, bit)) keeper().forget(entry.rank, entry.number)
    }
    const cursors = Array.from({length: RANKS}, (_, rank) => backlog.cursor(bit, rank))
    keeper().advance(name, cursors)
    onGone()
  }

  const take = async (count: number, bytes: number): Promise<readonly Taken[]> => {
    if (options.isHeld()) return []
    const entries = backlog.next(bit, {count, bytes, skip: taken, upTo: keeper().released()})
    for (const {number} of entries) taken.add(number)
    const alerts = await keeper().read(entries)
    if (alerts === undefined) {
      for (const {number} of entries) taken.delete(number)
      return []
    }
    const found: Taken[] = []
    for (const [index, entry] of entries.entries()) {
      const alert = alerts[index]
      // Somebody may have given it up while it was read.
      if (!isLeft(entry)) taken.delete(entry.number)
      else if (alert === undefined) {
        taken.delete(entry.number)
        options.onDamaged(entry)
      } else found.push({alert, entry})
    }
    // All of them damaged: there may be more behind them.
    return found.length === 0 && entries.length > 0 ? take(count, bytes) : found
  }

  const supply: Supply<Taken> = {
    ready: () => (options.isHeld() ? 0 : backlog.waiting(bit) - taken.size),
    take,
    delivered(parcels) {
      const left = parcels.filter(({entry}) => isLeft(entry))
      fates.delivered += left.length
      finish(left.map(({entry}) => entry))
    },
    giveBack(parcels) {
      for (const {entry} of parcels) taken.delete(entry.number)
    },
    bury({alert, entry}, reason) {
      fates.deadLettered++
      const atMs = timers.now()
      shown.push({alert, reason, atMs})
      if (shown.length > MAX_SHOWN_LETTERS) shown.shift()
      bury(alert, reason, atMs)
      finish([entry])
    },
  }

  const bury = (alert: Alert, reason: string, atMs: number): void => {
    const {id, rule} = alert
    const head = {number: keeper().nextNumber(), sink: name, id, rule, reason, atMs}
    letterBox.add(head)
    keeper().bury(head, alert)
  }

  const lane: Lane | undefined = sink && openLane(sink, supply, {...options, policy})

  return {
    name,
    bit,
    sink,
    counts,
    has: isLeft,
    isTaken: number => taken.has(number),
    drop(entry) {
      fates.dropped++
      finish([entry])
    },
    wake: () => lane?.wake(),
    hurry: () => lane?.hurry(),
    reopen: async () => lane?.reopen(),
    stop: async () => lane?.close(),
    settle(keptUpTo) {
      const left = backlog.waiting(bit)
      let kept = left
      if (keptUpTo !== Number.POSITIVE_INFINITY) {
        kept = 0
        if (keptUpTo > 0)
          for (const entry of backlog.entries())
            if (isLeft(entry) && entry.number <= keptUpTo) kept++
      }
      fates.kept += kept
      fates.abandoned += left - kept
      isSettled = true
    },
    stats: () => ({
      sink: name,
      ...counts,
      ...fates,
      pending: isSettled ? 0 : backlog.waiting(bit),
      ...(lane?.health() ?? NO_LANE),
      deadLetters: [...shown],
    }),
  }
}

const NO_LANE = {
  failures: 0,
  lastError: undefined,
  circuit: 'closed',
  lastDeliveryMs: undefined,
} as const
