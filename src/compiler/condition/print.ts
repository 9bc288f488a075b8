import {type ByteString, bytesOf, textOf} from '../../schema/bytes.ts'
import type {
  CheckExpr,
  Expr,
  FieldNode,
  ListNode,
  LiteralNode,
  Right,
  TransformerArg,
} from './ast.ts'

/** Settings of {@link printExpr}. */
export interface PrintOptions {
  /**
   * Quote each literal that was quoted, so that parsing the text gives an equal tree. Default false: the canonical text,
   * in which literals stand bare where they can, and which need not parse when one holds a comma or a parenthesis.
   */
  readonly exact?: boolean
}

type Literal = (literal: LiteralNode) => string

/** The canonical text of a condition: single blanks, parentheses around every `and` and `or`, operators as written. */
export function printExpr(expr: Expr, options: PrintOptions = {}): string {
  return printNode(expr, options.exact ? exactLiteral : canonicalLiteral)
}

function printNode(expr: Expr, literal: Literal): string {
  switch (expr.kind) {
    case 'and':
    case 'or':
      return `(${expr.children.map(child => printNode(child, literal)).join(` ${expr.kind} `)})`
    case 'not':
      return `not ${printNode(expr.child, literal)}`
    case 'identifier':
      return expr.name
    case 'check':
      return printCheck(expr, literal)
  }
}

function printCheck({left, op, modifier, right}: CheckExpr, literal: Literal): string {
  const words = [printArgument(left, literal), op]
  if (modifier) words.push(modifier)
  if (right) words.push(printRight(right, literal))
  return words.join(' ')
}

function printRight(right: Right, literal: Literal): string {
  switch (right.kind) {
    case 'field':
      return `val(${printField(right)})`
    case 'list':
      return printList(right, literal)
    default:
      return printArgument(right, literal)
  }
}

function printList(list: ListNode, literal: Literal): string {
  return `(${list.items.map(literal).join(', ')})`
}

function printArgument(arg: TransformerArg, literal: Literal): string {
  switch (arg.kind) {
    case 'field':
      return printField(arg)
    case 'literal':
      return literal(arg)
    case 'args':
      return `(${arg.items.map(item => printArgument(item, literal)).join(', ')})`
    case 'transformer': {
      const args = arg.args.map(inner => printArgument(inner, literal)).join(',')
      return `${arg.name}(${args})${printBrackets(arg.arg)}`
    }
  }
}

function printField(field: FieldNode): string {
  return `${field.name}${printBrackets(field.arg)}`
}

function printBrackets(arg: string | undefined): string {
  if (arg === undefined) return ''
  return /^[^\s[\]"'\\=\u0000-\u001f\u007f]+$/.test(arg) ? `[${arg}]` : `[${quote(bytesOf(arg))}]`
}

const exactLiteral: Literal = literal =>
  literal.quoted ? quote(literal.bytes) : textOf(literal.bytes)

const canonicalLiteral: Literal = ({bytes}) => {
  const text = textOf(bytes)
  const plain = text !== '' && !/[ ="'\\\u0000-\u001f\u007f]/.test(text) && bytesOf(text) === bytes
  return plain ? text : quote(bytes)
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['"', '\\"'],
  ['\\', '\\\\'],
])

/** Puts bytes in double quotes; bytes that are not text come out as `\xHH`. */
function quote(bytes: ByteString): string {
  const text = textOf(bytes)
  // Where decoding loses something, each byte that is not ASCII is written by number.
  const source = bytesOf(text) === bytes ? text : bytes
  const unsafe = source === text ? /["\\\u0000-\u001f\u007f]/g : /["\\\u0000-\u001f\u007f-\u00ff]/g
  // A quoted text cannot end in a backslash, escaped or not, so a last one is written by number.
  const body = source.replace(unsafe, (char, at: number) =>
    char === '\\' && at === source.length - 1 ? '\\x5c' : (ESCAPES.get(char) ?? hexEscape(char)),
  )
  return `"${body}"`
}

function hexEscape(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
}
