/*
 * What stands right of an operator.
 *
 *   rhs          = ws ( "val(" ws field ws ")" [ arg ] | transformer ) ;
 *   list         = ws "(" ws [ string ws { "," ws string ws } ] ")" ;
 *   list_or_name = list | identifier ;
 *   modifier     = ( "oneof" | "anyof" | "allof" ) blank ;
 */

import {bytesOf} from '../../schema/bytes.ts'
import type {FieldNode, ListNode, LiteralNode, Modifier, Right, TransformerNode} from './ast.ts'
import {type Cursor, nested, skipBlanks, stop, take, takeMatch} from './cursor.ts'
import {
  IDENTIFIER,
  takeArgument,
  takeField,
  takeNumber,
  takeString,
  takeTransformer,
} from './operand.ts'
import {MODIFIERS} from './words.ts'

/** The right side of an order operator: a number, a field or a transformer. */
export function parseNumberRight(cursor: Cursor): Right {
  return nested(cursor, () => {
    skipBlanks(cursor)
    const right = takeValueOf(cursor) ?? takeNumber(cursor)
    return right ?? stop(cursor, 'expected a number, val(field) or a transformer')
  })
}

/** The right side of a string operator; after a modifier it is a list. */
export function parseStringRight(cursor: Cursor, modified: boolean): Right {
  return nested(cursor, () => {
    skipBlanks(cursor)
    if (modified) return takeList(cursor) ?? takeName(cursor) ?? stop(cursor, 'expected a list')
    const right = takeValueOf(cursor) ?? takeString(cursor)
    return right ?? stop(cursor, 'expected a text, val(field) or a transformer')
  })
}

/** The right side of a list operator. */
export function parseListRight(cursor: Cursor): Right {
  return nested(cursor, () => {
    skipBlanks(cursor)
    const right = takeList(cursor) ?? takeValueOf(cursor) ?? takeName(cursor)
    return right ?? stop(cursor, "expected '(', a name, val(field) or a transformer")
  })
}

const MODIFIER = new RegExp(`(?:${MODIFIERS.join('|')})(?=[ \\t\\b\\r\\n])`, 'y')

/**
 * Takes a modifier. The word is ordinary text, and left alone, when neither a parenthesis nor a name follows it, or when
 * the name is `and`, `or` or `not`.
 */
export function takeModifier(cursor: Cursor): Modifier | undefined {
  const start = cursor.at
  skipBlanks(cursor)
  const word = takeMatch(cursor, MODIFIER) as Modifier | undefined
  if (word !== undefined) {
    const end = cursor.at
    skipBlanks(cursor)
    const name = takeMatch(cursor, IDENTIFIER)
    const follows =
      name === undefined ? cursor.text[cursor.at] === '(' : !['and', 'or', 'not'].includes(name)
    if (follows) {
      cursor.at = end
      return word
    }
  }
  cursor.at = start
  return undefined
}

function takeValueOf(cursor: Cursor): FieldNode | TransformerNode | undefined {
  return nested(cursor, () => takeVal(cursor) ?? takeTransformer(cursor))
}

/** `val(field)` is the field itself. With an argument it is kept as a transformer, which the checker refuses. */
function takeVal(cursor: Cursor): FieldNode | TransformerNode | undefined {
  const start = cursor.at
  if (!take(cursor, 'val(')) return undefined
  skipBlanks(cursor)
  const field = takeField(cursor) ?? stop(cursor, "expected a field after 'val('")
  skipBlanks(cursor)
  if (!take(cursor, ')')) stop(cursor, "expected ')' at the end of 'val('")
  const arg = takeArgument(cursor)
  const span = {start, end: cursor.at}
  if (arg !== undefined) return {kind: 'transformer', name: 'val', args: [field], arg, span}
  return {...field, span}
}

function takeList(cursor: Cursor): ListNode | undefined {
  const start = cursor.at
  if (!take(cursor, '(')) return undefined
  skipBlanks(cursor)
  const items: LiteralNode[] = []
  const first = takeString(cursor)
  if (first) {
    items.push(first)
    skipBlanks(cursor)
    while (take(cursor, ',')) {
      skipBlanks(cursor)
      items.push(takeString(cursor) ?? stop(cursor, 'expected a text in the list'))
      skipBlanks(cursor)
    }
  }
  if (!take(cursor, ')')) stop(cursor, "expected ',' or ')' in the list")
  return {kind: 'list', items, span: {start, end: cursor.at}}
}

function takeName(cursor: Cursor): ListNode | undefined {
  const start = cursor.at
  const name = takeMatch(cursor, IDENTIFIER)
  if (name === undefined) return undefined
  const span = {start, end: cursor.at}
  const item: LiteralNode = {kind: 'literal', bytes: bytesOf(name), quoted: false, span}
  return {kind: 'list', items: [item], span}
}
