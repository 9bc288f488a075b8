import type {CheckedCondition} from '../checked.ts'
import type {KernelTree} from './explain-filter.ts'
import {printTest} from './print-test.ts'
import {type PrintTree, printTree} from './print-tree.ts'

/** Names of the macros that parts of a condition are. */
export type MacroNames = ReadonlyMap<CheckedCondition, string>

/** A checked condition in the words of the rule language, long lists shortened. */
export function printCondition(
  condition: CheckedCondition,
  macros: MacroNames = new Map(),
): string {
  return printTree(createPrintTrees(macros)(condition))
}

/**
 * The kernel's part of a condition, in the words of the rule language; what the kernel decides in part begins with `~`.
 *
 * @param macros - what depends on the process alone and is one of these is printed by its name
 */
export function printKernelPart(tree: KernelTree, macros: MacroNames = new Map()): string {
  const treeOf = createPrintTrees(macros)
  const visit = (node: KernelTree): PrintTree => {
    if (node.kind === 'process') return wanted(treeOf(node.condition), node.want)
    if (node.kind !== 'test') {
      // What the record tells says more about the rule's events than what the process is: it comes first.
      const ofProcess = node.children.filter(({kind}) => kind === 'process')
      const others = node.children.filter(({kind}) => kind !== 'process')
      return {kind: node.kind, children: [...others, ...ofProcess].map(visit)}
    }
    const text = `${node.isPartly ? '~' : ''}${printTest(node.test)}`
    return wanted({kind: 'leaf', text}, node.want)
  }
  return printTree(visit(tree))
}

function wanted(tree: PrintTree, want: boolean): PrintTree {
  if (want) return tree
  return tree.kind === 'not' ? tree.child : {kind: 'not', child: tree}
}

/** Macros are shared objects: each is made into a tree once. */
function createPrintTrees(macros: MacroNames): (condition: CheckedCondition) => PrintTree {
  const known = new Map<CheckedCondition, PrintTree>()
  const treeOf = (node: CheckedCondition): PrintTree => {
    let tree = known.get(node)
    if (tree !== undefined) return tree
    const macro = macros.get(node)
    if (macro !== undefined) tree = {kind: 'leaf', text: macro}
    else if (node.kind === 'test') tree = {kind: 'leaf', text: printTest(node)}
    else if (node.kind === 'not') tree = {kind: 'not', child: treeOf(node.child)}
    else tree = {kind: node.kind, children: node.children.map(treeOf)}
    known.set(node, tree)
    return tree
  }
  return treeOf
}
