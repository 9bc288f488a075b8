import type {CaptureDef} from '../../schema/capture.ts'
import {CAPTURES, eventsOf} from '../../schema/capture-table.ts'
import {realOnDemand} from '../../schema/captures/rows.ts'
import {eventByCode} from '../../schema/event-table.ts'
import type {FieldRef} from '../field-ref.ts'
import {collectDescriptorTests, type DescriptorSet} from '../filter/descriptor/descriptor-set.ts'
import {filterNeeds} from '../filter/emit-filter.ts'
import {collectPredicates, type PredicateSet} from '../filter/process/predicate-set.ts'
import type {CaptureRequest} from './capture.ts'
import {entryCopyValue} from './entry-copy.ts'
import {
  CLOSING_EVENTS,
  COPYING_KINDS,
  canMatchOpenDescriptor,
  looksAtDescriptor,
  looksAtTable,
  looksOf,
  wantsIdentity,
} from './plan/descriptor-looks.ts'
import type {FilterMaker} from './plan/filter-memo.ts'
import {plannedFilter} from './plan/planned-filter.ts'
import {eventNamesOf, fieldsOf, type PlannedRule, WHOLE_EVENT_FIELDS} from './plan/rule-fields.ts'

export {eventNamesOf, fieldsOf, type PlannedRule} from './plan/rule-fields.ts'

/** What the kernel has to capture for a set of rules. */
export interface CapturePlan {
  /** Numbers of the kinds of record, with what is wanted of each. */
  readonly kinds: ReadonlyMap<number, CaptureRequest>
  /** Kinds of which a value is copied when the call begins, too. */
  readonly entryCopies: ReadonlySet<number>
  /** Kinds that rules ask for; the others are there for the state. */
  readonly asked: ReadonlySet<number>
  /** Whether the descriptors of processes must be known. */
  readonly fds: boolean
  /** Whether every call that opens, copies or closes one is seen; else they are told by the identity of the files behind them. */
  readonly everyFd: boolean
  /** Whether environments must be kept. */
  readonly env: boolean
  /** The conditions on processes that filters ask for. */
  readonly predicates: PredicateSet
  /** The tests of descriptors that filters ask for. */
  readonly descriptorTests: DescriptorSet
}

/** What a person may decide about captures. */
export interface CaptureOptions {
  /**
   * Copy paths and addresses when their calls begin, for rules that decide on them: these cannot be changed by another thread
   * then. Costs a second hook at every system call of the host. Default: off.
   */
  readonly entryCopies?: boolean
  /**
   * Leave records in the kernel that no rule can match, of the kinds that the state does not need: see `plannedFilter`.
   * Default: off.
   */
  readonly kernelFilter?: boolean
  /** Of the plan before this one: conditions on processes that stay keep their bits. */
  readonly predicatesBefore?: PredicateSet
  /** Says the filters of kinds of record. Default: they are derived. */
  readonly filterOf?: FilterMaker
}

const ENV_FIELDS: ReadonlySet<string> = new Set(['proc.env', 'proc.aenv'])
const REAL_FILE_FIELDS: ReadonlySet<string> = new Set([
  'fs.real.path',
  'fs.real.name',
  'fs.real.directory',
  'fs.real.dev',
  'fs.real.ino',
  'fs.real.mount',
])
/** Values that only some fields need. */
const ON_DEMAND_FIELDS: Readonly<Record<string, ReadonlySet<string>>> = {
  env: ENV_FIELDS,
  data: new Set(['evt.buffer']),
  ...Object.fromEntries(realOnDemand.map(name => [name, REAL_FILE_FIELDS])),
}

/**
 * Works out which kinds of record a set of rules needs: those of the events that a rule can match, those that carry
 * the life of processes, and, where a rule looks at a descriptor that was opened earlier, those that tell of descriptors.
 */
