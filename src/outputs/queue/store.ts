import {randomBytes} from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {join} from 'node:path'
import {ClassicLevel} from 'classic-level'
import {decodeRecord, KEY} from './record.ts'

/** Bytes that have to fit before a disk that was full counts as one that can be written. */
const PROBE_BYTES = 1024 * 1024
/** Damaged stores that are kept. */
const MAX_SET_ASIDE = 3
/** Rows read at once. */
const ROWS = 1000
/** Memory of the store for what is not in its tables yet, and for tables that were read. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024
const CACHE_BYTES = 8 * 1024 * 1024

/** One change. */
export type StoreChange =
  | {readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array}
  | {readonly type: 'del'; readonly key: Uint8Array}

/** An open store: an ordered map from bytes to bytes, on disk. */
export interface Store {
  /** All or nothing. With `sync`, on disk for good once it resolves. */
  write(changes: readonly StoreChange[], sync: boolean): Promise<void>
  /** Undefined for each that is not there. */
  read(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /** All rows whose key begins with a byte, in order, in portions. Ends early where the store cannot be read. */
  rows(firstByte: number): AsyncIterable<readonly (readonly [Uint8Array, Uint8Array])[]>
  /** Idempotent. */
  close(): Promise<void>
}

/** Why a store is not open. */
export type OpenFailure =
  /** Another process has it; `by` says which, if that is known. */
  | {readonly kind: 'locked'; readonly by: string}
  /** The disk is full, read-only, or not ours; it may pass. */
  | {readonly kind: 'unusable'; readonly reason: string}

/** An open store, or why there is none. */
export type OpenResult =
  | {readonly store: Store; readonly setAside: SetAside | undefined}
  | {readonly failure: OpenFailure}

/** A damaged store that was put aside, in whose place a new one was made. */
export interface SetAside {
  readonly path: string
  /** Rows that could be taken over. */
  readonly saved: number
}

/**
 * Opens the store in a folder, which is made if need be (mode 0700). A store that is damaged beyond opening is put aside under
 * another name, and a new one is made that takes over what can be read.
 */
export async function openStore(folder: string): Promise<OpenResult> {
  const location = join(folder, 'store')
  try {
    mkdirSync(folder, {recursive: true, mode: 0o700})
  } catch (error) {
    return {failure: {kind: 'unusable', reason: reasonOf(error)}}
  }
  const first = await tryOpen(location)
  if (first instanceof ClassicLevel) return opened(first, folder, undefined)
  if (first.code === 'LEVEL_LOCKED')
    return {failure: {kind: 'locked', by: ownerOf(folder) ?? 'another process'}}
  if (!isDamage(first)) return {failure: {kind: 'unusable', reason: first.message}}
  const setAside = `${location}.damaged-${Date.now()}-${randomBytes(2).toString('hex')}`
  try {
    renameSync(location, setAside)
    removeOldest(folder)
  } catch (error) {
    return {failure: {kind: 'unusable', reason: reasonOf(error)}}
  }
  const second = await tryOpen(location)
  if (second instanceof ClassicLevel)
    return opened(second, folder, {path: setAside, saved: await salvage(setAside, second)})
  return {failure: {kind: 'unusable', reason: second.message}}
}

/** Whether a folder can be written and has some room. */
export function canWrite(folder: string): boolean {
  const probe = join(folder, 'probe')
  let fd: number | undefined
  try {
    fd = openSync(probe, 'w', 0o600)
    const bytes = Buffer.alloc(PROBE_BYTES, 1)
    if (writeSync(fd, bytes) < bytes.length) return false
    fsyncSync(fd)
    return true
  } catch {
    // Whatever the reason: not now.
    return false
  } finally {
    if (fd !== undefined) {
      closeSync(fd)
      tryUnlink(probe)
    }
  }
}

type Level = ClassicLevel<Uint8Array, Uint8Array>

async function tryOpen(location: string): Promise<Level | {code: string; message: string}> {
  const level: Level = new ClassicLevel(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES,
  })
  try {
    await level.open()
    return level
  } catch (error) {
    const cause = (error as Error).cause ?? error
    return {code: String((cause as {code?: unknown}).code ?? ''), message: reasonOf(cause)}
  }
}

/** What the kernel says when a disk or its rights are the trouble (linux v6.8 include/uapi/asm-generic/errno.h, as strerror words it). */
const DISK_TROUBLE =
  /No space left|Read-only|Permission denied|Disk quota|Too many open files|not permitted|Input\/output error|Cannot allocate|Stale/

/** Trouble with the disk is named by the kernel's words; everything else that keeps a store shut is damage. */
function isDamage({code, message}: {code: string; message: string}): boolean {
  if (code === 'LEVEL_CORRUPTION') return true
  return !DISK_TROUBLE.test(message)
}

function opened(level: Level, folder: string, setAside: SetAside | undefined): OpenResult {
  const owner = join(folder, 'owner')
  try {
    writeFileSync(owner, `${process.pid}\n`, {mode: 0o600})
  } catch {
    // Only names us to another detector that finds the store taken.
  }
  let closed: Promise<void> | undefined
  return {
    setAside,
    store: {
      write: (changes, sync) => level.batch([...changes], {sync}),
      read: keys => level.getMany([...keys]),
      rows: firstByte => rowsOf(level, firstByte),
      close() {
        closed ??= level.close().then(() => tryUnlink(owner))
        return closed
      },
    },
  }
}

/** Damaged stores are evidence, but they must not fill the disk. */
function removeOldest(folder: string): void {
  const names = readdirSync(folder).filter(name => /^store\.damaged-\d+-[0-9a-f]{4}$/.test(name))
  for (const name of names.sort().slice(0, -MAX_SET_ASIDE))
    rmSync(join(folder, name), {recursive: true, force: true})
}

/** Takes over the rows of a damaged store that can still be read. Rows that were deleted may come back. */
async function salvage(from: string, into: Level): Promise<number> {
  let saved = 0
  try {
    await ClassicLevel.repair(from)
    const old = await tryOpen(from)
    if (!(old instanceof ClassicLevel)) return 0
    try {
      for (const first of [KEY.alert, KEY.dead, KEY.sink]) {
        for await (const rows of rowsOf(old, first)) {
          const whole = rows.filter(([key, value]) => decodeRecord(key, value) !== undefined)
          const changes = whole.map(([key, value]) => ({type: 'put', key, value}) as const)
          await into.batch(changes, {sync: true})
          saved += whole.length
        }
      }
    } finally {
      await old.close()
    }
  } catch {
    // What cannot be read stays where it was put; the count of what is missing tells.
  }
  return saved
}

/** A damaged block fails the portion that it is met in: the rows of that portion are then read one by one. */
async function* rowsOf(level: Level, firstByte: number) {
  const end = Uint8Array.of(firstByte + 1)
  let last: Uint8Array | undefined
  for (const size of [ROWS, 1]) {
    const from = last === undefined ? {gte: Uint8Array.of(firstByte)} : {gt: last}
    const rows = level.iterator({...from, lt: end})
    try {
      for (;;) {
        const portion = await rows.nextv(size)
        if (portion.length === 0) return
        last = portion.at(-1)![0]
        yield portion
      }
    } catch (error) {
      if (size === 1) throw error
    } finally {
      await rows.close()
    }
  }
}

function ownerOf(folder: string): string | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(folder, 'owner'), 'utf8'), 10)
    return Number.isSafeInteger(pid) && pid > 0 ? `the detector with pid ${pid}` : undefined
  } catch {
    return undefined
  }
}

function tryUnlink(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Nothing there, or a disk that cannot be written: neither matters.
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
