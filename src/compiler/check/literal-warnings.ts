import {type ByteString, textOf} from '../../schema/bytes.ts'
import type {CheckExpr, LiteralNode} from '../condition/ast.ts'
import {TRANSFORMER_NAMES} from '../condition/words.ts'
import {type FieldFinder, isKnownField} from '../field-lookup.ts'
import type {CheckWarning} from '../rules/checker.ts'

const CALL = new RegExp(`^(?:val|${TRANSFORMER_NAMES.join('|')})\\(.*\\)$`, 's')

/** Places where a literal was probably meant as something else; at most one warning for each literal. */
export function literalWarnings(check: CheckExpr, find: FieldFinder): readonly CheckWarning[] {
  const {right} = check
  if (right?.kind !== 'literal' && right?.kind !== 'list') return []
  const literals = right.kind === 'list' ? right.items : [right]
  return literals.flatMap(literal => {
    const message = doubt(check.op, literal, find)
    return message === undefined ? [] : [{message, span: literal.span}]
  })
}

function doubt(op: string, {bytes}: LiteralNode, find: FieldFinder): string | undefined {
  const dense = bytes.replace(/[ \t\n\v\f\r\b]+/g, '')
  if (isKnownField(dense, find))
    return `'${textOf(bytes)}' is the name of a field but is compared as text; for its value write val(${dense})`
  if (CALL.test(dense)) return `'${textOf(bytes)}' looks like a transformer but is compared as text`
  if (op === 'regex' && isPlainRegex(bytes))
    return `the regular expression '${textOf(bytes)}' can be written with a simpler operator (=, contains, startswith, endswith)`
  return undefined
}

/** Nothing special but an anchor and a run of any characters at each end. */
function isPlainRegex(pattern: ByteString): boolean {
  const inner = pattern.replace(/^\^?(?:\.[*+?])?/, '').replace(/(?:\.[*+?])?\$?$/, '')
  return !/[\\^$.|?*+()[\]{}]/.test(inner)
}
