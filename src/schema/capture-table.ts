/**
 * What the live sensor captures: one row per kind of record, saying at which hook it arises and where in the kernel
 * each parameter of the event comes from. The capture programs, the record layout and the decoder are made from these
 * rows, so that a new event is a new row.
 */
import type {CaptureDef} from './capture.ts'
import {DESCRIPTOR_CAPTURES} from './captures/descriptors.ts'
import {FILE_CAPTURES} from './captures/files.ts'
import {withIdentity} from './captures/identity.ts'
import {NETWORK_CAPTURES} from './captures/network.ts'
import {OWN_CAPTURES} from './captures/own.ts'
import {PROCESS_CAPTURES} from './captures/process.ts'
import {QUERY_CAPTURES} from './captures/queries.ts'
import {SYSTEM_CAPTURES} from './captures/system.ts'
import {currentEvent} from './event-table.ts'

/** Every kind of record, in the order of their numbers. */
export const CAPTURES: readonly CaptureDef[] = [
  ...PROCESS_CAPTURES,
  ...FILE_CAPTURES,
  ...DESCRIPTOR_CAPTURES,
  ...NETWORK_CAPTURES,
  ...SYSTEM_CAPTURES,
  ...QUERY_CAPTURES,
  ...OWN_CAPTURES,
].map(capture => withIdentity(capture, currentEvent(firstEventOf(capture))))

function firstEventOf({event}: CaptureDef): string {
  return typeof event === 'string' ? event : Object.values(event)[0]!
}

/** Names of the events that the live sensor produces. */
export const LIVE_EVENTS: ReadonlySet<string> = new Set(
  CAPTURES.flatMap(({event}) => (typeof event === 'string' ? [event] : Object.values(event))),
)

/** The events that a kind of record can stand for. */
export function eventsOf(capture: CaptureDef): readonly string[] {
  return typeof capture.event === 'string'
    ? [capture.event]
    : [...new Set(Object.values(capture.event))]
}
