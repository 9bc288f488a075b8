/**
 * Keeps alerts on disk. What is pushed while one batch is being written goes into the next: under load many alerts share one sync,
 * and without load none waits for others. An alert is released to the sinks once it is on disk. While the disk fails, alerts
 * are released all the same and stay in memory until it can be written again.
 */
import type {Log} from '../../diagnostics/log.ts'
import type {Alert} from '../../schema/alert.ts'
import type {Timers} from '../timers.ts'
import {decodeAlert, encodeAlert} from './alert-codec.ts'
import {createBacklog, type Entry} from './backlog.ts'
import type {Keeper, KeeperEvents} from './keeper.ts'
import {alertKey, deadKey, decodeRecord, encodeRecord, metaKey, sinkKey} from './record.ts'
import {letterBody, readLeftover, readMeta, type StoreMeta} from './recovery.ts'
import {
  canWrite,
  type OpenResult,
  openStore,
  type SetAside,
  type Store,
  type StoreChange,
} from './store.ts'
import {openWaterMark, type WaterMark} from './water-mark.ts'

/** Bytes of alerts in one batch; more wait for the next. One flipped bit can cost a whole batch, so that it is kept small. */
const BATCH_BYTES = 256 * 1024
/** Removals in one batch. */
const BATCH_REMOVALS = 10_000
/** Alerts that are on disk are also kept in memory up to this size, so that a sink that keeps up reads nothing. */
const RECENT_BYTES = 8 * 1024 * 1024
/** How often a disk that failed is tried again, in milliseconds. */
const TRY_AGAIN_MS = 5000

/** Settings of {@link openDiskKeeper}. */
export interface DiskKeeperOptions {
  readonly folder: string
  /** Alerts that are not on disk yet take at most this much memory; beyond it the queue gives up what matters least. */
  readonly maxMemoryBytes: number
  readonly timers: Timers
  readonly log: Log
}

interface Unsaved {
  readonly rank: number
  readonly key: Buffer
  readonly value: Buffer
  readonly alert: Alert
}

/**
 * Opens the store of a queue. Resolves as soon as alerts can be taken; what an earlier run left is read after
 * {@link KeeperEvents} are known. Undefined: another process has the store (which is said).
 */
export async function openDiskKeeper(
  options: DiskKeeperOptions,
): Promise<((events: KeeperEvents) => Keeper) | {readonly locked: string}> {
  const result = await openStore(options.folder)
  if ('failure' in result && result.failure.kind === 'locked') return {locked: result.failure.by}
  const first = 'store' in result ? await readMeta(result.store, options.folder) : undefined
  return events => createDiskKeeper(options, events, result, first)
}

