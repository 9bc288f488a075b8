import type {ByteString} from '../../schema/bytes.ts'
import type {Event} from '../../schema/event.ts'
import type {ContainerMatch} from './container-id.ts'
import {type ContainerInfo, HOST_INFO, infoOfMatch} from './container-info.ts'
import {fromContainerJson} from './container-json.ts'

/** Somebody who knows containers is asked for one. */
export interface ContainerRequest extends ContainerMatch {
  /** A process in it, as the host numbers it. */
  readonly pid: number
}

/** `pending`: asked for, no answer yet; `failed`: nobody knows it, or nobody is there to be asked. */
export type ContainerState = 'pending' | 'known' | 'failed'

/** How a table is made. */
export interface ContainerTableOptions {
  /** Containers that are remembered; past it one that nobody knows goes, else the one that was first seen. Default 4096. */
  readonly maxContainers?: number
  /** Milliseconds of any steady clock; for asking anew. Default: performance.now. */
  readonly nowMs?: () => number
}

/** What a table has seen. */
export interface ContainerCounts {
  seen: number
  known: number
  failed: number
  evicted: number
}

interface Entry {
  state: ContainerState
  info: ContainerInfo | undefined
  askedMs: number
}

const MAX_CONTAINERS = 4096
/** A container that nobody knew is asked for again when it is seen after this time. */
const RETRY_MS = 10_000

/** What is known of containers, by short id. Filled by answers of runtimes, or by the container events of a capture. */
export class ContainerTable {
  readonly counts: ContainerCounts = {seen: 0, known: 0, failed: 0, evicted: 0}
  /** Asks for a container; the answer comes by {@link deliver}. Undefined: nobody can be asked, as in a replay. */
  onSeen: ((request: ContainerRequest) => void) | undefined
  /** Counts every change of what is known of containers. */
  changes = 0
  readonly #entries = new Map<ByteString, Entry>()
  readonly #maxContainers: number
  readonly #nowMs: () => number
  #announced: (Pick<Event, 'num' | 'def'> & {readonly info: ContainerInfo}) | undefined

  constructor(options: ContainerTableOptions = {}) {
    this.#maxContainers = options.maxContainers ?? MAX_CONTAINERS
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * A process of this container was seen. Asks for the container when it is new, or when it is not known and the last question
   * is a while ago. Gives what is known of it now.
   */
  see(match: ContainerMatch, pid: number): ContainerState {
    const entry = this.#entries.get(match.id)
    if (entry !== undefined && !this.#isDue(entry)) return entry.state
    if (entry === undefined) this.counts.seen++
    const info = infoOfMatch(match)
    if (this.onSeen === undefined) {
      if (entry === undefined && info !== undefined) this.#set(match.id, 'known', info)
      return info === undefined ? 'failed' : 'known'
    }
    // Asked anew, it stays failed: its events have waited once.
    this.#set(match.id, entry === undefined ? 'pending' : 'failed', info)
    this.onSeen({...match, pid})
    return this.stateOf(match.id)
  }

  /** The answer for a container; undefined when nobody knew it. An answer for one that was removed is dropped. */
  deliver(id: ByteString, info: ContainerInfo | undefined): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.changes++
    const best = info ?? entry.info
    entry.state = best === undefined ? 'failed' : 'known'
    entry.info = best
    entry.askedMs = this.#nowMs()
    this.counts[entry.state]++
  }

  /**
   * Takes a `container` event of a capture, or the asynchronous event of that name or of its end. Does nothing for others.
   */
  take(event: Event): void {
    const isAsync = event.def.name === 'asyncevent'
    const name = isAsync ? event.get('name') : event.def.name
    if (name !== 'container' && name !== 'container_removed') return
    const json = event.get(isAsync ? 'data' : 'json')
    const info = typeof json === 'string' ? fromContainerJson(json) : undefined
    if (info === undefined) return
    this.#announced = {num: event.num, def: event.def, info}
    if (name === 'container') this.#set(info.id, 'known', info)
    else this.remove(info.id)
  }

  /** The container that this very event is about, when it is a container event. */
  announcedBy({num, def}: Event): ContainerInfo | undefined {
    const announced = this.#announced
    return announced?.def === def && announced.num === num ? announced.info : undefined
  }

  /** What is known of the container of a thread; of the host for a thread in none. */
  of({containerId}: {readonly containerId: ByteString}): ContainerInfo | undefined {
    return containerId === '' ? HOST_INFO : this.get(containerId)
  }

  get(id: ByteString): ContainerInfo | undefined {
    return this.#entries.get(id)?.info
  }

  /** `failed` for a container that was never seen. */
  stateOf(id: ByteString): ContainerState {
    return this.#entries.get(id)?.state ?? 'failed'
  }

  /** Everything known, for those who record. */
  all(): ContainerInfo[] {
    return [...this.#entries.values()].flatMap(({info}) => info ?? [])
  }

  /** Forgets a container: its first process ended. */
  remove(id: ByteString): void {
    this.changes++
    this.#entries.delete(id)
  }

  #isDue({state, askedMs}: Entry): boolean {
    return state === 'failed' && this.onSeen !== undefined && this.#nowMs() - askedMs >= RETRY_MS
  }

  #set(id: ByteString, state: ContainerState, info: ContainerInfo | undefined): void {
    this.changes++
    this.#entries.set(id, {state, info, askedMs: this.#nowMs()})
    if (this.#entries.size > this.#maxContainers) this.#evict(id)
  }

  /** Those that nobody knows go first: names of control groups are easily made up. */
  #evict(keep: ByteString): void {
    this.counts.evicted++
    let oldest: ByteString | undefined
    for (const [id, {state}] of this.#entries) {
      if (id === keep) continue
      oldest ??= id
      if (state !== 'failed') continue
      oldest = id
      break
    }
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}
