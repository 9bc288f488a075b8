import type {Alert} from '../../schema/alert.ts'
import {decodeAlert} from './alert-codec.ts'
import {type Backlog, createBacklog, RANKS} from './backlog.ts'
import type {LetterHead} from './keeper.ts'
import {decodeRecord, KEY, metaKey, parseKey} from './record.ts'
import type {Store} from './store.ts'
import {readWaterMark} from './water-mark.ts'

/** What the counters of a store say. */
export interface StoreMeta {
  /** The number of the next alert: above all that the store ever gave. */
  readonly next: number
  /** Alerts that should be there. */
  readonly live: number
  /** Of these at least so many are not: they were stored after the newest that the store knows of. */
  readonly lostAtEnd: number
}

/** What was found in a store. */
export interface FoundAlerts {
  readonly backlog: Backlog
  readonly letters: readonly LetterHead[]
  /** Alerts that are there, those that nobody needs included. */
  readonly found: number
  readonly unreadable: number
  /** Keys of rows that have to go. */
  readonly remove: readonly Buffer[]
}

/** Reads the counters. Where they are damaged, the rows themselves and the mark beside the store say what they can. */
export async function readMeta(store: Store, folder: string): Promise<StoreMeta> {
  const key = metaKey()
  const [value] = await store.read([key]).catch(() => [undefined])
  const parts = value && decodeRecord(key, value)
  const meta = parts && toMeta(parts.body)
  const marked = readWaterMark(folder)
  const newest = meta === undefined ? await newestOf(store) : meta.next - 1
  const behind = Math.max(0, marked.number - newest)
  const isBehind = behind > 0 || meta === undefined
  return {
    next: Math.max(newest, marked.number) + 1,
    live: Math.max(meta?.live ?? 0, isBehind ? marked.live : 0),
    lostAtEnd: Math.min(behind, marked.live),
  }
}

/** The highest number in any key. */
async function newestOf(store: Store): Promise<number> {
  let newest = 0
  for (const first of [KEY.alert, KEY.dead])
    for await (const [key] of each(store, first))
      newest = Math.max(newest, parseKey(key)?.number ?? 0)
  return newest
}

/**
 * Reads what an earlier run left: alerts with numbers up to `upTo`, as far as their sinks have not taken them, and dead letters.
 *
 * @param bitOf the bit of a sink by its name
 */
export async function readLeftover(
  store: Store,
  upTo: number,
  bitOf: (sink: string) => number | undefined,
): Promise<FoundAlerts> {
  const backlog = createBacklog()
  const remove: Buffer[] = []
  const letters: LetterHead[] = []
  const progress = await readProgress(store)
  const sinksOf = sinksByHead(bitOf)
  let found = 0
  let unreadable = 0
  for await (const [key, value] of each(store, KEY.alert)) {
    const place = parseKey(key)
    if (place === undefined || place.number > upTo) continue
    found++
    const parts = decodeRecord(key, value)
    const left = parts === undefined ? 0 : leftOf(sinksOf(parts.head), progress, place)
    if (parts === undefined) unreadable++
    if (left === 0) remove.push(Buffer.from(key))
    else backlog.add(place.rank, place.number, key.length + value.length, left)
  }
  for await (const [key, value] of each(store, KEY.dead)) {
    const place = parseKey(key)
    const parts = decodeRecord(key, value)
    const body = parts && letterBody(parts.body)
    if (place === undefined || parts === undefined || body === undefined) {
      unreadable++
      remove.push(Buffer.from(key))
      continue
    }
    const {alert, reason, atMs} = body
    const {id, rule} = alert
    letters.push({number: place.number, sink: parts.head, id, rule, reason, atMs})
  }
  return {backlog, letters, found, unreadable, remove}
}

/** What stands in the body of a dead letter; undefined when it is none. */
export function letterBody(
  body: string,
): {readonly reason: string; readonly atMs: number; readonly alert: Alert} | undefined {
  try {
    const {reason, atMs, alert} = JSON.parse(body) as Record<string, unknown>
    const decoded = decodeAlert(String(alert))
    return decoded && {reason: String(reason), atMs: Number(atMs), alert: decoded}
  } catch {
    // Not of ours.
    return undefined
  }
}

interface SinkOfHead {
  readonly name: string
  readonly bit: number
}

/** Many alerts have the same head: it is taken apart once. */
function sinksByHead(bitOf: (sink: string) => number | undefined) {
  const known = new Map<string, readonly SinkOfHead[]>()
  return (head: string): readonly SinkOfHead[] => {
    let sinks = known.get(head)
    if (sinks === undefined) {
      sinks = head.split('\n').flatMap(name => {
        const bit = bitOf(name)
        return bit === undefined ? [] : [{name, bit}]
      })
      known.set(head, sinks)
    }
    return sinks
  }
}

function leftOf(
  sinks: readonly SinkOfHead[],
  progress: ReadonlyMap<string, readonly number[]>,
  {rank, number}: {readonly rank: number; readonly number: number},
): number {
  let left = 0
  for (const {name, bit} of sinks) if (number > (progress.get(name)?.[rank] ?? 0)) left |= 1 << bit
  return left >>> 0
}

async function readProgress(store: Store): Promise<Map<string, readonly number[]>> {
  const progress = new Map<string, readonly number[]>()
  for await (const [key, value] of each(store, KEY.sink)) {
    const parts = decodeRecord(key, value)
    const cursors = parts && toCursors(parts.body)
    // Without it the sink gets again what it may have had.
    if (cursors !== undefined) progress.set(Buffer.from(key).toString('utf8', 1), cursors)
  }
  return progress
}

/** Rows one by one. A place that cannot be read ends them: what is missing shows in the count. */
async function* each(store: Store, firstByte: number) {
  try {
    for await (const rows of store.rows(firstByte)) yield* rows
  } catch {
    // The caller counts.
  }
}

function toMeta(body: string): {readonly next: number; readonly live: number} | undefined {
  const {next, live} = JSON.parse(body) as {next: unknown; live: unknown}
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value)
  return isCount(next) && isCount(live) ? {next, live} : undefined
}

function toCursors(body: string): readonly number[] | undefined {
  const cursors: unknown = JSON.parse(body)
  const isWhole = Array.isArray(cursors) && cursors.length === RANKS
  return isWhole && cursors.every(value => Number.isSafeInteger(value)) ? cursors : undefined
}