function createDiskKeeper(
  {folder, maxMemoryBytes, timers, log}: DiskKeeperOptions,
  events: KeeperEvents,
  result: OpenResult,
  first: StoreMeta | undefined,
): Keeper {
  let store: Store | undefined
  let mark: WaterMark | undefined
  // Without a store to ask, numbers begin above any that a store has given so far.
  let last = first === undefined ? timers.now() * 1000 : first.next - 1
  /** Alerts in the store. */
  let live = first?.live ?? 0
  let failing = false
  let atRisk = 0
  let saved = 0
  let savedNumber = last
  /** Whether what an earlier run left has been taken in. */
  let isWhole = false
  const unsaved = new Map<number, Unsaved>()
  let unsavedBytes = 0
  const recent = new Map<number, {readonly alert: Alert; readonly size: number}>()
  let recentBytes = 0
  const removals: Buffer[] = []
  const cursors = new Map<string, readonly number[]>()
  const letters = new Map<number, {readonly key: Buffer; readonly value: Buffer}>()
  let writing: Promise<void> | undefined
  let closed = false
  let cancelRetry = (): void => {}
  let leftoverTaken = Promise.resolve()

  const cache = (number: number, alert: Alert, size: number): void => {
    recent.set(number, {alert, size})
    recentBytes += size
    for (const [oldest, {size: bytes}] of recent) {
      if (recentBytes <= RECENT_BYTES) break
      recent.delete(oldest)
      recentBytes -= bytes
    }
  }

  const uncache = (number: number): void => {
    const known = recent.get(number)
    if (known === undefined) return
    recent.delete(number)
    recentBytes -= known.size
  }

  const takeUnsaved = (number: number): Unsaved | undefined => {
    const item = unsaved.get(number)
    if (item === undefined) return undefined
    unsaved.delete(number)
    unsavedBytes -= item.value.length
    return item
  }

  const hasWork = (): boolean =>
    unsaved.size > 0 || removals.length > 0 || cursors.size > 0 || letters.size > 0

  /** Writes one batch; what does not get to disk is as before. */
  const writeBatch = async (into: Store): Promise<void> => {
    const changes: StoreChange[] = []
    const items: [number, Unsaved][] = []
    let size = 0
    for (const item of unsaved) {
      if (size >= BATCH_BYTES) break
      items.push(item)
      size += item[1].value.length
      changes.push({type: 'put', key: item[1].key, value: item[1].value})
    }
    const gone = removals.slice(0, BATCH_REMOVALS)
    for (const key of gone) changes.push({type: 'del', key})
    const buried = [...letters]
    for (const [, {key, value}] of buried) changes.push({type: 'put', key, value})
    const moved = [...cursors]
    for (const [name, numbers] of moved) {
      const key = sinkKey(name)
      const value = encodeRecord(key, {head: '', body: JSON.stringify(numbers)})
      changes.push({type: 'put', key, value})
    }
    const aliveAfter = Math.max(0, live + items.length - gone.filter(isAlertKey).length)
    const meta = {next: last + 1, live: aliveAfter}
    const key = metaKey()
    const value = encodeRecord(key, {head: '', body: JSON.stringify(meta)})
    changes.push({type: 'put', key, value})
    await into.write(changes, items.length > 0 || buried.length > 0)
    live = aliveAfter
    removals.splice(0, gone.length)
    for (const [number, letter] of buried)
      if (letters.get(number) === letter) letters.delete(number)
    for (const [name, numbers] of moved) if (cursors.get(name) === numbers) cursors.delete(name)
    for (const [number, item] of items) {
      // Nobody may need it any more: then it has to go again.
      if (takeUnsaved(number) === undefined) removals.push(item.key)
      else cache(number, item.alert, item.value.length)
    }
    saved += items.length
    const lastItem = items.at(-1)
    if (lastItem !== undefined) savedNumber = Math.max(savedNumber, lastItem[0])
    mark?.set({number: savedNumber, live})
  }

  const writeAll = async (): Promise<void> => {
    while (store !== undefined && !failing && hasWork()) {
      try {
        await writeBatch(store)
        events.onReleased()
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error))
      }
    }
    writing = undefined
  }

  const work = (): void => {
    if (store === undefined || failing) return
    // A turn later, so that alerts pushed together are written together.
    writing ??= new Promise(resolve => setImmediate(resolve)).then(writeAll)
  }

  const fail = (reason: string): void => {
    if (!failing)
      log(
        'error',
        `the queue in ${folder} cannot be written: ${reason}; alerts are kept in memory only, where the end of this process ` +
          'loses them, until the disk is well again',
      )
    failing = true
    atRisk += unsaved.size
    scheduleRetry()
    events.onReleased()
  }

  const scheduleRetry = (): void => {
    cancelRetry()
    if (!closed) cancelRetry = timers.after(TRY_AGAIN_MS, () => void retryNow())
  }

  /** The store takes nothing after a write has failed, until it is opened again; that is done once the disk takes bytes. */
  const tryAgain = async (): Promise<void> => {
    if (!canWrite(folder)) return
    await store?.close()
    store = undefined
    const again = await openStore(folder)
    if ('failure' in again) return
    const meta = await readMeta(again.store, folder)
    if (!isWhole && meta.next > savedNumber + 1) {
      // The clock was set back: its numbers and ours would mix.
      log('error', `the queue in ${folder} holds newer alerts than now; it is left alone`)
      return again.store.close()
    }
    failing = false
    log(
      'warning',
      `the queue in ${folder} can be written again: ${unsaved.size} alerts are saved now`,
    )
    if (!isWhole) live = meta.live
    use(again.store, again.setAside, meta)
    work()
    events.onReleased()
  }

  const retryNow = async (): Promise<void> => {
    try {
      await tryAgain()
    } catch (error) {
      log('debug', `the queue in ${folder} cannot be opened again: ${error}`)
    }
    if (failing) scheduleRetry()
  }

  const use = (opened: Store, setAside: SetAside | undefined, meta: StoreMeta): void => {
    store = opened
    mark ??= openWaterMark(folder)
    if (setAside !== undefined) {
      live = isWhole ? 0 : live
      log(
        'error',
        `the store of the queue was damaged and is set aside as ${setAside.path}; a new one is used, with ${setAside.saved} ` +
          'records that could still be read',
      )
    }
    if (isWhole) return
    leftoverTaken = takeLeftover(opened, meta).catch((error: unknown) => {
      log('error', `the queue in ${folder} cannot be read: ${error}`)
      isWhole = true
      events.onLeftover({backlog: createBacklog(), letters: [], damaged: meta.live})
    })
  }

  const takeLeftover = async (from: Store, meta: StoreMeta): Promise<void> => {
    const leftover = await readLeftover(from, savedNumber, events.bitOf)
    removals.push(...leftover.remove)
    const missing = Math.max(0, meta.live - leftover.found, meta.lostAtEnd)
    if (leftover.unreadable > 0)
      log('error', `the queue in ${folder} holds ${leftover.unreadable} records that are damaged`)
    if (missing > 0)
      log(
        'error',
        `up to ${missing} alerts that the queue in ${folder} had stored are not there any more`,
      )
    isWhole = true
    // From now on the count is that of what is there, whatever it was.
    live += leftover.found - meta.live
    events.onLeftover({
      backlog: leftover.backlog,
      letters: leftover.letters,
      damaged: missing + leftover.unreadable,
    })
    work()
  }

  if ('store' in result) use(result.store, result.setAside, first!)
  else fail(result.failure.kind === 'unusable' ? result.failure.reason : 'it is locked')

  return {
    released: () => (failing || store === undefined ? Number.POSITIVE_INFINITY : savedNumber),
    nextNumber: () => ++last,
    keep(rank, number, sinks, alert) {
      const key = alertKey(rank, number)
      const value = encodeRecord(key, {head: sinks.join('\n'), body: encodeAlert(alert)})
      unsaved.set(number, {rank, key, value, alert})
      unsavedBytes += value.length
      if (failing) atRisk++
      work()
      return key.length + value.length
    },
    forget(rank, number) {
      uncache(number)
      if (takeUnsaved(number) === undefined) removals.push(alertKey(rank, number))
      work()
    },
    advance(sink, numbers) {
      cursors.set(sink, numbers)
      work()
    },
    read: entries =>
      readAlerts(entries, number => unsaved.get(number)?.alert ?? recent.get(number)?.alert, store),
    bury(head, alert) {
      const key = deadKey(head.number)
      const {sink, reason, atMs} = head
      const body = JSON.stringify({reason, atMs, alert: encodeAlert(alert)})
      letters.set(head.number, {key, value: encodeRecord(key, {head: sink, body})})
      work()
    },
    unbury(number) {
      letters.delete(number)
      removals.push(deadKey(number))
      work()
    },
    async readLetter(number) {
      const key = deadKey(number)
      const value = letters.get(number)?.value ?? (await store?.read([key]).catch(() => []))?.[0]
      const parts = value && decodeRecord(key, value)
      return parts && letterBody(parts.body)?.alert
    },
    inMemoryAbove: () => savedNumber,
    isOverfull: () => unsavedBytes > maxMemoryBytes,
    state: () => ({engine: failing ? 'disk-failing' : 'disk', path: folder, saved, atRisk}),
    ready: () => leftoverTaken,
    async close() {
      closed = true
      cancelRetry()
      await leftoverTaken
      // One last try: what is in memory only would be gone.
      if (failing) await retryNow()
      await leftoverTaken
      work()
      await writing
      await store?.close()
      mark?.close()
      return unsaved.size === 0 ? Number.POSITIVE_INFINITY : savedNumber
    },
  }
}

