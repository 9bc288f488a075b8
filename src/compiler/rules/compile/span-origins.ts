import type {Span} from '../../../diagnostics/span.ts'
import type {Expr, Right, TransformerArg} from '../../condition/ast.ts'
import {childrenOf} from '../../condition/visit.ts'
import {type Context, withinExpression} from '../report/context.ts'
import type {ExpressionText} from '../report/expression-text.ts'
import type {CompiledMacro} from './compile-macros.ts'

/**
 * Where the spans of an expanded condition point: trees that came out of a macro keep the macro's spans, so a
 * span alone does not say which text it is an offset into. The span objects do.
 */
export interface SpanOrigins {
  /** The context of a span that some node of the tree has; other spans are taken for places of the rule's own text. */
  contextOf(span: Span): Context
}

/** Prepares the lookup for one rule; the tree is walked at the first question. */
export function createSpanOrigins(
  expr: Expr,
  expression: ExpressionText,
  conditionContext: Context,
  ownerOf: (expr: Expr) => CompiledMacro | undefined,
): SpanOrigins {
  let owners: Map<Span, CompiledMacro | undefined> | undefined
  return {
    contextOf(span) {
      owners ??= collectOwners(expr, ownerOf)
      const macro = owners.get(span)
      if (!macro)
        return withinExpression(conditionContext, 'condition expression', expression, span)
      return macroContext(macro, conditionContext, span)
    },
  }
}

/** A place in a macro that a rule uses: the rule's chain, then the macro's own place. */
function macroContext(macro: CompiledMacro, rule: Context, span: Span): Context {
  const outer = macro.conditionContext
  const place = withinExpression(outer, 'condition expression', macro.expression, span)
  const [, ...ofMacro] = place.locations
  return {...place, locations: [...rule.locations.slice(0, -1), ...ofMacro]}
}

function collectOwners(
  root: Expr,
  ownerOf: (expr: Expr) => CompiledMacro | undefined,
): Map<Span, CompiledMacro | undefined> {
  const owners = new Map<Span, CompiledMacro | undefined>()
  const seen = new Set<Expr>()
  const pending: [Expr, CompiledMacro | undefined][] = [[root, undefined]]
  for (let next = pending.pop(); next; next = pending.pop()) {
    const [expr, outer] = next
    if (seen.has(expr)) continue
    seen.add(expr)
    const owner = ownerOf(expr) ?? outer
    owners.set(expr.span, owner)
    if (expr.kind === 'check') {
      for (const side of [expr.left, expr.right]) if (side) collectSpans(side, owner, owners)
    }
    for (const child of childrenOf(expr)) pending.push([child, owner])
  }
  return owners
}

function collectSpans(
  node: Right | TransformerArg,
  owner: CompiledMacro | undefined,
  into: Map<Span, CompiledMacro | undefined>,
): void {
  into.set(node.span, owner)
  if (node.kind === 'transformer') for (const arg of node.args) collectSpans(arg, owner, into)
  if (node.kind === 'args' || node.kind === 'list') {
    for (const item of node.items) collectSpans(item, owner, into)
  }
}
