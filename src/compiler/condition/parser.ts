/*
 * Conditions: text → tree.
 *
 *   filter     = or ;                                    the whole input; "" is an error
 *   or         = ws and ws { "or"  ( blank and | "(" group ) ws } ;
 *   and        = ws not ws { "and" ( blank not | "(" group ) ws } ;
 *   not        = ws { "not" blank } ( "not(" group | check ) ;
 *   group      = ws or ws ")" ;                          after the opening parenthesis
 *   check      = ws ( "(" group | operand condition | identifier ) ;
 *   condition  = ws "exists" | ws numop ( rhs | number ) | ws strop ( modifier list_or_name | rhs | string )
 *              | ws listop ( list | rhs | identifier ) ;
 *
 * Operands are in operand.ts, right sides in right-side.ts. What looks like a slip is observable in
 * existing rules and kept: `or(` … `)` without a blank takes the group alone and not a whole `and` chain, `exists`, `in`
 * and the symbols need no blank behind them, and words are never looked up as whole words.
 */

import type {Span} from '../../diagnostics/span.ts'
import type {CheckExpr, Expr, IdentifierExpr, Operand} from './ast.ts'
import {
  type Cursor,
  createCursor,
  nested,
  ParseStop,
  skipBlanks,
  stop,
  take,
  takeMatch,
} from './cursor.ts'
import {IDENTIFIER, takeOperand} from './operand.ts'
import {conditionPositionAt} from './position.ts'
import {parseListRight, parseNumberRight, parseStringRight, takeModifier} from './right-side.ts'
import {stopNoTransformer, stopUnexpected} from './unexpected.ts'
import {LIST_WORDS, TEXT_SYMBOLS, TEXT_WORDS} from './words.ts'

/** Nesting limit of conditions in rule files. */
export const RULE_MAX_DEPTH = 1000

/** Nesting limit of stand-alone filters. */
const FILTER_MAX_DEPTH = 100

/** Settings of {@link parseCondition}. */
export interface ParseOptions {
  /**
   * Levels of the grammar at which nesting is refused. A parenthesis takes five, a comparison five to seven: 100 allows
   * 18 parentheses around one. Default 100; at most {@link RULE_MAX_DEPTH}, so that the stack is safe.
   */
  readonly maxDepth?: number
}

/** A tree, or the first place where the text is wrong. */
export type ParseResult =
  | {
      readonly ok: true
      readonly expr: Expr
      /** The cursor after parsing: the length of the text. */
      readonly end: number
    }
  | {
      readonly ok: false
      readonly message: string
      /** Where the parser gave up. */
      readonly span: Span
      /** From 1; LF and CR each start a line. */
      readonly line: number
      readonly column: number
    }

/** Parses a condition. Never throws: hostile text gives a failure, however deep or long. Linear in the text. */
export function parseCondition(text: string, options: ParseOptions = {}): ParseResult {
  const maxDepth = Math.min(options.maxDepth ?? FILTER_MAX_DEPTH, RULE_MAX_DEPTH)
  const cursor = createCursor(text, maxDepth)
  try {
    if (text === '') stop(cursor, 'the condition is empty')
    const expr = parseOr(cursor)
    if (cursor.at < text.length) {
      stopUnexpected(cursor, "'and', 'or' or the end", CONJUNCTIONS)
    }
    return {ok: true, expr, end: cursor.at}
  } catch (error) {
    if (!(error instanceof ParseStop)) throw error
    const {line, column} = conditionPositionAt(text, error.at)
    const span = {start: error.at, end: Math.min(error.at + error.length, text.length)}
    return {ok: false, message: error.message, span, line, column}
  }
}

/**
 * Parses one field or transformer that starts at `at`, as outputs hold them; undefined when none does. `end` is the
 * offset behind it. Never throws.
 */
export function parseOperandAt(
  text: string,
  at: number,
): {readonly operand: Operand; readonly end: number} | undefined {
  const cursor = createCursor(text, FILTER_MAX_DEPTH, at)
  try {
    const operand = takeOperand(cursor)
    return operand && {operand, end: cursor.at}
  } catch (error) {
    if (!(error instanceof ParseStop)) throw error
    return undefined
  }
}

function parseOr(cursor: Cursor): Expr {
  return nested(cursor, () => parseChain(cursor, 'or', parseAnd))
}

