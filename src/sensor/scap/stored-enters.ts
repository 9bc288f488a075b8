import type {EventForm} from './event-form.ts'
import type {RawEvent} from './raw-event.ts'

/** Calls in flight that are remembered; past it the thread that was first heard of is forgotten. */
const MAX_STORED = 262_144
/** Bytes that they may take altogether. */
const MAX_BYTES = 256 * 1024 * 1024
const SMALLEST = 64

/** The enter event of a call that has not ended. */
export interface StoredEnter {
  form: EventForm
  bytes: Buffer
  starts: Int32Array
  count: number
  /** Its exit event has not come. */
  isOpen: boolean
}

/** The last enter event of each thread. Places are used again, so that pairs of events cost no memory each. */
export class StoredEnters {
  readonly #byTid = new Map<number, StoredEnter>()
  #bytes = 0

  /** Keeps a copy: the bytes of the event belong to the block at hand. */
  store(raw: RawEvent): void {
    const {starts, count} = raw
    const from = starts[0]!
    const size = count === 0 ? 0 : starts[count]! - from
    const place = this.#place(raw.tid, size)
    place.form = raw.form
    place.isOpen = true
    place.count = count
    if (place.starts.length <= count) place.starts = new Int32Array(count + 1)
    for (let i = 0; i <= count; i++) place.starts[i] = starts[i]! - from
    raw.bytes.copy(place.bytes, 0, from, from + size)
  }

  /** The enter event of this thread's call, when it is a call of this name. */
  get(tid: number, name: string): StoredEnter | undefined {
    const place = this.#byTid.get(tid)
    return place?.isOpen === true && place.form.def.name === name ? place : undefined
  }

  /** The call has ended. */
  close(tid: number): void {
    const place = this.#byTid.get(tid)
    if (place !== undefined) place.isOpen = false
  }

  #place(tid: number, size: number): StoredEnter {
    const known = this.#byTid.get(tid)
    if (known !== undefined && known.bytes.length >= size) return known
    if (known !== undefined) this.#forget(tid, known)
    const capacity = Math.max(size, SMALLEST)
    for (const [oldest, place] of this.#byTid) {
      if (this.#byTid.size < MAX_STORED && this.#bytes + capacity <= MAX_BYTES) break
      this.#forget(oldest, place)
    }
    const place = {bytes: Buffer.alloc(capacity), starts: new Int32Array(8)} as StoredEnter
    this.#byTid.set(tid, place)
    this.#bytes += capacity
    return place
  }

  #forget(tid: number, {bytes}: StoredEnter): void {
    this.#byTid.delete(tid)
    this.#bytes -= bytes.length
  }
}
