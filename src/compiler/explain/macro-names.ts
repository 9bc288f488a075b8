import type {CheckedCondition} from '../checked.ts'
import type {Expr} from '../condition/ast.ts'

/**
 * Which nodes of a checked condition are macros. A checked tree has the shape of the written one, and every use of a macro
 * is the same object in both.
 */
export function nameMacros(
  expr: Expr,
  condition: CheckedCondition,
  macros: Iterable<{readonly name: string; readonly expr: Expr}>,
): ReadonlyMap<CheckedCondition, string> {
  const byExpr = new Map<Expr, string>()
  // A macro that is nothing but another one has its tree: the first of the names stands for both.
  for (const macro of macros) if (!byExpr.has(macro.expr)) byExpr.set(macro.expr, macro.name)
  const names = new Map<CheckedCondition, string>()
  const seen = new Set<CheckedCondition>()
  const visit = (written: Expr, checked: CheckedCondition): void => {
    if (seen.has(checked)) return
    seen.add(checked)
    const name = byExpr.get(written)
    if (name !== undefined) names.set(checked, name)
    if (written.kind === 'not' && checked.kind === 'not') visit(written.child, checked.child)
    const isJoin =
      (written.kind === 'and' || written.kind === 'or') && written.kind === checked.kind
    if (!isJoin) return
    for (const [at, child] of written.children.entries()) visit(child, checked.children[at]!)
  }
  visit(expr, condition)
  return names
}
