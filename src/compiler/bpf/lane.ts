import type {CaptureDef} from '../../schema/capture.ts'

/**
 * A lane is a ring buffer of its own. What the state of the host is made of must not be pushed out by a flood of events
 * that anybody can cause, so it has a lane of its own; all else, and what floods, goes into the other one.
 */
export type Lane = 'state' | 'bulk'

/** Sizes of the ring buffers in bytes: powers of two, at least the page size. */
export interface RingSizes {
  readonly stateBytes: number
  readonly bulkBytes: number
}

/** The sizes that are taken when nobody says anything else. */
export const DEFAULT_RING_SIZES: RingSizes = {stateBytes: 4 << 20, bulkBytes: 16 << 20}

/** Size of one lane's ring buffer. */
export function ringSize(lane: Lane, {stateBytes, bulkBytes}: RingSizes): number {
  return lane === 'state' ? stateBytes : bulkBytes
}

/**
 * The lane of a kind of record: the state lane for the life of processes and what belongs to it (working directories, identities,
 * namespaces); the bulk lane for descriptors and for what only rules need. Anybody can open, copy and connect descriptors a
 * million times a second, and must not be able to push a fork out by it; a lost descriptor is mended by the next look at it. A function of
 * the row alone, so that a kind never changes lanes while rules do: its records stay in one order.
 */
export function laneOf({state}: CaptureDef): Lane {
  return state === 'always' ? 'state' : 'bulk'
}
