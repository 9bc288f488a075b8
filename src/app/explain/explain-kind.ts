import {type CapturePlan, fieldsOf, wantsValue} from '../../compiler/bpf/capture-plan.ts'
import {laneOf} from '../../compiler/bpf/lane.ts'
import {
  type ExplainedTest,
  explainFilter,
  type KernelPart,
} from '../../compiler/explain/explain-filter.ts'
import {type MacroNames, printKernelPart} from '../../compiler/explain/print-condition.ts'
import {deriveFilter} from '../../compiler/filter/derive-filter.ts'
import {collectDescriptorTests} from '../../compiler/filter/descriptor/descriptor-set.ts'
import {collectPredicates} from '../../compiler/filter/process/predicate-set.ts'
import type {CaptureDef} from '../../schema/capture.ts'
import {CAPTURES, eventsOf} from '../../schema/capture-table.ts'
import {RECORD_LAYOUTS} from '../../schema/record-layout.ts'
import {COMPAT_CALLS} from '../../schema/tables/compat-calls.ts'
import {SYSCALLS_X86_64} from '../../schema/tables/syscalls.ts'
import {plannedRule} from '../rules/rule-set.ts'
import {estimateShare} from './estimate.ts'
import type {SetRule} from './select-rules.ts'

/** A value that a record carries. */
export interface ExplainedValue {
  readonly name: string
  /** Most bytes of a text or block; 0 for a number. */
  readonly maxBytes: number
  /** Only the state and fields of our own use it: it is no parameter of the event. */
  readonly isExtra: boolean
  /** Fields of the rule that it is captured for, where it is captured on demand. */
  readonly neededBy?: readonly string[]
}

/**
 * How much of a rule the kernel decides for a kind of record: `all`, `part`, `none`; `never`: no record of the kind can match;
 * `too_large`: the filter would be, so that all records pass.
 */
export type Decided = 'all' | 'part' | 'none' | 'never' | 'too_large'

/** What a rule becomes for one kind of record. */
export interface ExplainedKind {
  /** Number of the kind. */
  readonly index: number
  readonly kind: string
  readonly events: readonly string[]
  readonly tracepoint: CaptureDef['hook']['at']
  /** The system call whose end it is. */
  readonly call?: {
    readonly name: string
    readonly number: number
    /** Its numbers in the 32-bit table. */
    readonly compatNumbers: readonly number[]
  }
  readonly lane: 'state' | 'bulk'
  /** The path or address is copied when the call begins, too. */
  readonly entryCopy: boolean
  readonly values: readonly ExplainedValue[]
  /** Values that are captured on demand and that nobody asks for. */
  readonly leftOut: readonly string[]
  readonly decided: Decided
  readonly part: KernelPart
  /** What a record must meet to leave the kernel for this rule, as a condition; undefined when all or none do. */
  readonly condition?: string
  /** The same with the names of macros for what depends on the process alone. */
  readonly shortCondition?: string
  readonly tests: readonly ExplainedTest[]
  /** A guess at the share of records that pass for this rule, 0 to 1; undefined when nothing is known. */
  readonly estimate?: number
  /**
   * What all loaded rules and the state together make of the kind: `filtered`: records that no rule can match and the state does
   * not need stay in the kernel; `every` record leaves it; `none`: the kind is not captured.
   */
  readonly flow: 'filtered' | 'every' | 'none'
  /** The state of the host needs records of the kind, whatever the rules ask. */
  readonly forState: boolean
  /** Other rules whose events these records are too. */
  readonly otherRules: number
}

const CALL_NAMES: ReadonlyMap<number, string> = new Map(
  SYSCALLS_X86_64.map(([number, name]) => [number, name]),
)

/** What a rule is explained with. */
export interface KindSetting {
  readonly rule: SetRule
  readonly macros: MacroNames
  readonly plan: CapturePlan
}

/** Says what a rule becomes for a kind of record of the plan. `otherRules`: how many more rules ask for the kind. */
export function explainKind(
  index: number,
  {rule, macros, plan}: KindSetting,
  otherRules: number,
): ExplainedKind {
  const layout = RECORD_LAYOUTS[index]!
  const capture = CAPTURES[index]!
  const {hook, kind} = capture
  const request = plan.kinds.get(index)
  const predicates = collectPredicates(plan.predicates)
  // Whether descriptors are told by the identity of their files.
  const descriptors = plan.fds && !plan.everyFd ? collectDescriptorTests() : undefined
  const explained = explainFilter(layout, rule.condition, {predicates, descriptors})
  const part = explained?.part ?? {kind: 'pass'}
  const isTooLarge =
    part.kind === 'condition' &&
    deriveFilter(layout, [rule.condition], predicates, descriptors).kind === 'pass'
  const tests = (explained?.tests ?? []).map(test => withPlannedBit(test, plan))
  return {
    index,
    kind,
    events: eventsOf(capture),
    tracepoint: hook.at,
    ...(hook.at === 'sys_exit' && {
      call: {
        name: CALL_NAMES.get(hook.nr) ?? kind,
        number: hook.nr,
        compatNumbers: COMPAT_CALLS[kind] ?? [],
      },
    }),
    lane: laneOf(capture),
    entryCopy: request?.entryCopy === true,
    ...capturedValues(index, rule, plan),
    decided: isTooLarge ? 'too_large' : decidedOf(part, tests),
    part,
    ...(part.kind === 'condition' &&
      !isTooLarge && {
        condition: printKernelPart(part.tree),
        shortCondition: printKernelPart(part.tree, macros),
        estimate: estimateShare(part.tree),
      }),
    tests,
    flow: request === undefined ? 'none' : request.filter === undefined ? 'every' : 'filtered',
    forState: capture.state === 'always' || (capture.state === 'fds' && plan.fds),
    otherRules,
  }
}

function decidedOf(part: KernelPart, tests: readonly ExplainedTest[]): Decided {
  if (part.kind === 'never') return 'never'
  if (tests.every(({decider}) => decider !== 'part' && decider !== 'user')) return 'all'
  return part.kind === 'pass' ? 'none' : 'part'
}

/** The bit that the plan gave; none where no filter in force asks for it. */
function withPlannedBit(
  {bit, ...explained}: ExplainedTest,
  {predicates, descriptorTests}: CapturePlan,
): ExplainedTest {
  const {decider, test} = explained
  const planned =
    decider === 'process'
      ? predicates.predicates.find(one => one.bit === bit)
      : descriptorTests.tests.find(one => one.test.text === test.text)
  const hasBit = planned !== undefined && (decider === 'process' || decider === 'descriptor')
  return hasBit ? {...explained, bit: planned.bit} : explained
}

function capturedValues(
  index: number,
  rule: SetRule,
  plan: CapturePlan,
): Pick<ExplainedKind, 'values' | 'leftOut'> {
  const {capture, slots} = RECORD_LAYOUTS[index]!
  const onDemand = new Set(capture.onDemand ?? [])
  const wanted = plan.kinds.get(index)?.onDemand ?? new Set<string>()
  const fields = fieldsOf(plannedRule(rule))
  const values = slots
    .filter(({name}) => !onDemand.has(name) || wanted.has(name))
    .map(({name, maxBytes}) => ({
      name,
      maxBytes,
      isExtra: name.startsWith('$'),
      ...(onDemand.has(name) && {
        neededBy: [
          ...new Set(fields.filter(field => wantsValue(field, name)).map(({text}) => text)),
        ],
      }),
    }))
  return {values, leftOut: [...onDemand].filter(name => !wanted.has(name))}
}
