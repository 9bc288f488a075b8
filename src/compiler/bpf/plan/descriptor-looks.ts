import type {CaptureDef} from '../../../schema/capture.ts'
import {CAPTURES, eventsOf, LIVE_EVENTS} from '../../../schema/capture-table.ts'
import {
  DIRECTORY_PARAMS,
  FD_PARAMS,
  IDENTITY,
  SHOWN_FILE,
} from '../../../schema/captures/identity.ts'
import {currentEvent, eventByCode} from '../../../schema/event-table.ts'
import type {CheckedCondition, CheckedTest} from '../../checked.ts'
import type {FieldRef} from '../../field-ref.ts'
import {testsForEvent} from '../event-match.ts'
import {eventNamesOf, fieldsIn, type PlannedRule, WHOLE_EVENT_FIELDS} from './rule-fields.ts'

/** Calls whose descriptor is gone when they end. */
export const CLOSING_EVENTS: ReadonlySet<string> = new Set(['close', 'close_range'])

/** Calls that copy descriptors: the copies are the same open file. */
export const COPYING_KINDS: ReadonlySet<string> = new Set(['dup', 'dup2', 'dup3', 'fcntl'])

/** A rule that looks at the descriptor of an event which an earlier event opened. */
export interface DescriptorLook {
  readonly condition: CheckedCondition
  /** Of the event. */
  readonly name: string
  /** The tests of its condition that do; none when only its output does. */
  readonly tests: readonly CheckedTest[]
  /** The descriptor is a directory that a name is relative to. */
  readonly directory: boolean
}

/** The looks of a rule at descriptors of before. */
export function looksOf(rule: PlannedRule): DescriptorLook[] {
  const {condition, outputFields} = rule
  const names = new Set(eventNamesOf(rule))
  const shows = outputFields.some(looksAtDescriptor)
  return [...names]
    .filter(name => LATER_EVENTS.has(name))
    .map(name => ({
      condition,
      name,
      tests: testsForEvent(condition, name).filter(test =>
        fieldsIn([test]).some(looksAtDescriptor),
      ),
      directory: !OPEN_EVENTS.has(name),
    }))
    .filter(({tests}) => tests.length > 0 || shows)
}

/**
 * Whether a value is needed to tell what a descriptor is: of directories always, since live the kernel names them, of others
 * where they are told by identity. `looked`: events whose rules look at descriptors of before.
 */
export function wantsIdentity(
  name: string,
  capture: CaptureDef,
  {looked, byIdentity}: {readonly looked: ReadonlySet<string>; readonly byIdentity: boolean},
): boolean {
  const used = usedDescriptor(capture)
  const isDirectory = used !== undefined && DIRECTORY_PARAMS.has(used)
  if (!isDirectory && !byIdentity) return false
  const isLooked = used !== undefined && eventsOf(capture).some(one => looked.has(one))
  if ((SHOWN_FILE as readonly string[]).includes(name)) return isLooked
  if (!(IDENTITY as readonly string[]).includes(name)) return false
  return isLooked || capture.state === 'fds'
}

/** Whether a field shows what the event's descriptor is. */
export function looksAtDescriptor({def, arg, index}: FieldRef): boolean {
  if (def.class === 'fd' || WHOLE_EVENT_FIELDS.has(def.name)) return true
  return def.name === 'evt.arg' && (index !== undefined || DESCRIPTOR_ARGUMENTS.has(arg ?? ''))
}

/** Names of arguments that are printed with what the descriptor is. */
const DESCRIPTOR_ARGUMENTS: ReadonlySet<string> = new Set(
  [...LIVE_EVENTS].flatMap(name =>
    (currentEvent(name)?.params ?? []).filter(({type}) => type === 'fd').map(param => param.name),
  ),
)

/** Fields of all descriptors of a process, whatever the event. */
const TABLE_FIELDS = /^(proc\.(std(in|out|err)\.|fdopencount$|fdusage$)|fd\.types$)/

/** Whether a field shows other descriptors than the event's. */
export function looksAtTable({def}: FieldRef): boolean {
  return TABLE_FIELDS.test(def.name)
}

/** Whether the rule can match an event on a descriptor that another event opened. */
export function canMatchOpenDescriptor({eventCodes}: PlannedRule): boolean {
  return [...eventCodes].some(code => OPEN_EVENTS.has(eventByCode(code)?.name ?? ''))
}

function usesOpenDescriptor(capture: CaptureDef): boolean {
  const name = usedDescriptor(capture)
  // A connect tells of its socket itself, and live the kernel tells of directories.
  return name !== undefined && !DIRECTORY_PARAMS.has(name) && capture.kind !== 'connect'
}

/** Name of the argument that holds the descriptor which an event is about. */
function usedDescriptor(capture: CaptureDef): string | undefined {
  const uses = currentEvent(eventsOf(capture)[0] ?? '')?.flags.includes('uses_fd')
  return uses ? FD_PARAMS.find(name => isArgument(capture.values[name])) : undefined
}

function isArgument(value: CaptureDef['values'][string] | undefined): boolean {
  return value !== undefined && 'from' in value && value.from === 'arg'
}

/** Events that are about a descriptor of before, directories included; and those about one that was opened. */
const LATER_EVENTS: ReadonlySet<string> = new Set(CAPTURES.filter(usedDescriptor).flatMap(eventsOf))
const OPEN_EVENTS: ReadonlySet<string> = new Set(
  CAPTURES.filter(usesOpenDescriptor).flatMap(eventsOf),
)
