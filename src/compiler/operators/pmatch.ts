import type {ByteString} from '../../schema/bytes.ts'
import type {Scalar} from '../../schema/value.ts'
import {compileGlob, type GlobMatcher} from './glob.ts'
import type {ListOperator} from './operator.ts'

/** A set of path prefixes: one node a part. */
interface TrieNode {
  /** A member ends here: everything below matches. */
  end: boolean
  readonly exact: Map<ByteString, TrieNode>
  /** Parts with wildcards, by pattern. */
  readonly globs: Map<ByteString, {readonly matches: GlobMatcher; readonly node: TrieNode}>
}

function newNode(): TrieNode {
  return {end: false, exact: new Map(), globs: new Map()}
}

function partsOf(path: ByteString): readonly ByteString[] {
  return path.split('/').filter(part => part !== '')
}

function buildTrie(members: readonly Scalar[]): TrieNode {
  const root = newNode()
  for (const member of members) {
    let node = root
    for (const part of partsOf(member as string)) node = childFor(node, part)
    node.end = true
  }
  return root
}

function childFor(node: TrieNode, part: ByteString): TrieNode {
  if (/[?*[]/.test(part)) {
    const known = node.globs.get(part)
    if (known !== undefined) return known.node
    const child = newNode()
    node.globs.set(part, {matches: compileGlob(part, false), node: child})
    return child
  }
  const child = node.exact.get(part) ?? newNode()
  node.exact.set(part, child)
  return child
}

/** Walks all branches in step, so the cost is bounded by parts of the value × nodes, however globs overlap. */
function covers(root: TrieNode, path: ByteString): boolean {
  if (root.end) return true
  let nodes: readonly TrieNode[] = [root]
  for (const part of partsOf(path)) {
    const next: TrieNode[] = []
    for (const node of nodes) {
      const exact = node.exact.get(part)
      if (exact !== undefined) next.push(exact)
      for (const {matches, node: child} of node.globs.values()) if (matches(part)) next.push(child)
    }
    if (next.some(node => node.end)) return true
    if (next.length === 0) return false
    nodes = next
  }
  return false
}

/** `pmatch`: one of the members is the value or a folder above. */
export const pmatch: ListOperator = {
  kind: 'list',
  name: 'pmatch',
  classes: ['text'],
  fieldRight: false,
  lists: false,
  doc: 'The value is one of the paths or lies below one; a part may be a shell pattern.',
  bindAll: members => {
    const root = buildTrie(members)
    return value => covers(root, value as string)
  },
}