export function planCaptures(
  rules: readonly PlannedRule[],
  options: CaptureOptions = {},
): CapturePlan {
  const eventNames = new Set(rules.flatMap(eventNamesOf))
  const asked = new Set<number>()
  for (const [index, capture] of CAPTURES.entries()) {
    if (eventsOf(capture).some(name => eventNames.has(name))) asked.add(index)
  }
  const uses = rules.map(rule => ({rule, fields: fieldsOf(rule)}))
  const env = uses.some(({fields}) => fields.some(field => wantsValue(field, 'env')))
  const fds = uses.some(
    ({rule, fields}) =>
      fields.some(looksAtTable) || (fields.some(looksAtDescriptor) && canMatchOpenDescriptor(rule)),
  )
  const looks = rules.flatMap(looksOf)
  const byIdentity =
    options.kernelFilter === true &&
    fds &&
    !uses.some(({fields}) => fields.some(looksAtTable)) &&
    !looks.some(({name}) => CLOSING_EVENTS.has(name))
  const looked = new Set(looks.map(({name}) => name))
  const allFields = distinctFields(uses.flatMap(({fields}) => fields))
  const entryCopies =
    options.entryCopies === true ? new Set(rules.flatMap(entryCopiesFor)) : new Set<number>()
  const conditions = rules.map(rule => ({condition: rule.condition, names: eventNamesOf(rule)}))
  const predicates = collectPredicates(options.predicatesBefore)
  const descriptors = collectDescriptorTests()
  const kinds = new Map<number, CaptureRequest>()
  for (const [index, capture] of CAPTURES.entries()) {
    const isTold = CLOSING_EVENTS.has(capture.kind) || COPYING_KINDS.has(capture.kind)
    const forState =
      capture.state === 'always' || (capture.state === 'fds' && fds && !(byIdentity && isTold))
    if (!asked.has(index) && !forState) continue
    const onDemand = (capture.onDemand ?? []).filter(
      name =>
        allFields.some(field => wantsValue(field, name)) ||
        wantsIdentity(name, capture, {looked, byIdentity}),
    )
    const filter =
      options.kernelFilter === true
        ? (options.filterOf ?? plannedFilter)(index, conditions, {
            forState,
            looks: byIdentity ? looks : undefined,
            predicates,
            descriptors: byIdentity ? descriptors : undefined,
          })
        : undefined
    if (filter?.kind === 'drop') continue
    kinds.set(index, {
      onDemand: new Set(onDemand),
      everyCall: asked.has(index),
      ...(entryCopies.has(index) && {entryCopy: true}),
      ...(filter !== undefined && filter.kind !== 'pass' && {filter}),
      ...(options.kernelFilter === true && changeOfKin(capture)),
      ...(options.kernelFilter === true && notesOfGroups(capture)),
    })
  }
  const descriptorTests = descriptors.finish()
  for (const [index, request] of kinds) {
    if (request.filter === undefined) continue
    const {process, descriptor} = filterNeeds(request.filter)
    kinds.set(index, {
      ...request,
      ...(process && {asksProcess: true}),
      ...(descriptor !== undefined && {descriptorSet: descriptorTests.id}),
    })
  }
  return {
    kinds,
    entryCopies,
    asked,
    fds,
    everyFd: fds && !byIdentity,
    env,
    predicates: predicates.finish(),
    descriptorTests,
  }
}

/** Calls by which a thread changes what is known of it and its children; see `process-fields.ts`. */
const SELF_CHANGES: ReadonlySet<string> = new Set(['setsid', 'capset', 'setns', 'unshare'])

/** Whatever the rules ask for, so that no record of before a change of rules can lack it. */
function changeOfKin({kind}: CaptureDef): Pick<CaptureRequest, 'changesKin'> {
  if (kind === 'exec' || kind === 'procexit') return {changesKin: 'withChildren'}
  return SELF_CHANGES.has(kind) ? {changesKin: 'always'} : {}
}

/** Each field once: a set of rules names the same few again and again. */
function distinctFields(fields: readonly FieldRef[]): FieldRef[] {
  return [...new Map(fields.map(field => [field.text, field])).values()]
}

/** What the kernel notes of a thread's control groups at the events of its life. */
function notesOfGroups({kind}: CaptureDef): Pick<CaptureRequest, 'notesGroups'> {
  if (kind === 'exec' || kind === 'new_task') return {notesGroups: 'keep'}
  return kind === 'procexit' ? {notesGroups: 'forget'} : {}
}

/** Kinds whose path or address the rule's condition decides on: a field that only the output prints needs no copy. */
function entryCopiesFor({condition, eventCodes}: PlannedRule): number[] {
  const fields = fieldsOf({condition, outputFields: [], eventCodes})
  if (!fields.some(decidesOnCopy)) return []
  const names = new Set([...eventCodes].map(code => eventByCode(code)?.name))
  return [...CAPTURES.entries()]
    .filter(([, capture]) => entryCopyValue(capture) !== undefined)
    .filter(([, capture]) => eventsOf(capture).some(name => names.has(name)))
    .map(([index]) => index)
}

function decidesOnCopy(field: FieldRef): boolean {
  const {class: fieldClass, name} = field.def
  return looksAtDescriptor(field) || fieldClass === 'fs.path' || name === 'evt.rawarg'
}

/** Whether a field needs a value that is captured on demand. */
export function wantsValue({def, arg, index}: FieldRef, value: string): boolean {
  if (ON_DEMAND_FIELDS[value]?.has(def.name) === true) return true
  // No parameter of the event: never printed with all the others.
  if (value.startsWith('$')) return false
  if (WHOLE_EVENT_FIELDS.has(def.name)) return true
  return (
    (def.name === 'evt.arg' || def.name === 'evt.rawarg') && (arg === value || index !== undefined)
  )
}
