import {type ByteString, bytesOf} from '../../schema/bytes.ts'
import {findField} from '../../schema/field-table.ts'
import {checkOperand, fail, ProblemSignal} from '../check/check-operand.ts'
import type {CheckedOperand} from '../checked.ts'
import type {Operand} from '../condition/ast.ts'
import {parseOperandAt} from '../condition/parser.ts'
import type {FieldFinder} from '../field-lookup.ts'
import type {FieldRef} from '../field-ref.ts'
import type {Problem, TemplateVerdict} from '../rules/checker.ts'

/** One place of a template that is filled in. */
export interface Placeholder {
  readonly operand: CheckedOperand
  /** Bytes that the value is cut or padded to; 0 for as many as it has. */
  readonly width: number
}

/** An output text understood: literal bytes and placeholders in turn. */
export interface OutputTemplate {
  readonly parts: readonly (ByteString | Placeholder)[]
  /** The distinct fields in order of first appearance, those inside transformers included. */
  readonly fields: readonly FieldRef[]
}

/** Wider placeholders are refused. */
const MAX_WIDTH = 10000

/** No name of a field with a dotted argument is longer; bounds the search for the longest one. */
const MAX_NAME = 128

const NAME_START = /[a-zA-Z][a-zA-Z0-9_.]*/y

/**
 * Compiles an output text: `%proc.name opened %-free text %toupper(fd.name)`. A leading `*` means nothing here.
 *
 * @param find - where names are looked up; the catalogue of the product by default
 */
export function compileTemplate(
  text: string,
  find: FieldFinder = findField,
): TemplateVerdict<OutputTemplate> {
  try {
    return {ok: true, template: parseTemplate(text, find)}
  } catch (error) {
    if (error instanceof ProblemSignal) return {ok: false, problem: error.problem}
    throw error
  }
}

function parseTemplate(text: string, find: FieldFinder): OutputTemplate {
  if (text === '') fail('the output is empty', {start: 0, end: 0})
  const parts: (ByteString | Placeholder)[] = []
  let at = text.startsWith('*') ? 1 : 0
  for (let mark = text.indexOf('%', at); mark >= 0; mark = text.indexOf('%', at)) {
    if (mark > at) parts.push(bytesOf(text.slice(at, mark)))
    const {placeholder, end} = takePlaceholder(text, mark, find)
    parts.push(placeholder)
    at = end
  }
  if (at < text.length) parts.push(bytesOf(text.slice(at)))
  const fields = new Map<string, FieldRef>()
  for (const part of parts) if (typeof part !== 'string') collectFields(part.operand, fields)
  return {parts, fields: [...fields.values()]}
}

function collectFields(operand: CheckedOperand, fields: Map<string, FieldRef>): void {
  if (operand.kind === 'field' && !fields.has(operand.text)) fields.set(operand.text, operand.field)
  if (operand.kind === 'call') for (const arg of operand.args) collectFields(arg, fields)
  if (operand.kind === 'items') for (const item of operand.items) collectFields(item, fields)
}

function takePlaceholder(
  text: string,
  mark: number,
  find: FieldFinder,
): {placeholder: Placeholder; end: number} {
  const digits = /[0-9]*/y
  digits.lastIndex = mark + 1
  const width = digits.exec(text)![0]
  const at = mark + 1 + width.length
  if (Number(width) > MAX_WIDTH)
    fail(`the width ${width} is larger than ${MAX_WIDTH}`, {start: mark, end: at})
  const {operand, end} = takeOperand(text, at, find)
  return {placeholder: {operand, width: Number(width)}, end}
}

/** The longest text from here that is a field or transformer and also compiles as one. */
function takeOperand(
  text: string,
  at: number,
  find: FieldFinder,
): {operand: CheckedOperand; end: number} {
  let firstProblem: Problem | undefined
  for (const {operand, end} of candidates(text, at)) {
    try {
      return {operand: checkOperand(operand, find), end}
    } catch (error) {
      if (!(error instanceof ProblemSignal)) throw error
      firstProblem ??= error.problem
    }
  }
  const word = /^%?[^\s%]{0,60}/.exec(text.slice(at - 1, at + 60))?.[0] ?? ''
  throw new ProblemSignal({
    kind: 'unknown_field',
    message: firstProblem?.message ?? `'${word}' is no field or transformer`,
    ...(firstProblem?.hint === undefined ? {} : {hint: firstProblem.hint}),
    span: {start: at - 1, end: at + word.length - 1},
  })
}

function* candidates(text: string, at: number): Generator<{operand: Operand; end: number}> {
  const whole = parseOperandAt(text, at)
  if (whole !== undefined) yield whole
  if (whole?.operand.kind === 'transformer') {
    const {arg, ...plain} = whole.operand
    // Behind the closing parenthesis the brackets may be ordinary text.
    if (arg !== undefined) yield {operand: plain, end: text.lastIndexOf('[', whole.end)}
    return
  }
  NAME_START.lastIndex = at
  const name = NAME_START.exec(text)?.[0].slice(0, MAX_NAME) ?? ''
  for (let length = name.length; length > 2; length--) {
    const prefix = name.slice(0, length)
    if (!/^[a-zA-Z][a-zA-Z0-9_]*(?:\.[a-zA-Z][a-zA-Z0-9_]*)+$/.test(prefix)) continue
    const span = {start: at, end: at + length}
    yield {operand: {kind: 'field', name: prefix, span}, end: span.end}
  }
}
