import type {Span} from '../../diagnostics/span.ts'
import type {ByteString} from '../../schema/bytes.ts'
import type {MODIFIERS} from './words.ts'

/**
 * The tree of a condition, as written: macros are identifiers until `expand.ts` puts their trees in, nothing is checked
 * against the field table. Spans are offsets into the parsed text; trees that came out of a macro keep the
 * macro's own spans.
 */
export type Expr = AndExpr | OrExpr | NotExpr | IdentifierExpr | CheckExpr

/** `a and b and c`: one flat node, two or more children. */
export interface AndExpr {
  readonly kind: 'and'
  readonly children: readonly Expr[]
  readonly span: Span
}

/** `a or b or c`: one flat node, two or more children. */
export interface OrExpr {
  readonly kind: 'or'
  readonly children: readonly Expr[]
  readonly span: Span
}

/** `not x`. Pairs cancel while parsing. */
export interface NotExpr {
  readonly kind: 'not'
  readonly child: Expr
  readonly span: Span
}

/** A bare identifier: the name of a macro. */
export interface IdentifierExpr {
  readonly kind: 'identifier'
  readonly name: string
  readonly span: Span
}

/** One comparison. `right` is undefined exactly for `exists`. */
export interface CheckExpr {
  readonly kind: 'check'
  readonly left: Operand
  /** The operator as written: `=` and `==` stay apart. Without the modifier. */
  readonly op: string
  readonly modifier?: Modifier
  readonly right?: Right
  readonly span: Span
}

/** `startswith anyof (a, b)`. */
export type Modifier = (typeof MODIFIERS)[number]

/** What stands left of an operator. */
export type Operand = FieldNode | TransformerNode

/** What stands right of an operator. `val(f)` is a plain field node here. */
export type Right = LiteralNode | ListNode | FieldNode | TransformerNode

/** `proc.aname[2]`: name and argument apart; the argument is undefined when there are no brackets. */
export interface FieldNode {
  readonly kind: 'field'
  readonly name: string
  readonly arg?: string
  readonly span: Span
}

/** `join(",", (a, b))`, `getopt(proc.args, "ab:")[b]`. */
export interface TransformerNode {
  readonly kind: 'transformer'
  readonly name: string
  readonly args: readonly TransformerArg[]
  /** The text in brackets after the closing parenthesis. */
  readonly arg?: string
  readonly span: Span
}

/** An argument of a transformer. Items of a list may be fields and transformers here, unlike in {@link Right}. */
export type TransformerArg = FieldNode | TransformerNode | LiteralNode | ArgListNode

/** A literal list inside a transformer. */
export interface ArgListNode {
  readonly kind: 'args'
  readonly items: readonly (FieldNode | TransformerNode | LiteralNode)[]
  readonly span: Span
}

/** A literal: its bytes after unescaping, and how it was written. */
export interface LiteralNode {
  readonly kind: 'literal'
  readonly bytes: ByteString
  readonly quoted: boolean
  readonly span: Span
}

/** `(a, "b c")`, or the one bare identifier that list operators also take. */
export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly LiteralNode[]
  readonly span: Span
}
