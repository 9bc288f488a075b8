import type {CaptureDef} from '../../schema/capture.ts'
import {CAPTURES, eventsOf} from '../../schema/capture-table.ts'
import {realOnDemand} from '../../schema/captures/rows.ts'
import {eventByCode, GENERIC_EVENT_CODES, OWN_EVENT_NAMES} from '../../schema/event-table.ts'
import {RECORD_LAYOUTS} from '../../schema/record-layout.ts'
import type {CheckedCondition, CheckedOperand} from '../checked.ts'
import type {FieldRef} from '../field-ref.ts'
import {deriveFilter} from '../filter/derive-filter.ts'
import {anyOf, type KernelFilter} from '../filter/kernel-filter.ts'
import {isAtLeast} from '../filter/number-tests.ts'
import type {CaptureRequest} from './capture.ts'
import {entryCopyValue} from './entry-copy.ts'
import {canMatchEvent} from './event-match.ts'

/** What of a rule decides what has to be captured for it. */
export interface PlannedRule {
  readonly condition: CheckedCondition
  /** Fields that its output and extra fields print. */
  readonly outputFields: readonly FieldRef[]
  readonly eventCodes: ReadonlySet<number>
}

/** What the kernel has to capture for a set of rules. */
export interface CapturePlan {
  /** Numbers of the kinds of record, with what is wanted of each. */
  readonly kinds: ReadonlyMap<number, CaptureRequest>
  /** Kinds of which a value is copied when the call begins, too. */
  readonly entryCopies: ReadonlySet<number>
  /** Kinds that rules ask for; the others are there for the state. */
  readonly asked: ReadonlySet<number>
  /** Whether the descriptors of processes must be followed. */
  readonly fds: boolean
  /** Whether environments must be kept. */
  readonly env: boolean
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
}

/** Fields that print or compare every parameter of an event. */
const WHOLE_EVENT_FIELDS: ReadonlySet<string> = new Set(['evt.args', 'evt.info'])
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
  const allFields = uses.flatMap(({fields}) => fields)
  const entryCopies =
    options.entryCopies === true ? new Set(rules.flatMap(entryCopiesFor)) : new Set<number>()
  const conditions = rules.map(rule => ({condition: rule.condition, names: eventNamesOf(rule)}))
  const kinds = new Map<number, CaptureRequest>()
  for (const [index, capture] of CAPTURES.entries()) {
    const forState = capture.state === 'always' || (capture.state === 'fds' && fds)
    if (!asked.has(index) && !forState) continue
    const onDemand = (capture.onDemand ?? []).filter(name =>
      allFields.some(field => wantsValue(field, name)),
    )
    const filter =
      options.kernelFilter === true ? plannedFilter(index, conditions, forState) : undefined
    if (filter?.kind === 'drop') continue
    kinds.set(index, {
      onDemand: new Set(onDemand),
      everyCall: asked.has(index),
      ...(entryCopies.has(index) && {entryCopy: true}),
      ...(filter !== undefined && filter.kind !== 'pass' && {filter}),
    })
  }
  return {kinds, entryCopies, asked, fds, env}
}

/** Kinds that change the state only by what they opened: calls that failed are free to be filtered. */
const OPENING_KINDS: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'creat'])

/**
 * The filter of a kind under a plan. Kinds that the state needs have none, except those that open files: of these the calls
 * that failed are filtered. All other kinds have the filter of the rules that can match their events.
 */
function plannedFilter(
  index: number,
  rules: readonly {readonly condition: CheckedCondition; readonly names: readonly string[]}[],
  forState: boolean,
): KernelFilter | undefined {
  const layout = RECORD_LAYOUTS[index]!
  const {capture} = layout
  if (forState && !OPENING_KINDS.has(capture.kind)) return undefined
  const events = new Set(eventsOf(capture))
  const asking = rules.filter(({names}) => names.some(name => events.has(name)))
  const filter = deriveFilter(
    layout,
    asking.map(({condition}) => condition),
  )
  if (!forState) return filter
  const result = layout.slots.find(({source}) => source.from === 'ret')!
  return anyOf([isAtLeast({offset: result.offset, width: 8}, 0n), filter])
}

/** Names of the events that a rule can match; of those of our own, which share a code, the ones that its condition lets through. */
export function eventNamesOf({condition, eventCodes}: PlannedRule): string[] {
  const names = [...eventCodes].map(code => eventByCode(code)?.name ?? '')
  if (!GENERIC_EVENT_CODES.some(code => eventCodes.has(code))) return names
  return [...names, ...OWN_EVENT_NAMES.filter(name => canMatchEvent(condition, name))]
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

function wantsValue({def, arg, index}: FieldRef, value: string): boolean {
  if (ON_DEMAND_FIELDS[value]?.has(def.name) === true) return true
  // No parameter of the event: never printed with all the others.
  if (value.startsWith('$')) return false
  if (WHOLE_EVENT_FIELDS.has(def.name)) return true
  return (
    (def.name === 'evt.arg' || def.name === 'evt.rawarg') && (arg === value || index !== undefined)
  )
}

function looksAtDescriptor({def}: FieldRef): boolean {
  return def.class === 'fd' || def.name === 'evt.arg' || WHOLE_EVENT_FIELDS.has(def.name)
}

/** Fields of all descriptors of a process, whatever the event. */
const TABLE_FIELDS = /^(proc\.(std(in|out|err)\.|fdopencount$|fdusage$)|fd\.types$)/

function looksAtTable({def}: FieldRef): boolean {
  return TABLE_FIELDS.test(def.name)
}

/** Whether the rule can match an event on a descriptor that another event opened. */
function canMatchOpenDescriptor({eventCodes}: PlannedRule): boolean {
  const names = new Set([...eventCodes].map(code => eventByCode(code)?.name))
  return CAPTURES.some(
    capture => usesOpenDescriptor(capture) && eventsOf(capture).some(name => names.has(name)),
  )
}

function usesOpenDescriptor({kind, values}: CaptureDef): boolean {
  if (kind === 'connect') return false
  const fd = values['fd'] ?? values['oldfd']
  return fd !== undefined && 'from' in fd && fd.from === 'arg'
}

/** Every field that a rule compares or prints; a field may occur more than once. */
export function fieldsOf({condition, outputFields}: PlannedRule): FieldRef[] {
  const fields = [...outputFields]
  const visitOperand = (operand: CheckedOperand): void => {
    if (operand.kind === 'field') fields.push(operand.field)
    else if (operand.kind === 'call') operand.args.forEach(visitOperand)
    else if (operand.kind === 'items') operand.items.forEach(visitOperand)
  }
  // Macros are shared objects: each is visited once.
  const seen = new Set<CheckedCondition>()
  const visit = (node: CheckedCondition): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'not') return visit(node.child)
    if (node.kind !== 'test') return node.children.forEach(visit)
    visitOperand(node.left)
    if (node.right !== undefined) visitOperand(node.right)
  }
  visit(condition)
  return fields
}
