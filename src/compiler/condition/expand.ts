import type {Span} from '../../diagnostics/span.ts'
import type {CheckExpr, Expr, TransformerArg} from './ast.ts'

/** A tree without identifiers, and what it costs to walk it as a tree. */
export interface Expanded {
  readonly expr: Expr
  /** Nodes, list members included, each use of a macro counted in full. */
  readonly size: number
  /** Longest way down. */
  readonly depth: number
}

/** An identifier that is no macro, or a tree that grows past a bound. */
export interface ExpandProblem {
  readonly name: string
  readonly message: string
  readonly span: Span
}

/** The outcome of {@link expandMacros}. */
export type ExpandResult =
  | ({readonly ok: true} & Expanded)
  | {readonly ok: false; readonly problem: ExpandProblem}

/** What a name stands for; a text says why it stands for nothing. */
export type MacroLookup = (name: string) => Expanded | string

/** Nodes an expanded condition may have. Macros that use macros twice double it each time. */
export const MAX_EXPANDED_NODES = 1_000_000

/** Depth an expanded condition may have, so that recursion over it is safe. */
export const MAX_EXPANDED_DEPTH = 1000

/**
 * Replaces identifiers by the trees of macros. Every use of a macro gets the same node object, and a tree without
 * identifiers comes back as it is, so that later stages can share work by identity. The first problem ends it.
 */
export function expandMacros(expr: Expr, lookup: MacroLookup): ExpandResult {
  try {
    return {ok: true, ...expand(expr, lookup)}
  } catch (error) {
    if (error instanceof ExpandStop) return {ok: false, problem: error.problem}
    throw error
  }
}

class ExpandStop extends Error {
  readonly problem: ExpandProblem

  constructor(problem: ExpandProblem) {
    super(problem.message)
    this.problem = problem
  }
}

function expand(expr: Expr, lookup: MacroLookup): Expanded {
  switch (expr.kind) {
    case 'identifier': {
      const macro = lookup(expr.name)
      if (typeof macro !== 'string') return macro
      throw new ExpandStop({name: expr.name, message: macro, span: expr.span})
    }
    case 'not': {
      const child = expand(expr.child, lookup)
      const node = child.expr === expr.child ? expr : {...expr, child: child.expr}
      return bounded({expr: node, size: child.size + 1, depth: child.depth + 1}, expr.span)
    }
    case 'and':
    case 'or': {
      let size = 1
      let depth = 0
      let changed = false
      const children = expr.children.map(written => {
        const child = expand(written, lookup)
        size += child.size
        depth = Math.max(depth, child.depth)
        changed ||= child.expr !== written
        return child.expr
      })
      const node = changed ? {...expr, children} : expr
      return bounded({expr: node, size, depth: depth + 1}, expr.span)
    }
    case 'check':
      return {expr, size: checkSize(expr), depth: 1}
  }
}

function bounded(expanded: Expanded, span: Span): Expanded {
  const tooLarge = expanded.size > MAX_EXPANDED_NODES
  if (!tooLarge && expanded.depth <= MAX_EXPANDED_DEPTH) return expanded
  const message = tooLarge
    ? `the expanded condition has more than ${MAX_EXPANDED_NODES} parts`
    : `the expanded condition is nested more than ${MAX_EXPANDED_DEPTH} levels deep`
  throw new ExpandStop({name: '', message, span})
}

function checkSize({left, right}: CheckExpr): number {
  const rightSize = right?.kind === 'list' ? right.items.length : right ? operandSize(right) : 0
  return 1 + operandSize(left) + rightSize
}

function operandSize(node: TransformerArg | NonNullable<CheckExpr['right']>): number {
  if (node.kind === 'transformer') return node.args.reduce((sum, arg) => sum + operandSize(arg), 1)
  if (node.kind === 'args') return node.items.reduce((sum, item) => sum + operandSize(item), 1)
  return 1
}
