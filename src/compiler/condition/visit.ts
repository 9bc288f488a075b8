import type {CheckExpr, Expr, FieldNode, Operand, Right, TransformerArg} from './ast.ts'

/**
 * Calls `visit` once for every distinct node object of a tree, parents first, left to right. Macros put the same
 * object in many places, so a tree can stand for far more nodes than it has objects. Uses no recursion.
 */
function walkExpr(expr: Expr, visit: (node: Expr) => void): void {
  const seen = new Set<Expr>()
  const pending = [expr]
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    visit(node)
    for (const child of childrenOf(node).toReversed()) pending.push(child)
  }
}

/** The nodes directly below. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'and':
    case 'or':
      return expr.children
    case 'not':
      return [expr.child]
    default:
      return []
  }
}

/** Calls `visit` for every comparison of a tree, once per node object. */
export function walkChecks(expr: Expr, visit: (check: CheckExpr) => void): void {
  walkExpr(expr, node => {
    if (node.kind === 'check') visit(node)
  })
}

/** The fields in an operand or right side, those inside transformers included, in the order written. */
export function fieldsOf(node: Operand | Right): readonly FieldNode[] {
  const fields: FieldNode[] = []
  collectFields(node, fields)
  return fields
}

function collectFields(node: Right | TransformerArg, into: FieldNode[]): void {
  switch (node.kind) {
    case 'field':
      into.push(node)
      break
    case 'transformer':
      for (const arg of node.args) collectFields(arg, into)
      break
    case 'args':
      for (const item of node.items) collectFields(item, into)
      break
    default:
  }
}