/** The alerts of entries, from memory where they are there. Undefined: they are not, and there is no store to read. */
async function readAlerts(
  entries: readonly Entry[],
  known: (number: number) => Alert | undefined,
  store: Store | undefined,
): Promise<readonly (Alert | undefined)[] | undefined> {
  const found = entries.map(({number}) => known(number))
  const missing = entries.filter((_, index) => found[index] === undefined)
  if (missing.length === 0) return found
  if (store === undefined) return undefined
  const keys = missing.map(({rank, number}) => alertKey(rank, number))
  const values = await readOneByOne(store, keys)
  const decoded = new Map<number, Alert | undefined>()
  for (const [index, {number}] of missing.entries()) {
    const value = values[index]
    const parts = value && decodeRecord(keys[index]!, value)
    decoded.set(number, parts && decodeAlert(parts.body))
  }
  return entries.map(({number}, index) => found[index] ?? decoded.get(number))
}

/** A damaged block fails all rows of a portion: then each is asked for alone. */
async function readOneByOne(
  store: Store,
  keys: readonly Uint8Array[],
): Promise<(Uint8Array | undefined)[]> {
  try {
    return await store.read(keys)
  } catch {
    const values: (Uint8Array | undefined)[] = []
    for (const key of keys) values.push(...(await store.read([key]).catch(() => [undefined])))
    return values
  }
}

function isAlertKey(key: Uint8Array): boolean {
  return key.length === 10
}
