import {eventsOf} from '../../schema/capture-table.ts'
import type {EventDef, ParamDef} from '../../schema/event-pair.ts'
import {currentEvent} from '../../schema/event-table.ts'
import type {RecordLayout, Slot} from '../../schema/record-layout.ts'

/** What tests are derived for: one kind of record that stands for one event. */
export interface EventKind {
  readonly layout: RecordLayout
  readonly def: EventDef
}

/** The calls that open files by name or handle: what their fields tell is worked out alike. */
export const OPEN_EVENTS: ReadonlySet<string> = new Set([
  'open',
  'openat',
  'openat2',
  'open_by_handle_at',
])

/** The definitions of the events that a kind of record stands for. */
export function eventDefsOf({capture}: RecordLayout): EventDef[] {
  return eventsOf(capture).flatMap(name => currentEvent(name) ?? [])
}

/** The slot of a value that is captured for every record of the kind. */
export function slotOf({layout}: EventKind, name: string): Slot | undefined {
  if ((layout.capture.onDemand ?? []).includes(name)) return undefined
  return layout.slots.find(slot => slot.name === name)
}

/** The slot of the call's result, when it is the plain result. */
export function resultSlot(kind: EventKind): Slot | undefined {
  const name = resultName(kind)
  const slot = name === undefined ? undefined : slotOf(kind, name)
  return slot?.source.from === 'ret' ? slot : undefined
}

/** The name of the parameter that holds the call's result; undefined for events that have none. */
export function resultName({def}: EventKind): string | undefined {
  const first = def.params[0]?.name
  return def.direction === 'exit' && (first === 'res' || first === 'fd') ? first : undefined
}

/** A parameter of the event by name. */
export function paramOf({def}: EventKind, name: string | undefined): ParamDef | undefined {
  return def.params.find(param => param.name === name)
}
