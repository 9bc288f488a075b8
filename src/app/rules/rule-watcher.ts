import {createHash} from 'node:crypto'
import {type FSWatcher, watch} from 'node:fs'
import {monotonicMs} from '../../diagnostics/monotonic.ts'
import {identity, watchShape} from './watch-shape.ts'

/** What was read at one moment: at least the files, in the order in which they count. */
export interface RuleSnapshot {
  readonly files: readonly {readonly name: string; readonly content: string | Uint8Array}[]
}

/** How a change was noticed. */
export interface ChangeSight {
  /** When the first event of the change came, or the look began that found it without one: see `monotonicMs`. */
  readonly noticedAtMs: number
  /** From then until the files were read, for further events; and the reading, in milliseconds. */
  readonly waitMs: number
  readonly readMs: number
}

/** Settings of {@link watchRules}. */
export interface WatchOptions<S> {
  /** What the caller has read already; differences to it are reported at once. Left out: the first reading counts. */
  readonly initial?: S
  /** Quiet time before reading after an event: whoever writes a file in place does so in steps. Default 10. */
  readonly debounceMs?: number
  /** The longest wait while events keep coming. Default 200. */
  readonly longestMs?: number
  /** Reads again this often without any event, for what no event tells. Default 5000. */
  readonly pollMs?: number
  /** Takes failures to read or watch; the same failure is told once until it passes. */
  readonly onError?: (error: unknown) => void
}

/** A running watch. */
export interface RuleWatcher {
  /** Reads and compares now. */
  check(): Promise<void>
  /** Ends the watch: no call back comes after it. Idempotent. */
  close(): void
}

/**
 * Watches rule files and folders and calls back with a new snapshot when a name or a content has changed, never
 * otherwise and never twice at a time.
 *
 * Folders are watched, not files, since editors and configuration managers replace files by renaming. An event only
 * says "look again": everything is read anew and compared by content. The last good snapshot stays in force while
 * reading fails, for instance while a folder is away.
 */
export function watchRules<S extends RuleSnapshot>(
  paths: readonly string[],
  read: () => S | Promise<S>,
  onChange: (snapshot: S, sight: ChangeSight) => void | Promise<void>,
  options: WatchOptions<S> = {},
): RuleWatcher {
  const {debounceMs = 10, longestMs = 200, pollMs = 5000} = options
  const watchers = new Map<string, {readonly watcher: FSWatcher; readonly identity: string}>()
  let shape = ''
  let known = options.initial === undefined ? undefined : fingerprint(options.initial)
  let toldErrors = new Set<string>()
  let closed = false
  let working: Promise<void> | undefined
  let again = false
  // What events since the last look may have changed.
  let dirty: 'nothing' | 'shape' | 'content' = 'nothing'
  let firstEventAt = 0
  let timer: NodeJS.Timeout | undefined

  const tell = (error: unknown, errors: Set<string>): void => {
    const message = String(error)
    if (!toldErrors.has(message) && !errors.has(message)) options.onError?.(error)
    errors.add(message)
  }

  const onEvent = (part: 'content' | 'outline'): void => {
    if (closed) return
    const now = monotonicMs()
    if (dirty === 'nothing') firstEventAt = now
    if (part === 'content') dirty = 'content'
    else if (dirty === 'nothing') dirty = 'shape'
    clearTimeout(timer)
    const wait = Math.min(debounceMs, Math.max(0, firstEventAt + longestMs - now))
    timer = setTimeout(() => void look(), wait)
  }

  /** Brings the watched folders in line with the paths as they are now; true when their shape has changed. */
  const rewatch = (errors: Set<string>): boolean => {
    const {folders, fingerprint: next} = watchShape(paths)
    for (const [folder, {watcher, identity: watched}] of watchers) {
      if (folders.has(folder) && identity(folder) === watched) continue
      watcher.close()
      watchers.delete(folder)
    }
    for (const folder of folders.keys()) {
      if (watchers.has(folder)) continue
      try {
        const watched = identity(folder)
        // The part a folder plays may change while it is watched, so it is looked up at each event.
        const watcher = watch(folder, () => onEvent(parts.get(folder) ?? 'outline'))
        watcher.on('error', () => onEvent('content'))
        watchers.set(folder, {watcher, identity: watched})
      } catch (error) {
        tell(error, errors)
      }
    }
    parts = folders
    const changed = next !== shape
    shape = next
    return changed
  }
  let parts: ReadonlyMap<string, 'content' | 'outline'> = new Map()

  const lookOnce = async (force: boolean): Promise<void> => {
    const noticedAtMs = dirty === 'nothing' ? monotonicMs() : firstEventAt
    const wanted = force ? 'content' : dirty
    dirty = 'nothing'
    const errors = new Set<string>()
    // Folders first: what changes after the reading then raises an event.
    const changed = rewatch(errors)
    if (wanted === 'content' || changed) {
      try {
        const begunAt = monotonicMs()
        const snapshot = await read()
        if (closed) return
        const sight = {
          noticedAtMs,
          waitMs: begunAt - noticedAtMs,
          readMs: monotonicMs() - begunAt,
        }
        const next = fingerprint(snapshot)
        const isNews = known !== undefined && next !== known
        known = next
        if (isNews) await onChange(snapshot, sight)
      } catch (error) {
        tell(error, errors)
      }
      toldErrors = errors
    }
  }

  const look = (force = false): Promise<void> => {
    if (closed) return Promise.resolve()
    if (working !== undefined) {
      again = true
      if (force) dirty = 'content'
      return working
    }
    working = (async () => {
      await lookOnce(force)
      while (again && !closed) {
        again = false
        await lookOnce(false)
      }
    })().finally(() => {
      working = undefined
    })
    return working
  }

  const poll = setInterval(() => void look(true), pollMs)
  void look(true)

  return {
    check: () => look(true),
    close() {
      closed = true
      clearInterval(poll)
      clearTimeout(timer)
      for (const {watcher} of watchers.values()) watcher.close()
      watchers.clear()
    },
  }
}

/** Names and contents in order; each length is written down, so that no two snapshots run together alike. */
function fingerprint(snapshot: RuleSnapshot): string {
  const hash = createHash('sha256')
  for (const {name, content} of snapshot.files) {
    for (const part of [name, content]) {
      hash.update(`${Buffer.byteLength(part)}:`)
      hash.update(part)
    }
  }
  return hash.digest('hex')
}
