import {didYouMean} from '../../diagnostics/did-you-mean.ts'
import type {ByteString} from '../../schema/bytes.ts'
import {textOf} from '../../schema/bytes.ts'
import {EVENTS, SYSCALL_NAMES} from '../../schema/event-table.ts'
import {findField} from '../../schema/field-table.ts'
import type {Scalar} from '../../schema/value.ts'
import type {CheckedOperand, CheckedTest, OperatorName} from '../checked.ts'
import type {CheckExpr, LiteralNode} from '../condition/ast.ts'
import {ASYNC_EVENT_NAMES} from '../event-types.ts'
import type {FieldFinder} from '../field-lookup.ts'
import type {Operator} from '../operators/operator.ts'
import {findOperator} from '../operators/operators.ts'
import type {ProbeWords} from '../probes/probe-words.ts'
import {quoteText} from '../quote-text.ts'
import {valueClass} from '../value-class.ts'
import {checkOperand, fail, ProblemSignal} from './check-operand.ts'
import {type LiteralResult, parseLiteral} from './literals.ts'

/** Names that `evt.type` may be compared with. */
const EVENT_NAMES: ReadonlySet<string> = new Set([
  ...EVENTS.map(event => event.name),
  ...SYSCALL_NAMES,
  ...ASYNC_EVENT_NAMES,
])

/**
 * Checks one comparison: operator against type, literals against type, and the rules for fields on the right.
 *
 * @throws {ProblemSignal} with the first problem
 */
export function checkTest(node: CheckExpr, {find, codes}: ProbeWords): CheckedTest {
  const left = checkOperand(node.left, find)
  if (left.kind === 'field' && left.field.def.printOnly === true)
    fail(`field '${left.text}' is for outputs only`, node.left.span)
  if (node.op === 'exists') return test(node, left, 'exists', [])
  const operator = findOperator(node.op)
  if (operator === undefined) fail(`unknown operator '${node.op}'`, node.span)
  if (left.kind === 'field' && left.field.def.name === 'evt.around') return checkAround(node, left)
  checkFits(node, left, operator)
  const {right} = node
  if (right === undefined) fail(`operator '${node.op}' needs a right side`, node.span)
  if (right.kind === 'field' || right.kind === 'transformer')
    return test(node, left, operator.name, [], checkRight(node, left, operator, find))
  const literals = right.kind === 'list' ? right.items : [right]
  if (right.kind === 'list' && operator.kind === 'scalar' && node.modifier === undefined)
    fail(`operator '${node.op}' takes no list`, right.span)
  const constants = literals.map(literal => checkLiteral(literal, left, operator, codes))
  return test(node, left, operator.name, constants)
}

function test(
  node: CheckExpr,
  left: CheckedOperand,
  op: OperatorName,
  constants: readonly Scalar[],
  right?: CheckedOperand,
): CheckedTest {
  const modifier = node.modifier === undefined ? '' : ` ${node.modifier}`
  const side = right?.text ?? (op === 'exists' ? '' : `(${constants.map(constantText).join(',')})`)
  return {
    kind: 'test',
    left,
    op,
    ...(node.modifier === undefined ? {} : {modifier: node.modifier}),
    constants,
    ...(right === undefined ? {} : {right}),
    text: `${left.text} ${op}${modifier} ${side}`,
    span: node.span,
  }
}

function constantText(value: Scalar): string {
  return typeof value === 'string' ? quoteText(value) : String(value)
}

/** Names of peers' resolved addresses can only be compared as a whole. */
const DOMAIN_FIELDS: ReadonlySet<string> = new Set([
  'fd.cip.name',
  'fd.sip.name',
  'fd.lip.name',
  'fd.rip.name',
])

function checkFits(node: CheckExpr, left: CheckedOperand, operator: Operator): void {
  const kind = left.list ? 'list of ' : ''
  const fits = left.list
    ? operator.kind === 'list' && operator.lists && LISTED.has(left.type)
    : operator.classes.includes(valueClass(left.type))
  const domain = left.kind === 'field' && DOMAIN_FIELDS.has(left.field.def.name)
  if (!fits || (domain && !['=', '!=', 'in'].includes(operator.name)))
    fail(`operator '${node.op}' does not fit '${left.text}' of type ${kind}${left.type}`, node.span)
}

