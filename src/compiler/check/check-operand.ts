import type {Span} from '../../diagnostics/span.ts'
import type {CheckedItems, CheckedLiteral, CheckedOperand} from '../checked.ts'
import type {
  ArgListNode,
  FieldNode,
  LiteralNode,
  TransformerArg,
  TransformerNode,
} from '../condition/ast.ts'
import {type FieldFinder, resolveField} from '../field-lookup.ts'
import {quoteText} from '../quote-text.ts'
import type {Problem} from '../rules/checker.ts'
import {findTransformer} from '../transformers/transformers.ts'
import {valueClass} from '../value-class.ts'

/** Stops a check at its first problem; never leaves this folder's entry points. */
export class ProblemSignal extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

/** Ends the check. */
export function fail(message: string, span: Span, hint?: string): never {
  throw new ProblemSignal({kind: 'other', message, span, ...(hint === undefined ? {} : {hint})})
}

/**
 * Checks a field or transformer on either side of an operator.
 *
 * @throws {ProblemSignal} with the first problem
 */
export function checkOperand(node: FieldNode | TransformerNode, find: FieldFinder): CheckedOperand {
  return node.kind === 'field' ? checkField(node, find) : checkCall(node, find)
}

function checkField(node: FieldNode, find: FieldFinder): CheckedOperand {
  const lookup = resolveField(node.name, node.arg, find)
  if (!lookup.ok)
    throw new ProblemSignal({kind: 'unknown_field', ...lookup.problem, span: node.span})
  const {field} = lookup
  return {kind: 'field', field, type: field.type, list: field.list, text: field.text}
}

function checkCall(node: TransformerNode, find: FieldFinder): CheckedOperand {
  const transformer = findTransformer(node.name)
  if (transformer === undefined) fail(`unknown transformer '${node.name}'`, node.span)
  if (node.arg !== undefined && transformer.takesOption !== true)
    fail(`transformer '${node.name}' takes nothing in brackets`, node.span)
  const args = node.args.map((arg, i) => checkArgument(arg, find, node.name === 'join' && i === 1))
  const forbidding = args.find(arg => arg.kind === 'field' && arg.field.def.noTransformer === true)
  if (forbidding !== undefined) fail(`field '${forbidding.text}' cannot be transformed`, node.span)
  const result = transformer.check(args, node.arg)
  if (!result.ok) fail(`transformer '${node.name}' ${result.message}`, node.span)
  const option = node.arg === undefined ? '' : `[${quoteText(node.arg)}]`
  return {
    kind: 'call',
    name: transformer.name,
    args,
    ...(node.arg === undefined ? {} : {option: node.arg}),
    type: result.type,
    list: result.list,
    text: `${node.name}(${args.map(arg => arg.text).join(',')})${option}`,
  }
}

function checkArgument(
  node: TransformerArg,
  find: FieldFinder,
  printNumbers: boolean,
): CheckedOperand {
  if (node.kind === 'args') return checkItems(node, find, printNumbers)
  return node.kind === 'literal' ? checkText(node) : checkOperand(node, find)
}

function checkText(node: LiteralNode): CheckedLiteral {
  if (node.bytes.includes('\0')) fail('a literal inside a transformer holds a NUL byte', node.span)
  return {
    kind: 'literal',
    value: node.bytes,
    type: 'string',
    list: false,
    text: quoteText(node.bytes),
  }
}

function checkItems(node: ArgListNode, find: FieldFinder, printNumbers: boolean): CheckedItems {
  const items = node.items.map(item => {
    const operand = item.kind === 'literal' ? checkText(item) : checkOperand(item, find)
    if (operand.kind === 'field' && operand.field.def.noTransformer === true)
      fail(`field '${operand.text}' cannot be transformed`, item.span)
    const printed = printNumbers && ['int64', 'uint64', 'pid'].includes(operand.type)
    if (operand.list || (valueClass(operand.type) !== 'text' && !printed))
      fail(`'${operand.text}' is not a text`, item.span)
    return operand
  })
  return {
    kind: 'items',
    items,
    type: 'string',
    list: true,
    text: `(${items.map(item => item.text).join(',')})`,
  }
}
