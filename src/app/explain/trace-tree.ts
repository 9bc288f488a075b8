import type {CheckedCondition} from '../../compiler/checked.ts'
import {printTest} from '../../compiler/explain/print-test.ts'
import type {OperandValue, Tracer} from '../../compiler/explain/trace.ts'

/** One part of a condition with its answer for an event. */
export interface TracedNode {
  readonly kind: CheckedCondition['kind']
  readonly holds: boolean
  /** Whether the answer of the whole condition comes from here: another answer of this part alone might change it. */
  readonly decides: boolean
  /** The part is this macro. */
  readonly macro?: string
  /** The test in the words of the rule; long lists are shortened around the constant that decides. */
  readonly test?: string
  /** What the operands of a test yielded, and the fields inside them. */
  readonly values?: readonly OperandValue[]
  readonly children?: readonly TracedNode[]
  /** Parts below that were left out, because there are too many. */
  readonly omitted?: number
}

/** How many more parts may be made. Shared by all trees of an event. */
export interface NodeBudget {
  nodes: number
}

/** Deepest part that is shown. */
const MAX_DEPTH = 200

/** Makes the tree of a condition for the event of a tracer. Parts beyond the budget are counted. */
export function traceTree(
  condition: CheckedCondition,
  tracer: Tracer,
  macros: ReadonlyMap<CheckedCondition, string>,
  budget: NodeBudget,
): TracedNode {
  const visit = (node: CheckedCondition, decides: boolean, depth: number): TracedNode => {
    budget.nodes--
    const holds = tracer.holds(node)
    const macro = macros.get(node)
    const common = {kind: node.kind, holds, decides, ...(macro !== undefined && {macro})}
    if (node.kind === 'test') {
      const around = node.constants.length > 1 ? tracer.decidingConstant(node) : undefined
      return {...common, test: printTest(node, {around}), values: tracer.values(node)}
    }
    const all = node.kind === 'not' ? [node.child] : node.children
    const room = depth >= MAX_DEPTH ? 0 : Math.max(0, budget.nodes)
    const shown = all.slice(0, room)
    // The answer of a join comes from the parts with the same answer, whichever of the two it is.
    const children = shown.map(child =>
      visit(child, decides && (node.kind === 'not' || tracer.holds(child) === holds), depth + 1),
    )
    const omitted = all.length - shown.length
    return {...common, children, ...(omitted > 0 && {omitted})}
  }
  return visit(condition, true, 0)
}
