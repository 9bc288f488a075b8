/** Something to print with `and`, `or` and `not`. */
export type PrintTree =
  | {readonly kind: 'and' | 'or'; readonly children: readonly PrintTree[]}
  | {readonly kind: 'not'; readonly child: PrintTree}
  | {readonly kind: 'leaf'; readonly text: string}

/** Longest text of a tree, in characters; what is beyond it is left out. */
export const TREE_TEXT_MAX = 4000

/**
 * A tree as a condition, with no more parentheses than its meaning needs. One that grows past the bound ends in `…`: shared
 * parts make a small tree print large.
 */
export function printTree(tree: PrintTree, maxChars: number = TREE_TEXT_MAX): string {
  let text = ''
  let isFull = false
  const put = (part: string): void => {
    if (isFull) return
    text += part
    if (text.length <= maxChars) return
    text = `${text.slice(0, maxChars)}…`
    isFull = true
  }
  const visit = (node: PrintTree, inside: 'or' | 'and' | 'not'): void => {
    if (isFull) return
    if (node.kind === 'leaf') return put(node.text)
    if (node.kind === 'not') {
      put('not ')
      return visit(node.child, 'not')
    }
    const isWrapped = inside === 'not' || (inside === 'and' && node.kind === 'or')
    if (isWrapped) put('(')
    for (const [at, child] of node.children.entries()) {
      if (isFull) return
      if (at > 0) put(` ${node.kind} `)
      visit(child, node.kind)
    }
    if (isWrapped) put(')')
  }
  visit(tree, 'or')
  return text
}
