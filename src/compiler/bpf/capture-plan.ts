import type {CaptureDef} from '../../schema/capture.ts'
import {CAPTURES, eventsOf} from '../../schema/capture-table.ts'
import {eventByCode} from '../../schema/event-table.ts'
import type {CheckedCondition, CheckedOperand} from '../checked.ts'
import type {FieldRef} from '../field-ref.ts'
import type {CaptureRequest} from './capture.ts'

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
  /** Kinds that rules ask for; the others are there for the state. */
  readonly asked: ReadonlySet<number>
  /** Whether the descriptors of processes must be followed. */
  readonly fds: boolean
  /** Whether environments must be kept. */
  readonly env: boolean
}

/** Fields that print or compare every parameter of an event. */
const WHOLE_EVENT_FIELDS: ReadonlySet<string> = new Set(['evt.args', 'evt.info'])
const ENV_FIELDS: ReadonlySet<string> = new Set(['proc.env', 'proc.aenv'])
/** Parameter values that only some fields need. */
const ON_DEMAND_FIELDS: Readonly<Record<string, ReadonlySet<string>>> = {
  env: ENV_FIELDS,
  data: new Set(['evt.buffer']),
}

/**
 * Works out which kinds of record a set of rules needs: those of the events that a rule can match, those that carry
 * the life of processes, and, where a rule looks at a descriptor that was opened earlier, those that tell of descriptors.
 */
export function planCaptures(rules: readonly PlannedRule[]): CapturePlan {
  const eventNames = new Set<string>()
  for (const {eventCodes} of rules)
    for (const code of eventCodes) eventNames.add(eventByCode(code)?.name ?? '')
  const asked = new Set<number>()
  for (const [index, capture] of CAPTURES.entries()) {
    if (eventsOf(capture).some(name => eventNames.has(name))) asked.add(index)
  }
  const uses = rules.map(rule => ({rule, fields: fieldsOf(rule)}))
  const env = uses.some(({fields}) => fields.some(field => wantsValue(field, 'env')))
  const fds = uses.some(
    ({rule, fields}) => fields.some(looksAtDescriptor) && canMatchOpenDescriptor(rule),
  )
  const allFields = uses.flatMap(({fields}) => fields)
  const kinds = new Map<number, CaptureRequest>()
  for (const [index, capture] of CAPTURES.entries()) {
    const forState = capture.state === 'always' || (capture.state === 'fds' && fds)
    if (!asked.has(index) && !forState) continue
    const onDemand = (capture.onDemand ?? []).filter(name =>
      allFields.some(field => wantsValue(field, name)),
    )
    kinds.set(index, {onDemand: new Set(onDemand), everyCall: asked.has(index)})
  }
  return {kinds, asked, fds, env}
}

function wantsValue({def, arg, index}: FieldRef, value: string): boolean {
  if (WHOLE_EVENT_FIELDS.has(def.name)) return true
  if (ON_DEMAND_FIELDS[value]?.has(def.name) === true) return true
  return (
    (def.name === 'evt.arg' || def.name === 'evt.rawarg') && (arg === value || index !== undefined)
  )
}

function looksAtDescriptor({def}: FieldRef): boolean {
  return def.class === 'fd' || def.name === 'evt.arg' || WHOLE_EVENT_FIELDS.has(def.name)
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
