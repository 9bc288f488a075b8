import type {RecordLayout} from '../../schema/record-layout.ts'
import {canMatchEvent} from '../bpf/event-match.ts'
import type {CheckedCondition, CheckedTest} from '../checked.ts'
import {type Bounds, UNKNOWN} from './bounds.ts'
import {type EventKind, eventDefsOf} from './event-kind.ts'
import {fieldTest} from './field-tests.ts'
import {allOf, anyOf, type KernelFilter, opposite, PASS, withoutTexts} from './kernel-filter.ts'

/** Most questions of one filter, each constant counted, long texts several times: bounds the size of its program. */
export const FILTER_MAX = 400

/**
 * The filter of a kind of record for the conditions of all rules that may be asked about its event: it passes every record
 * whose event one of them accepts. A filter that grows too large lets everything pass; before that it forgets the texts.
 */
export function deriveFilter(
  layout: RecordLayout,
  conditions: readonly CheckedCondition[],
): KernelFilter {
  const [def, ...others] = eventDefsOf(layout)
  if (def === undefined || others.length > 0) return PASS
  const kind: EventKind = {layout, def}
  const sizes = new Map<KernelFilter, number>()
  const filters = conditions
    .filter(condition => canMatchEvent(condition, def.name))
    .map(condition => filterOf(condition, kind, sizes))
  const fits = (candidates: readonly KernelFilter[]): boolean =>
    candidates.reduce((sum, filter) => sum + sizeOf(filter, sizes), 0) <= FILTER_MAX
  if (fits(filters)) return anyOf(filters)
  const numbers = filters.map(withoutTexts)
  return fits(numbers) ? anyOf(numbers) : PASS
}

function filterOf(
  condition: CheckedCondition,
  kind: EventKind,
  sizes: Map<KernelFilter, number>,
): KernelFilter {
  const done = {
    wanted: new Map<CheckedCondition, KernelFilter>(),
    unwanted: new Map<CheckedCondition, KernelFilter>(),
  }
  // Macros are shared objects: each is looked at once under an even and once under an odd number of `not`.
  const visit = (node: CheckedCondition, want: boolean): KernelFilter => {
    const memo = want ? done.wanted : done.unwanted
    const known = memo.get(node)
    if (known !== undefined) return known
    const filter = visitNode(node, want)
    memo.set(node, filter)
    return filter
  }
  const visitNode = (node: CheckedCondition, want: boolean): KernelFilter => {
    if (node.kind === 'not') return visit(node.child, !want)
    if (node.kind === 'test') {
      const {may, must} = testBounds(node, kind)
      return want ? may : opposite(must)
    }
    const children = node.children.map(child => visit(child, want))
    // The tree of a condition is in truth a graph: written out it could grow without bound.
    const size = children.reduce((sum, child) => sum + sizeOf(child, sizes), 0)
    if (size > FILTER_MAX) {
      const isJoined = (node.kind === 'and') === want
      return isJoined ? smallest(children, sizes) : PASS
    }
    return (node.kind === 'and') === want ? allOf(children) : anyOf(children)
  }
  return visit(condition, true)
}

/** Of filters that must all pass, as many of the smallest ones as there is room for. */
function smallest(
  children: readonly KernelFilter[],
  sizes: Map<KernelFilter, number>,
): KernelFilter {
  const kept: KernelFilter[] = []
  let size = 0
  const ordered = [...children].sort((a, b) => sizeOf(a, sizes) - sizeOf(b, sizes))
  for (const child of ordered) {
    size += sizeOf(child, sizes)
    if (size > FILTER_MAX) break
    kept.push(child)
  }
  return allOf(kept)
}

function sizeOf(filter: KernelFilter, sizes: Map<KernelFilter, number>): number {
  const known = sizes.get(filter)
  if (known !== undefined) return known
  const size =
    filter.kind === 'and' || filter.kind === 'or'
      ? filter.children.reduce((sum, child) => sum + sizeOf(child, sizes), 0)
      : filter.kind !== 'literal'
        ? 0
        : filter.atom.kind === 'text'
          ? filter.atom.tests.reduce((sum, {text}) => sum + 1 + (text.length >>> 4), 0)
          : filter.atom.kind === 'number'
            ? filter.atom.values.length
            : 1 + filter.atom.values.length
  sizes.set(filter, size)
  return size
}

function testBounds(test: CheckedTest, kind: EventKind): Bounds {
  if (test.right !== undefined || test.left.kind !== 'field' || test.left.list) return UNKNOWN
  return fieldTest(test, test.left.field, kind)
}
