import type {RecordLayout} from '../../schema/record-layout.ts'
import type {CheckedCondition, CheckedTest} from '../checked.ts'
import type {Bounds} from '../filter/bounds.ts'
import {testBounds} from '../filter/derive-filter.ts'
import type {DescriptorCollector} from '../filter/descriptor/descriptor-set.ts'
import {type EventKind, eventDefsOf} from '../filter/event-kind.ts'
import {type KernelFilter, opposite} from '../filter/kernel-filter.ts'
import type {PredicateCollector} from '../filter/process/predicate-set.ts'
import {valueClass} from '../value-class.ts'
import {type UserReason, userReason} from './user-reason.ts'

/**
 * Who decides a test of a kind of record. `kernel`: the record tells it (texts only where they are plain); `process`: it is part
 * of a condition that user space works out once for each process, and that the kernel reads as a bit; `descriptor`: likewise, once
 * for each open file; `part`: the kernel rules out some records, user space decides on the rest; `user`: user space alone.
 */
export type Decider = 'kernel' | 'process' | 'descriptor' | 'part' | 'user'

/** Who takes what user space works out beforehand; left out where the kernel asks nothing of it. */
export interface Collectors {
  /** What depends on the process alone. */
  readonly predicates?: Pick<PredicateCollector, 'atomOf' | 'partsOf'> | undefined
  /** What depends on the open file alone. */
  readonly descriptors?: Pick<DescriptorCollector, 'atomOf'> | undefined
}

/** What becomes of one test of a rule. */
export interface ExplainedTest {
  readonly test: CheckedTest
  readonly decider: Decider
  /** The answer, where it is the same for every record of the kind. */
  readonly always?: boolean
  /** Why user space has to look; only where it has to. */
  readonly reason?: UserReason
  /** The bit of the process, or of the open file, with the answer. */
  readonly bit?: number
  /** A text that was cut, could not be read or is not plain is not decided in the kernel. */
  readonly plainTextOnly: boolean
}

/** What the kernel asks of a record for a rule. */
export type KernelPart =
  /** Nothing that is asked keeps a record in the kernel. */
  | {readonly kind: 'pass'}
  /** No record of the kind can match. */
  | {readonly kind: 'never'}
  | {readonly kind: 'condition'; readonly tree: KernelTree}

/** A condition that a record must meet to leave the kernel. */
export type KernelTree =
  | {readonly kind: 'and' | 'or'; readonly children: readonly KernelTree[]}
  | {
      readonly kind: 'test'
      readonly test: CheckedTest
      /** The answer that lets the record pass. */
      readonly want: boolean
      /** The kernel tells only some of the other answers. */
      readonly isPartly: boolean
    }
  | {
      readonly kind: 'process'
      /** Depends on the process alone. */
      readonly condition: CheckedCondition
      readonly bit: number
      readonly want: boolean
    }

/** A rule's condition, divided between the kernel and user space, for one kind of record. */
export interface ExplainedFilter {
  readonly part: KernelPart
  /** In the order of the condition, each once; those that only decide on the event's type are left out. */
  readonly tests: readonly ExplainedTest[]
}

/** Tests of one kernel part that are kept apart; with more the part is not shown. */
const PART_MAX = 2000

type Node = {readonly kind: 'pass'} | {readonly kind: 'drop'} | KernelTree

/**
 * Divides a condition as `deriveFilter` does, keeping the words of the rule. Undefined for a kind of record that stands for
 * several events: all of these pass.
 */