function parseAnd(cursor: Cursor): Expr {
  return nested(cursor, () => parseChain(cursor, 'and', parseNot))
}

function parseChain(cursor: Cursor, word: 'and' | 'or', parse: (cursor: Cursor) => Expr): Expr {
  skipBlanks(cursor)
  const first = parse(cursor)
  const children = [first]
  let end = cursor.at
  skipBlanks(cursor)
  while (take(cursor, word)) {
    if (skipBlanks(cursor)) children.push(parse(cursor))
    else if (take(cursor, '(')) children.push(parseGroup(cursor))
    else stop(cursor, `expected a blank or '(' after '${word}'`)
    end = cursor.at
    skipBlanks(cursor)
  }
  if (children.length === 1) return first
  return {kind: word, children, span: {start: first.span.start, end}}
}

const NOT_BLANK = /not[ \t\b\r\n]+/y

function parseNot(cursor: Cursor): Expr {
  return nested(cursor, () => {
    skipBlanks(cursor)
    const start = cursor.at
    let negated = false
    while (takeMatch(cursor, NOT_BLANK) !== undefined) negated = !negated
    let child: Expr
    if (take(cursor, 'not(')) {
      negated = !negated
      child = parseGroup(cursor)
    } else {
      child = parseCheck(cursor)
    }
    return negated ? {kind: 'not', child, span: {start, end: cursor.at}} : child
  })
}

function parseGroup(cursor: Cursor): Expr {
  return nested(cursor, () => {
    skipBlanks(cursor)
    const inner = parseOr(cursor)
    skipBlanks(cursor)
    if (!take(cursor, ')')) stopUnexpected(cursor, "')'", CONJUNCTIONS)
    return inner
  })
}

function parseCheck(cursor: Cursor): Expr {
  return nested(cursor, () => {
    skipBlanks(cursor)
    if (take(cursor, '(')) return parseGroup(cursor)
    const start = cursor.at
    const left = takeOperand(cursor)
    if (left) return nested(cursor, () => parseComparison(cursor, left))
    const name = takeMatch(cursor, IDENTIFIER)
    if (name === undefined) {
      return stopUnexpected(cursor, "'(', a field or a macro's name", [])
    }
    if (cursor.text[cursor.at] === '(') stopNoTransformer(cursor, name)
    const identifier: IdentifierExpr = {kind: 'identifier', name, span: {start, end: cursor.at}}
    return identifier
  })
}

const NUMBER_OPERATOR = /<=|<|>=|>/y
const TEXT_SYMBOL = new RegExp(TEXT_SYMBOLS.join('|'), 'y')
const TEXT_WORD = new RegExp(`(?:${TEXT_WORDS.join('|')})(?=[ \\t\\b\\r\\n])`, 'y')
const LIST_WORD = new RegExp(LIST_WORDS.join('|'), 'y')
const OPERATOR_WORDS = ['exists', ...TEXT_WORDS, ...LIST_WORDS]
const CONJUNCTIONS = ['and', 'or']

function parseComparison(cursor: Cursor, left: Operand): CheckExpr {
  const start = left.span.start
  skipBlanks(cursor)
  if (take(cursor, 'exists')) {
    return {kind: 'check', left, op: 'exists', span: {start, end: cursor.at}}
  }
  let op = takeMatch(cursor, NUMBER_OPERATOR)
  if (op !== undefined) {
    const right = parseNumberRight(cursor)
    return {kind: 'check', left, op, right, span: {start, end: cursor.at}}
  }
  op = takeMatch(cursor, TEXT_SYMBOL) ?? takeMatch(cursor, TEXT_WORD)
  if (op !== undefined) {
    const modifier = takeModifier(cursor)
    const right = parseStringRight(cursor, modifier !== undefined)
    const span = {start, end: cursor.at}
    return modifier
      ? {kind: 'check', left, op, modifier, right, span}
      : {kind: 'check', left, op, right, span}
  }
  op = takeMatch(cursor, LIST_WORD)
  if (op === undefined) return stopUnexpected(cursor, 'an operator', OPERATOR_WORDS)
  const right = parseListRight(cursor)
  return {kind: 'check', left, op, right, span: {start, end: cursor.at}}
}
