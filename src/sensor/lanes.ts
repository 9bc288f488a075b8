import {HEADER} from '../schema/record-layout.ts'
import {NEXT, type RecordHandler, type RingBuffer} from './ring-buffer.ts'

/** The two ring buffers: what the state is made of, and the rest. */
export interface Lanes {
  readonly state: RingBuffer
  readonly bulk: RingBuffer
}

/** A place in each lane. */
export interface LaneMark {
  readonly state: number
  readonly bulk: number
}

/** The ends of both lanes: what has its place by now lies before them. */
export function markLanes({state, bulk}: Lanes): LaneMark {
  return {state: state.mark(), bulk: bulk.mark()}
}

/**
 * Hands over what both lanes hold in the order of the records' times, at most `limit` records, and gives their number. In each
 * lane the order is the kernel's. Of two records where one was written before the other's time was taken (two deeds of one
 * thread, say), the earlier one comes first, in whatever lanes they are:
 *
 * - The end of the bulk lane is noted before that of the state lane. So the state records that precede a bulk record below
 *   this first mark are all in sight, and a bulk record beyond it waits for the next call.
 * - The end of the bulk lane is noted once more after that of the state lane. So the bulk records that precede a state record in
 *   sight are in sight as well, even if they may not be handed over yet; then the state record waits with them.
 * - A record that the kernel is still writing has no time yet. All that is left waits for it: microseconds.
 */
export function readLanes({state, bulk}: Lanes, handler: RecordHandler, limit: number): number {
  const bulkEnd = bulk.mark()
  const stateEnd = state.mark()
  const bulkInSight = bulk.mark()
  let count = 0
  let nextState = state.look(stateEnd)
  let nextBulk = bulk.look(bulkInSight)
  while (count < limit) {
    if (nextState === NEXT.busy || nextBulk === NEXT.busy) break
    if (nextState === NEXT.record && (nextBulk === NEXT.none || !isBefore(bulk, state))) {
      handler(state.bytes, state.start, state.length)
      state.pass()
      nextState = state.look(stateEnd)
    } else if (nextBulk === NEXT.record && bulk.position < bulkEnd) {
      handler(bulk.bytes, bulk.start, bulk.length)
      bulk.pass()
      nextBulk = bulk.look(bulkInSight)
    } else break
    count++
  }
  state.release()
  bulk.release()
  return count
}

/** Whether the next record of one ring is older than that of the other. */
function isBefore(one: RingBuffer, other: RingBuffer): boolean {
  const oneAt = one.start + HEADER.timestamp
  const otherAt = other.start + HEADER.timestamp
  const oneHigh = one.bytes.readUInt32LE(oneAt + 4)
  const otherHigh = other.bytes.readUInt32LE(otherAt + 4)
  if (oneHigh !== otherHigh) return oneHigh < otherHigh
  return one.bytes.readUInt32LE(oneAt) < other.bytes.readUInt32LE(otherAt)
}
