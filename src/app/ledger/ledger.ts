import {type AffectedRules, mergeAffected, NO_RULES} from './affected-rules.ts'
import {CAUSE_NAMES, type Cause} from './causes.ts'

/** What a change of the ledger is about. Two changes with the same place may be told as one. */
interface MissPlace {
  readonly cause: Cause
  /** The kind of record; undefined when the miss belongs to none. */
  readonly kind?: string | undefined
  /** What else tells it from others of its cause: a field, an output. */
  readonly detail?: string | undefined
}

/** Something that was missed. Plain data: it crosses threads. */
export type LedgerChange =
  /** So many more. */
  | (MissPlace & MissFacts & {readonly change: 'add'; readonly count: number})
  /** From now on, until `end`; the same again while it lasts adds to its count. */
  | (MissPlace & MissFacts & {readonly change: 'begin'; readonly count: number})
  | (MissPlace & {readonly change: 'end'; readonly atMs: number})

interface MissFacts {
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly generation: number
  readonly affected: AffectedRules
}

/** What was missed for one reason, in one place, over some time. */
export interface LedgerEntry {
  readonly cause: Cause
  readonly kind: string | undefined
  readonly detail: string | undefined
  /** Milliseconds since the epoch; of an interval its beginning, and its end or the moment of asking. */
  readonly firstMs: number
  readonly lastMs: number
  readonly count: number
  /** How long the intervals of this entry lasted together; 0 for what is no interval. */
  readonly durationMs: number
  /** An interval that is not over. */
  readonly open: boolean
  readonly generation: number
  readonly affected: AffectedRules
}

/** Everything that was missed for one reason since the start. */
export interface CauseTotal {
  readonly cause: Cause
  readonly count: number
  readonly byKind: Readonly<Record<string, number>>
  /** By detail, the first {@link MAX_DETAILS}. */
  readonly byDetail: Readonly<Record<string, number>>
  readonly durationMs: number
  readonly firstMs: number
  readonly lastMs: number
  /** Intervals that are not over. */
  readonly open: number
  readonly affected: AffectedRules
}

/** The ledger at a moment. */
export interface LedgerView {
  /** By cause, in the order of the table; complete, whatever entries were given up. */
  readonly totals: readonly CauseTotal[]
  /** The newest entries, oldest first. */
  readonly entries: readonly LedgerEntry[]
  /** Entries that were given up for newer ones; they count in the totals. */
  readonly forgotten: number
}

/** Settings of {@link createLedger}. */
export interface LedgerOptions {
  /** Entries kept at most, 1 or more. Default 256. */
  readonly maxEntries?: number
  /** Misses of one place with no longer pause between them are one entry, in milliseconds. Default 60000. */
  readonly mergeMs?: number
}

/** The book of what was missed. Memory is bounded: by the entries, and by causes and kinds for the totals. */
export interface Ledger {
  take(change: LedgerChange): void
  /** Ends every open interval of these causes. */
  endAll(causes: readonly Cause[], atMs: number): void
  view(nowMs: number): LedgerView
}

/** Details of one cause that are counted apart. */
const MAX_DETAILS = 64

type Mutable<T> = {-readonly [K in keyof T]: T[K]}
type Entry = Mutable<Omit<LedgerEntry, 'open'>> & {
  /** When the interval that lasts began. */
  openedMs: number | undefined
}
type Total = Mutable<Omit<CauseTotal, 'byKind' | 'byDetail' | 'open'>> & {
  readonly byDetail: Map<string, number>
  readonly byKind: Map<string, number>
}

