import type {ByteString} from '../../schema/bytes.ts'

/**
 * Finds which of many texts a value begins (or ends) with, in one walk over the value: a tree whose edges carry the shared
 * parts. The cost follows the part of the value that is in the tree, not the number of texts.
 */
export interface AffixTree {
  /** Files an item under a text, which is not empty. */
  add(affix: ByteString, item: number): void
  /** Calls back with the items, in the order added, of each text that fits. */
  visit(value: ByteString, found: (items: readonly number[]) => void): void
}

interface TreeNode {
  /** What stands on the edge to this node. */
  label: ByteString
  items: number[]
  readonly children: Map<number, TreeNode>
}

/** Creates an empty tree of prefixes, or of suffixes, which it reads from their end. */
export function createAffixTree(kind: 'prefix' | 'suffix'): AffixTree {
  const root: TreeNode = {label: '', items: [], children: new Map()}
  const fromEnd = kind === 'suffix'

  const add = (affix: ByteString, item: number): void => {
    const text = fromEnd ? [...affix].reverse().join('') : affix
    let node = root
    for (let at = 0; at < text.length; ) {
      const child = node.children.get(text.charCodeAt(at))
      if (child === undefined) {
        const leaf: TreeNode = {label: text.slice(at), items: [], children: new Map()}
        node.children.set(text.charCodeAt(at), leaf)
        node = leaf
        break
      }
      let same = 0
      while (same < child.label.length && child.label[same] === text[at + same]) same++
      node = same === child.label.length ? child : split(node, child, same)
      at += same
    }
    node.items.push(item)
  }

  const split = (parent: TreeNode, child: TreeNode, length: number): TreeNode => {
    const upper: TreeNode = {label: child.label.slice(0, length), items: [], children: new Map()}
    parent.children.set(upper.label.charCodeAt(0), upper)
    child.label = child.label.slice(length)
    upper.children.set(child.label.charCodeAt(0), child)
    return upper
  }

  const visit = (value: ByteString, found: (items: readonly number[]) => void): void => {
    const last = value.length - 1
    let node = root
    for (let at = 0; at <= last; ) {
      const child = node.children.get(value.charCodeAt(fromEnd ? last - at : at))
      if (child === undefined || at + child.label.length > value.length) return
      const {label} = child
      for (let i = 1; i < label.length; i++) {
        const place = fromEnd ? last - at - i : at + i
        if (value.charCodeAt(place) !== label.charCodeAt(i)) return
      }
      at += label.length
      if (child.items.length > 0) found(child.items)
      node = child
    }
  }

  return {add, visit}
}