/** Types whose lists can be compared. */
const LISTED: ReadonlySet<string> = new Set([
  'string',
  'charbuf',
  'uint64',
  'reltime',
  'abstime',
  'bool',
  'ipaddr',
  'ipv4addr',
  'ipv6addr',
  'ipnet',
  'ipv4net',
  'ipv6net',
])

function checkRight(
  node: CheckExpr,
  left: CheckedOperand,
  operator: Operator,
  find: FieldFinder,
): CheckedOperand {
  const side = node.right as Parameters<typeof checkOperand>[0]
  const right = checkOperand(side, find)
  if (!operator.fieldRight) fail(`operator '${node.op}' takes no field on its right`, side.span)
  if (valueClass(left.type) === 'net')
    fail(`'${left.text}' of type ${left.type} cannot be compared with a field`, side.span)
  for (const operand of [left, right]) {
    const excluded = fieldsOf(operand).find(({field}) => field.def.noRhs === true)
    if (excluded !== undefined)
      fail(`field '${excluded.text}' cannot be compared with a field`, side.span)
  }
  if (left.type !== right.type || left.list !== right.list)
    fail(
      `'${left.text}' (${shape(left)}) and '${right.text}' (${shape(right)}) differ in type`,
      side.span,
    )
  return right
}

function shape(operand: CheckedOperand): string {
  return operand.list ? `list of ${operand.type}` : operand.type
}

function fieldsOf(operand: CheckedOperand): readonly Extract<CheckedOperand, {kind: 'field'}>[] {
  switch (operand.kind) {
    case 'field':
      return [operand]
    case 'call':
      return operand.args.flatMap(fieldsOf)
    case 'items':
      return operand.items.flatMap(fieldsOf)
    case 'literal':
      return []
  }
}

function checkLiteral(
  literal: LiteralNode,
  left: CheckedOperand,
  operator: Operator,
  probes: ProbeWords['codes'],
): Scalar {
  if (left.kind === 'field' && left.field.def.name === 'evt.type') checkEventName(literal, probes)
  const parse = (operator.kind === 'scalar' ? operator.parse : undefined) ?? parseLiteral
  const result: LiteralResult = parse(left.type, literal.bytes)
  if (!result.ok)
    fail(`the literal ${shown(literal.bytes)} for '${left.text}' ${result.message}`, literal.span)
  return result.value
}

function shown(bytes: ByteString): string {
  const text = textOf(bytes)
  return `'${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`
}

function checkEventName({bytes, span}: LiteralNode, probes: ProbeWords['codes']): void {
  if (EVENT_NAMES.has(bytes) || probes.has(bytes)) return
  const near = didYouMean(bytes, [...probes.keys(), ...EVENT_NAMES])
  throw new ProblemSignal({
    kind: 'unknown_event_type',
    message: `unknown event type ${shown(bytes)}`,
    span,
    ...(near === undefined ? {} : {hint: `did you mean '${near}'?`}),
  })
}

/** `evt.around[T] = ms` becomes a test of the event's time, so that no source has to know the field. */
function checkAround(node: CheckExpr, left: CheckedOperand): CheckedTest {
  const {right} = node
  if (
    findOperator(node.op)?.name !== '=' ||
    node.modifier !== undefined ||
    right?.kind !== 'literal'
  )
    fail(`'${left.text}' only takes '=' and a number of milliseconds`, node.span)
  const distance = parseLiteral('uint64', right.bytes)
  if (!distance.ok) fail(`the literal ${shown(right.bytes)} ${distance.message}`, right.span)
  const centre = parseLiteral('uint64', left.kind === 'field' ? (left.field.arg ?? '') : '')
  if (!centre.ok) fail(`the argument of '${left.text}' ${centre.message}`, node.left.span)
  return test(node, rawTime(), 'around', [centre.value, distance.value])
}

function rawTime(): CheckedOperand {
  const node = {kind: 'field', name: 'evt.rawtime', span: {start: 0, end: 0}} as const
  return checkOperand(node, findField)
}