export function explainFilter(
  layout: RecordLayout,
  condition: CheckedCondition,
  {predicates, descriptors}: Collectors = {},
): ExplainedFilter | undefined {
  const [def, ...others] = eventDefsOf(layout)
  if (def === undefined || others.length > 0) return undefined
  const kind: EventKind = {layout, def}
  const tests = new Map<string, ExplainedTest>()
  const note = (explained: ExplainedTest): void => {
    if (!tests.has(explained.test.text)) tests.set(explained.test.text, explained)
  }
  const done = {
    wanted: new Map<CheckedCondition, Node>(),
    unwanted: new Map<CheckedCondition, Node>(),
  }
  const sizes = new Map<Node, number>()
  // Macros are shared objects: each is looked at once under an even and once under an odd number of `not`.
  const visit = (node: CheckedCondition, want: boolean): Node => {
    const memo = want ? done.wanted : done.unwanted
    const known = memo.get(node)
    if (known !== undefined) return known
    const made = visitNode(node, want)
    memo.set(node, made)
    return made
  }
  const visitNode = (node: CheckedCondition, want: boolean): Node => {
    const atom = predicates?.atomOf(node)
    if (atom !== undefined) {
      for (const test of testsOf(node))
        note({test, decider: 'process', bit: atom.bit, plainTextOnly: false})
      return {kind: 'process', condition: node, bit: atom.bit, want}
    }
    if (node.kind === 'not') return visit(node.child, !want)
    if (node.kind === 'test') {
      const bounds = testBounds(node, kind)
      const explained = explainTest(node, bounds, kind)
      const asked = explained.decider === 'user' ? descriptors?.atomOf(node, kind) : undefined
      if (asked !== undefined) {
        note({test: node, decider: 'descriptor', bit: asked.bit, plainTextOnly: false})
        return {kind: 'test', test: node, want, isPartly: false}
      }
      note(explained)
      const filter = want ? bounds.may : opposite(bounds.must)
      if (filter.kind === 'pass' || filter.kind === 'drop') return constantNode(filter.kind)
      return {kind: 'test', test: node, want, isPartly: explained.decider !== 'kernel'}
    }
    const parts = predicates?.partsOf(node) ?? node.children
    const children = parts.map(child => visit(child, want))
    return join((node.kind === 'and') === want ? 'and' : 'or', children, sizes)
  }
  const root = visit(condition, true)
  return {
    part:
      root.kind === 'pass'
        ? {kind: 'pass'}
        : root.kind === 'drop'
          ? {kind: 'never'}
          : {kind: 'condition', tree: root},
    tests: [...tests.values()].filter(({test}) => !isTypeTest(test)),
  }
}

/** Joins as the filter does: what always passes, or never does, disappears or decides. */
function join(kind: 'and' | 'or', children: readonly Node[], sizes: Map<Node, number>): Node {
  const [neutral, decisive] =
    kind === 'and' ? (['pass', 'drop'] as const) : (['drop', 'pass'] as const)
  if (children.some(child => child.kind === decisive)) return constantNode(decisive)
  const kept = children
    .filter((child): child is KernelTree => child.kind !== 'pass' && child.kind !== 'drop')
    .flatMap(child => (child.kind === kind ? child.children : [child]))
  const size = kept.reduce((sum, child) => sum + (sizes.get(child) ?? 1), 0)
  if (kept.length === 0) return constantNode(neutral)
  if (kept.length === 1) return kept[0]!
  const joined: Node = size > PART_MAX ? {kind: 'pass'} : {kind, children: kept}
  sizes.set(joined, size)
  return joined
}

function constantNode(kind: 'pass' | 'drop'): Node {
  return kind === 'pass' ? {kind: 'pass'} : {kind: 'drop'}
}

function explainTest(test: CheckedTest, bounds: Bounds, kind: EventKind): ExplainedTest {
  const {may, must} = bounds
  const isConstant = may.kind === must.kind && (may.kind === 'pass' || may.kind === 'drop')
  if (isConstant)
    return {test, decider: 'kernel', always: may.kind === 'pass', plainTextOnly: false}
  const plainTextOnly = valueClass(test.left.type) === 'text' && asksText(may, must)
  if (may.kind === 'pass' && must.kind === 'drop')
    return {test, decider: 'user', reason: userReason(test, kind), plainTextOnly: false}
  if (isSame(may, must)) return {test, decider: 'kernel', plainTextOnly}
  return {test, decider: 'part', reason: 'enclosed', plainTextOnly}
}

function asksText(...filters: readonly KernelFilter[]): boolean {
  return filters.some(filter => {
    if (filter.kind === 'and' || filter.kind === 'or') return asksText(...filter.children)
    return filter.kind === 'literal' && filter.atom.kind === 'text'
  })
}

function isSame(left: KernelFilter, right: KernelFilter): boolean {
  return left === right || filterKey(left) === filterKey(right)
}

function filterKey(filter: KernelFilter): string {
  return JSON.stringify(filter, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
}

/** Tests of the event's name: every record of the kind gives the same answer. */
function isTypeTest({left}: CheckedTest): boolean {
  if (left.kind !== 'field') return false
  const {name} = left.field.def
  return name === 'evt.type' || name === 'syscall.type' || name === 'evt.dir'
}

/** Every test of a condition, each object once. */
function testsOf(condition: CheckedCondition): CheckedTest[] {
  const seen = new Set<CheckedCondition>()
  const visit = (node: CheckedCondition): CheckedTest[] => {
    if (seen.has(node)) return []
    seen.add(node)
    if (node.kind === 'test') return [node]
    return node.kind === 'not' ? visit(node.child) : node.children.flatMap(visit)
  }
  return visit(condition)
}
