import type {Assembler, Label} from '../../../bpf/assembler.ts'
import {emitJumpUnlessEqual} from '../emit-equal.ts'
import {chunksOf, emitSetBits, emitTextEnd, wordAt} from './text-place.ts'
import type {TrieNode} from './text-trie.ts'

/** Up to so many children are asked for one after the other. */
const LINEAR_CHILDREN = 3

/** What all nodes of one trie share. */
interface TrieCode {
  readonly asm: Assembler
  readonly side: 'front' | 'back'
  /** Where the bits are. */
  readonly state: number
  readonly done: Label
}

/**
 * Walks a text from its beginning or its end down a trie and sets the bits of the tests that hold; ends at `done`, by a
 * jump. Finds the text at r1 with r2 bytes; loses r3 to r5.
 */
export function emitTrie(code: TrieCode, root: TrieNode): void {
  emitNode(code, root, 0)
}

/** `known`: how many bytes of the label the parent compared. */
function emitNode(code: TrieCode, node: TrieNode, known: number): void {
  const {asm, side, state, done} = code
  const {from, to, begins, ends, children} = node
  if (to > from + known) emitLabel(code, node, known)
  emitSetBits(asm, state, begins)
  if (ends.length > 0) {
    const longer = children.length > 0 ? asm.label('longer') : done
    asm.jumpIfImm('jne', 2, to, longer)
    emitSetBits(asm, state, ends)
    asm.jump(done)
    if (children.length === 0) return
    asm.place(longer)
  }
  const [only, ...others] = children
  if (only === undefined) {
    asm.jump(done)
    return
  }
  if (others.length === 0) {
    emitNode(code, only, 0)
    return
  }
  asm.jumpIfImm('jle', 2, to, done)
  if (side === 'back') {
    emitTextEnd(asm, 3)
    asm.load(1, 3, 3, -(to + 1))
  } else asm.load(1, 3, 1, to)
  const branches = children.map(child => ({child, label: asm.label('branch')}))
  emitBranches(code, branches)
  for (const {child, label} of branches) {
    asm.place(label)
    emitNode(code, child, 1)
  }
}

/** Compares the label; goes to `done` when the text is too short or another one. */
function emitLabel({asm, side, done}: TrieCode, {label, from, to}: TrieNode, known: number): void {
  asm.jumpIfImm('jlt', 2, to, done)
  const length = to - from
  // One read of eight bytes is better than three of seven.
  const skipped =
    known > 0 && chunksOf(length - known).length <= chunksOf(length).length ? known : 0
  const text =
    side === 'front' ? label.slice(skipped) : [...label.slice(skipped)].reverse().join('')
  const first = side === 'front' ? from + skipped : -to
  if (side === 'back') emitTextEnd(asm, 3)
  for (const [at, width] of chunksOf(text.length)) {
    asm.load(width, 4, side === 'front' ? 1 : 3, first + at)
    emitJumpUnlessEqual(asm, 4, wordAt(text, at, width), done)
  }
}

interface Branch {
  readonly child: TrieNode
  readonly label: Label
}

/** Jumps by the byte in r3, or to `done`. */
function emitBranches(code: TrieCode, branches: readonly Branch[]): void {
  const {asm, done} = code
  if (branches.length <= LINEAR_CHILDREN) {
    for (const {child, label} of branches) asm.jumpIfImm('jeq', 3, byteOf(child), label)
    asm.jump(done)
    return
  }
  const middle = branches.length >>> 1
  const upper = asm.label('upper')
  asm.jumpIfImm('jge', 3, byteOf(branches[middle]!.child), upper)
  emitBranches(code, branches.slice(0, middle))
  asm.place(upper)
  emitBranches(code, branches.slice(middle))
}

function byteOf({label}: TrieNode): number {
  return label.charCodeAt(0)
}
