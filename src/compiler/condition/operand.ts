/*
 * Fields and transformers.
 *
 *   operand     = field | transformer ;
 *   transformer = tname "(" ws targ { ws "," targ } ws ")" [ arg ] ;      no blank before "("
 *   targ        = ws ( number | quoted | "(" ws [ titem { ws "," ws titem } ws ] ")" | transformer | field ) ;
 *   titem       = field | transformer | quoted | number ;
 *   field       = identifier "." identifier { "." identifier } [ arg ] ;
 *   arg         = "[" ( quoted | argtext ) "]" ;
 */

import {bytesOf, textOf} from '../../schema/bytes.ts'
import type {
  ArgListNode,
  FieldNode,
  LiteralNode,
  Operand,
  TransformerArg,
  TransformerNode,
} from './ast.ts'
import {type Cursor, nested, skipBlanks, stop, take, takeMatch, takeQuoted} from './cursor.ts'
import {TRANSFORMER_NAMES} from './words.ts'

/** A macro's name. */
export const IDENTIFIER = /[a-zA-Z][a-zA-Z0-9_]*/y

const FIELD_NAME = /[a-zA-Z][a-zA-Z0-9_]*(?:\.[a-zA-Z][a-zA-Z0-9_]*)+/y
const TRANSFORMER_NAME = new RegExp(`(?:${TRANSFORMER_NAMES.join('|')})(?=\\()`, 'y')
const ARGUMENT_TEXT = /[^[\]"' \t\n\v\f\r]+/y
const NUMBER = /0[xX][0-9a-fA-F]+|[+-]?[0-9]+\.?[0-9]*(?:[eE][+-][0-9]+)?/y

/** Takes a number as written; hexadecimal is tried first. */
export function takeNumber(cursor: Cursor): LiteralNode | undefined {
  const start = cursor.at
  const bytes = takeMatch(cursor, NUMBER)
  if (bytes === undefined) return undefined
  return {kind: 'literal', bytes, quoted: false, span: {start, end: cursor.at}}
}

function takeQuotedLiteral(cursor: Cursor): LiteralNode | undefined {
  const start = cursor.at
  const bytes = takeQuoted(cursor)
  if (bytes === undefined) return undefined
  return {kind: 'literal', bytes, quoted: true, span: {start, end: cursor.at}}
}

const BARE = /[^()"'=, \t\n\v\f\r]+/y

/** Takes a quoted text or a bare word. */
export function takeString(cursor: Cursor): LiteralNode | undefined {
  const quoted = takeQuotedLiteral(cursor)
  if (quoted) return quoted
  const start = cursor.at
  const text = takeMatch(cursor, BARE)
  if (text === undefined) return undefined
  return {kind: 'literal', bytes: bytesOf(text), quoted: false, span: {start, end: cursor.at}}
}

/** Takes a field with its argument. */
export function takeField(cursor: Cursor): FieldNode | undefined {
  const start = cursor.at
  const name = takeMatch(cursor, FIELD_NAME)
  if (name === undefined) return undefined
  const arg = takeArgument(cursor)
  const span = {start, end: cursor.at}
  return arg === undefined ? {kind: 'field', name, span} : {kind: 'field', name, arg, span}
}

/** Takes `[argument]`; once the bracket is open it has to be one. */
export function takeArgument(cursor: Cursor): string | undefined {
  if (!take(cursor, '[')) return undefined
  const quoted = takeQuoted(cursor)
  const arg = quoted === undefined ? takeMatch(cursor, ARGUMENT_TEXT) : textOf(quoted)
  if (arg === undefined) return stop(cursor, "expected an argument after '['")
  if (!take(cursor, ']')) stop(cursor, "expected ']'")
  return arg
}

/** Takes a transformer with all its arguments. */
export function takeTransformer(cursor: Cursor): TransformerNode | undefined {
  const start = cursor.at
  const name = takeMatch(cursor, TRANSFORMER_NAME)
  if (name === undefined) return undefined
  return nested(cursor, () => {
    cursor.at++
    const args = [parseArgument(cursor, name)]
    skipBlanks(cursor)
    while (take(cursor, ',')) {
      args.push(parseArgument(cursor, name))
      skipBlanks(cursor)
    }
    if (!take(cursor, ')')) stop(cursor, `expected ')' at the end of '${name}('`)
    const arg = takeArgument(cursor)
    const span = {start, end: cursor.at}
    const node: TransformerNode =
      arg === undefined
        ? {kind: 'transformer', name, args, span}
        : {kind: 'transformer', name, args, arg, span}
    return node
  })
}

/** Takes what may stand left of an operator. */
export function takeOperand(cursor: Cursor): Operand | undefined {
  return takeField(cursor) ?? takeTransformer(cursor)
}

function parseArgument(cursor: Cursor, transformer: string): TransformerArg {
  skipBlanks(cursor)
  const arg = takeItem(cursor) ?? takeArgumentList(cursor)
  return arg ?? stop(cursor, `expected an argument of '${transformer}'`)
}

function takeItem(cursor: Cursor): FieldNode | TransformerNode | LiteralNode | undefined {
  return takeNumber(cursor) ?? takeQuotedLiteral(cursor) ?? takeOperand(cursor)
}

function takeArgumentList(cursor: Cursor): ArgListNode | undefined {
  const start = cursor.at
  if (!take(cursor, '(')) return undefined
  skipBlanks(cursor)
  const items: (FieldNode | TransformerNode | LiteralNode)[] = []
  const first = takeItem(cursor)
  if (first) {
    items.push(first)
    skipBlanks(cursor)
    while (take(cursor, ',')) {
      skipBlanks(cursor)
      items.push(
        takeItem(cursor) ??
          stop(cursor, 'expected a field, a transformer, a quoted text or number'),
      )
      skipBlanks(cursor)
    }
  }
  if (!take(cursor, ')')) stop(cursor, "expected ')' at the end of the list")
  return {kind: 'args', items, span: {start, end: cursor.at}}
}
