import type {Alert} from '../../schema/alert.ts'
import {PRIORITIES} from '../../schema/priority.ts'
import type {QueueControl, QueueSelection, QueueView, StorageStats} from '../queue.ts'
import type {Timers} from '../timers.ts'
import type {Backlog, Entry} from './backlog.ts'
import type {Keeper, LetterHead} from './keeper.ts'
import type {LetterBox} from './letter-box.ts'
import type {Outlet} from './outlet.ts'
import {looksIntoAlerts, selectsAlert, selectsLetter} from './selection.ts'

/** Dead letters that a view shows. */
const MAX_SHOWN = 100
/** Alerts that are read at once. */
const PORTION = 256

/** The parts of a queue that people can act on. */
export interface ControlParts {
  readonly backlog: Backlog
  readonly letterBox: LetterBox
  readonly keeper: Keeper
  readonly outlets: readonly Outlet[]
  readonly timers: Timers
  readonly storage: () => StorageStats
  readonly dropped: {purged: number}
  readonly onGone: () => void
  /** Puts an alert in line for one sink. */
  readonly again: (alert: Alert, outlet: Outlet) => void
}

/** Looks at, retries and purges what a queue holds. */
export function createQueueControl(parts: ControlParts): QueueControl {
  const {backlog, letterBox, keeper, outlets, timers} = parts

  const lettersOf = (selection: QueueSelection): LetterHead[] =>
    [...letterBox.all()].filter(letter => selectsLetter(selection, letter, timers.now()))

  const outletsOf = ({sink}: QueueSelection): Outlet[] =>
    outlets.filter(({name}) => sink === undefined || name === sink)

  /** Calls back with every entry that is meant, with its alert where that had to be read. */
  const eachWaiting = async (
    selection: QueueSelection,
    take: (entry: Entry, alert: Alert | undefined) => void,
  ): Promise<void> => {
    const wanted = outletsOf(selection)
    let portion: Entry[] = []
    const flush = async (): Promise<void> => {
      const alerts = looksIntoAlerts(selection) ? await keeper.read(portion) : []
      for (const [index, entry] of portion.entries()) {
        const alert = alerts?.[index]
        const isMeant =
          !looksIntoAlerts(selection) ||
          (alert !== undefined && selectsAlert(selection, alert, timers.now()))
        if (isMeant) take(entry, alert)
      }
      portion = []
    }
    for (const entry of backlog.entries()) {
      if (!wanted.some(outlet => outlet.has(entry))) continue
      portion.push(entry)
      if (portion.length >= PORTION) await flush()
    }
    await flush()
  }

  const oldestMs = async (outlet: Outlet): Promise<number | undefined> => {
    const firsts = PRIORITIES.flatMap((_, rank) => {
      if (backlog.waiting(outlet.bit, rank) === 0) return []
      const wanted = {count: 1, bytes: 0, upTo: Number.POSITIVE_INFINITY, skip: new Set<number>()}
      return backlog.next(outlet.bit, wanted, rank)
    })
    const alerts = (await keeper.read(firsts)) ?? []
    const times = alerts.flatMap(alert =>
      alert === undefined ? [] : [Number(alert.timeNs / 1_000_000n)],
    )
    return times.length === 0 ? undefined : Math.min(...times)
  }

  const look = async (selection: QueueSelection): Promise<QueueView> => {
    await keeper.ready()
    const letters = lettersOf(selection)
    const waiting = new Map<Outlet, number[]>()
    for (const outlet of outletsOf(selection))
      waiting.set(
        outlet,
        PRIORITIES.map((_, rank) => backlog.waiting(outlet.bit, rank)),
      )
    if (looksIntoAlerts(selection)) {
      for (const counts of waiting.values()) counts.fill(0)
      await eachWaiting(selection, entry => {
        for (const [outlet, counts] of waiting) if (outlet.has(entry)) counts[entry.rank]! += 1
      })
    }
    const sinks = [...waiting].map(async ([outlet, counts]) => ({
      sink: outlet.name,
      configured: outlet.sink !== undefined,
      waiting: counts.reduce((sum, count) => sum + count, 0),
      dead: letters.filter(({sink}) => sink === outlet.name).length,
      byPriority: Object.fromEntries(
        PRIORITIES.map((name, rank) => [name, counts[rank]!] as const).filter(
          ([, count]) => count > 0,
        ),
      ),
      oldestMs: await oldestMs(outlet),
    }))
    return {
      storage: parts.storage(),
      sinks: await Promise.all(sinks),
      deadLetters: letters
        .slice(-MAX_SHOWN)
        .map(({sink, id, rule, reason, atMs}) => ({sink, id, rule, reason, atMs})),
    }
  }

  const retry = async (selection: QueueSelection): Promise<number> => {
    await keeper.ready()
    let count = 0
    for (const letter of lettersOf(selection)) {
      const outlet = outlets.find(({name}) => name === letter.sink)
      const alert = await keeper.readLetter(letter.number)
      if (outlet === undefined || alert === undefined) continue
      // In line first: a crash in between may repeat it, and must not lose it.
      parts.again(alert, outlet)
      letterBox.remove(letter.number)
      keeper.unbury(letter.number)
      count++
    }
    for (const outlet of outletsOf(selection)) outlet.hurry()
    return count
  }

  const purge = async (selection: QueueSelection) => {
    await keeper.ready()
    const letters = lettersOf(selection)
    for (const {number} of letters) {
      letterBox.remove(number)
      keeper.unbury(number)
    }
    let waiting = 0
    if (selection.dead !== true) {
      const wanted = new Set(outletsOf(selection))
      await eachWaiting(selection, entry => {
        let isGone = false
        for (const outlet of wanted) {
          if (!outlet.has(entry) || outlet.isTaken(entry.number)) continue
          outlet.drop(entry)
          isGone = true
        }
        if (isGone) waiting++
      })
      parts.dropped.purged += waiting
    }
    parts.onGone()
    return {waiting, dead: letters.length}
  }

  return {look, retry, purge}
}
