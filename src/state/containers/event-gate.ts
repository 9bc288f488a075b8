/**
 * Holds events of containers back until it is known what the container is.
 *
 * The first program of a container runs within milliseconds of its start, often before the runtime answers; without the
 * answer a rule on the image or on privileges could not judge it. The gate keeps what came of such a container, in order, and
 * lets it go when the answer is there or the time is up. It must be a copy: sources of events reuse their memory.
 */
import type {ByteString} from '../../schema/bytes.ts'

/** How a gate is made. */
export interface EventGateOptions<T> {
  /** Longest time that an event waits, in milliseconds; 0: nothing ever waits. */
  readonly waitMs: number
  /** Events that wait at once, over all containers. Default 8192. */
  readonly maxEvents?: number
  /** Bytes of waiting events, by the sizes that they were given with. Default 64 MiB. */
  readonly maxBytes?: number
  /** Takes each event that is let go, in order within its container. Must not admit events. */
  readonly release: (item: T) => void
  /** Milliseconds of a steady clock. Default: performance.now. */
  readonly nowMs?: () => number
}

/** What a gate has done. */
export interface EventGateCounts {
  held: number
  /** Let go because the answer came. */
  answered: number
  /** Let go because the time was up: judged without what is not known. */
  timeout: number
  /** Let go because too much waited: judged without what is not known. */
  overflow: number
}

interface Held<T> {
  item: T | undefined
  readonly sizeBytes: number
  gone: boolean
}

interface Wait<T> {
  readonly deadlineMs: number
  /** In order; those that gave way to newer ones are marked as gone. */
  readonly held: Held<T>[]
}

const MAX_EVENTS = 8192
const MAX_BYTES = 64 * 1024 * 1024

/** See the head of this file. */
export class EventGate<T> {
  readonly counts: EventGateCounts = {held: 0, answered: 0, timeout: 0, overflow: 0}
  readonly #options: Required<EventGateOptions<T>>
  readonly #waits = new Map<ByteString, Wait<T>>()
  /** All that wait, over all containers, the oldest at `#first`; those before it and those marked are gone. */
  #order: Held<T>[] = []
  #first = 0
  #events = 0
  #bytes = 0

  constructor(options: EventGateOptions<T>) {
    this.#options = {
      maxEvents: MAX_EVENTS,
      maxBytes: MAX_BYTES,
      nowMs: () => performance.now(),
      ...options,
    }
  }

  /** Events that wait now. */
  get size(): number {
    return this.#events
  }

  /** Whether any container is awaited. */
  get isWaiting(): boolean {
    return this.#waits.size > 0
  }

  /** From now on events of this container wait, until {@link deliver} or for the longest time. A second call changes nothing. */
  await(id: ByteString): void {
    const {waitMs, nowMs} = this.#options
    if (waitMs <= 0 || this.#waits.has(id)) return
    this.#waits.set(id, {deadlineMs: nowMs() + waitMs, held: []})
  }

  /** Whether events of this container wait. */
  isAwaited(id: ByteString): boolean {
    return this.#waits.has(id)
  }

  /**
   * Asks whether an event of this container has to wait; if so, keeps it. Whatever is not kept is to be judged at once.
   *
   * @param sizeBytes - what keeping it costs, for the bound
   * @param make - makes what is kept; called only when it is
   */
  admit(id: ByteString, sizeBytes: number, make: () => T): boolean {
    const wait = this.#waits.get(id)
    if (wait === undefined) return false
    const entry: Held<T> = {item: make(), sizeBytes, gone: false}
    wait.held.push(entry)
    this.#order.push(entry)
    this.#events++
    this.#bytes += sizeBytes
    this.counts.held++
    if (this.#order.length > 1024 && this.#order.length > this.#events * 2) this.#tidy()
    const {maxEvents, maxBytes} = this.#options
    while (this.#events > maxEvents || (this.#bytes > maxBytes && this.#events > 0)) {
      this.#letGo(this.#oldest(), 'overflow')
    }
    return true
  }

  /** The container is known, or known not to be: its events go. */
  deliver(id: ByteString): void {
    this.#end(id, 'answered')
  }

  /** Lets go what has waited long enough. To be called often; costs one look at the clock when nothing waits. */
  expire(): void {
    if (this.#waits.size === 0) return
    const now = this.#options.nowMs()
    for (const [id, {deadlineMs}] of this.#waits) {
      // All wait equally long, so they stand in the order of their ends.
      if (deadlineMs > now) return
      this.#end(id, 'timeout')
    }
  }

  /** Lets everything go, when detection ends. */
  flush(): void {
    for (const id of [...this.#waits.keys()]) this.#end(id, 'timeout')
  }

  #end(id: ByteString, reason: 'answered' | 'timeout'): void {
    const wait = this.#waits.get(id)
    if (wait === undefined) return
    this.#waits.delete(id)
    for (const entry of wait.held) if (!entry.gone) this.#letGo(entry, reason)
  }

  #letGo(entry: Held<T>, reason: Exclude<keyof EventGateCounts, 'held'>): void {
    const item = entry.item as T
    entry.item = undefined
    entry.gone = true
    this.#events--
    this.#bytes -= entry.sizeBytes
    this.counts[reason]++
    if (this.#events === 0) {
      this.#order = []
      this.#first = 0
    }
    this.#options.release(item)
  }

  #oldest(): Held<T> {
    while (this.#order[this.#first]!.gone) this.#first++
    return this.#order[this.#first]!
  }

  /** Cuts out what is gone, so that the list stays about as long as what waits. */
  #tidy(): void {
    this.#order = this.#order.filter(({gone}) => !gone)
    this.#first = 0
  }
}