/** Opens an empty ledger. */
export function createLedger({maxEntries = 256, mergeMs = 60_000}: LedgerOptions = {}): Ledger {
  const entries: Entry[] = []
  /** The newest entry of each place. */
  const newest = new Map<string, Entry>()
  const totals = new Map<Cause, Total>()
  let forgotten = 0

  const totalOf = (cause: Cause, atMs: number): Total => {
    let total = totals.get(cause)
    if (total === undefined) {
      total = {
        cause,
        count: 0,
        byKind: new Map(),
        byDetail: new Map(),
        durationMs: 0,
        firstMs: atMs,
        lastMs: atMs,
        affected: NO_RULES,
      }
      totals.set(cause, total)
    }
    return total
  }

  const close = (entry: Entry, atMs: number): void => {
    if (entry.openedMs === undefined) return
    const durationMs = Math.max(0, atMs - entry.openedMs)
    entry.openedMs = undefined
    entry.durationMs += durationMs
    entry.lastMs = Math.max(entry.lastMs, atMs)
    const total = totalOf(entry.cause, atMs)
    total.durationMs += durationMs
    total.lastMs = Math.max(total.lastMs, atMs)
  }

  /** Gives the oldest entry up; one that is open only when all are. */
  const forget = (nowMs: number): void => {
    const oldest = Math.max(
      0,
      entries.findIndex(({openedMs}) => openedMs === undefined),
    )
    const [entry] = entries.splice(oldest, 1)
    close(entry!, nowMs)
    if (newest.get(keyOf(entry!)) === entry) newest.delete(keyOf(entry!))
    forgotten++
  }

  const entryFor = (change: Exclude<LedgerChange, {change: 'end'}>): Entry => {
    const {cause, kind, detail, atMs, generation, affected} = change
    const known = newest.get(keyOf(change))
    const isSame =
      known !== undefined &&
      (known.openedMs !== undefined ||
        (atMs - known.lastMs <= mergeMs &&
          (change.change === 'begin' || known.generation === generation)))
    if (isSame) return known
    if (entries.length >= maxEntries) forget(atMs)
    const entry: Entry = {
      cause,
      kind,
      detail,
      firstMs: atMs,
      lastMs: atMs,
      count: 0,
      durationMs: 0,
      openedMs: undefined,
      generation,
      affected,
    }
    entries.push(entry)
    newest.set(keyOf(entry), entry)
    return entry
  }

  const take = (change: LedgerChange): void => {
    if (change.change === 'end') {
      const entry = newest.get(keyOf(change))
      if (entry !== undefined) close(entry, change.atMs)
      return
    }
    const {cause, kind, detail, atMs, count, generation, affected} = change
    const entry = entryFor(change)
    entry.count += count
    entry.lastMs = Math.max(entry.lastMs, atMs)
    entry.generation = generation
    entry.affected = mergeAffected(entry.affected, affected)
    if (change.change === 'begin') entry.openedMs ??= atMs
    const total = totalOf(cause, atMs)
    total.count += count
    total.lastMs = Math.max(total.lastMs, atMs)
    total.affected = mergeAffected(total.affected, affected)
    if (kind !== undefined) total.byKind.set(kind, (total.byKind.get(kind) ?? 0) + count)
    const {byDetail} = total
    if (detail !== undefined && (byDetail.has(detail) || byDetail.size < MAX_DETAILS))
      byDetail.set(detail, (byDetail.get(detail) ?? 0) + count)
  }

  return {
    take,
    endAll(causes, atMs) {
      for (const entry of entries) if (causes.includes(entry.cause)) close(entry, atMs)
    },
    view(nowMs) {
      const lasting = (cause: Cause): Entry[] =>
        entries.filter(entry => entry.cause === cause && entry.openedMs !== undefined)
      return {
        totals: CAUSE_NAMES.flatMap(cause => {
          const total = totals.get(cause)
          if (total === undefined) return []
          const open = lasting(cause)
          const sofar = open.reduce((sum, {openedMs}) => sum + Math.max(0, nowMs - openedMs!), 0)
          return {
            ...total,
            byKind: Object.fromEntries(total.byKind),
            byDetail: Object.fromEntries(total.byDetail),
            durationMs: total.durationMs + sofar,
            lastMs: open.length > 0 ? Math.max(total.lastMs, nowMs) : total.lastMs,
            open: open.length,
          }
        }),
        entries: entries.map(({openedMs, ...entry}) => ({
          ...entry,
          durationMs:
            entry.durationMs + (openedMs === undefined ? 0 : Math.max(0, nowMs - openedMs)),
          lastMs: openedMs === undefined ? entry.lastMs : Math.max(entry.lastMs, nowMs),
          open: openedMs !== undefined,
        })),
        forgotten,
      }
    },
  }
}

function keyOf({cause, kind, detail}: MissPlace): string {
  return JSON.stringify([cause, kind ?? null, detail ?? null])
}
