import {checkOperand, ProblemSignal} from '../../src/compiler/check/check-operand.ts'
import {checkFilter} from '../../src/compiler/check.ts'
import type {CheckedCondition, CheckedOperand} from '../../src/compiler/checked.ts'
import type {CheckExpr, LiteralNode, Operand} from '../../src/compiler/condition/ast.ts'
import {parseCondition} from '../../src/compiler/condition/parser.ts'
import {fieldEventBinder, parseFieldEvent} from '../../src/compiler/field-events.ts'
import type {FieldFinder} from '../../src/compiler/field-lookup.ts'
import {evaluate} from '../../src/compiler/interpret.ts'
import {compileRuleMatcher} from '../../src/compiler/js/matcher.ts'
import {bindOperand} from '../../src/compiler/operand-value.ts'
import {NO_PROBES} from '../../src/compiler/probes/probe-words.ts'
import {bytesOf, textOf} from '../../src/schema/bytes.ts'
import {type FieldDef, findField} from '../../src/schema/field-table.ts'
import type {ValueType} from '../../src/schema/value.ts'
import {readSuite, runCases, type SuiteResult} from './suite-files.ts'

type Json = string | number | boolean | readonly Json[]

interface CompareCase {
  readonly kind: 'compare'
  readonly type: string
  readonly op: string
  readonly modifier?: 'oneof' | 'anyof' | 'allof'
  readonly lhs?: Json
  readonly lhs_hex?: string
  readonly rhs?: string | readonly string[]
  readonly rhs_hex?: string
  readonly transformers?: readonly string[]
  readonly filter?: string
  readonly expect: boolean | 'error'
}

interface ExpressionCase {
  readonly kind: 'expression'
  readonly filter: string
  readonly fields: Readonly<
    Record<string, {type: string; value?: Json; hex?: string; list?: boolean}>
  >
  readonly expect: boolean | 'error'
}

interface TransformCase {
  readonly kind: 'transform'
  readonly transformer: string
  readonly type: string
  readonly list: boolean
  readonly input?: readonly Json[]
  readonly expect_type?: string
  readonly expect: readonly Json[] | 'error'
}

type OperatorsCase = {readonly name: string} & (CompareCase | ExpressionCase | TransformCase)

/** Runs `operators.json` of a folder; undefined when there is none. */
export async function runOperators(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<OperatorsCase>(dir, 'operators.json', markLargeIntegers)
  return cases && runCases('operators', cases, runCase)
}

/** Writes integers that a JSON reader would round as the text `#digits#`; {@link eventLine} turns them back. */
function markLargeIntegers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?[0-9]{16,}(?![0-9.eE])/g, token =>
    token.startsWith('"') ? token : `"#${token}#"`,
  )
}

function eventLine(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(values).replace(/"#(-?[0-9]+)#"/g, '$1')
}

function runCase(test: OperatorsCase): string | undefined {
  switch (test.kind) {
    case 'compare':
      return runCompare(test)
    case 'expression':
      return runExpression(test)
    case 'transform':
      return runTransform(test)
  }
}

const SPAN = {start: 0, end: 0}
const VALUE: Operand = {kind: 'field', name: 'test.value', span: SPAN}

function mkField(name: string, type: string, list: boolean): FieldDef {
  const mapped = (type === 'bytes' ? 'bytebuf' : type) as ValueType
  const field = {name, class: 'test', type: mapped, tier: 3 as const, doc: ''}
  return list ? {...field, list} : field
}

function runCompare(test: CompareCase): string | undefined {
  const either = {ipaddr_either: 'fd.ip', ipnet_either: 'fd.net'}[test.type]
  const left: Operand = either === undefined ? VALUE : {kind: 'field', name: either, span: SPAN}
  const find: FieldFinder = name =>
    name === 'test.value' ? mkField(name, test.type, false) : findField(name)
  const value = test.lhs_hex === undefined ? test.lhs : {hex: test.lhs_hex}
  const check: CheckExpr = {
    kind: 'check',
    left: (test.transformers ?? []).reduce<Operand>(
      (arg, name) => ({kind: 'transformer', name, args: [arg], span: SPAN}),
      left,
    ),
    op: test.op,
    ...(test.modifier === undefined ? {} : {modifier: test.modifier}),
    right: rightSide(test),
    span: SPAN,
  }
  const verdict = checkFilter(check, {...NO_PROBES, find})
  const line = eventLine({[either ?? 'test.value']: value})
  const byHand = judge(verdict.ok ? verdict.condition : undefined, line, find)
  if (byHand !== test.expect) return `got ${byHand}, want ${test.expect}`
  if (test.filter === undefined) return undefined
  const written = judgeFilter(test.filter, checkFields => eventLine({[checkFields]: value}))
  return written === test.expect ? undefined : `as a filter: got ${written}, want ${test.expect}`
}

function rightSide(test: CompareCase): NonNullable<CheckExpr['right']> {
  const literal = (bytes: string): LiteralNode => ({
    kind: 'literal',
    bytes,
    quoted: true,
    span: SPAN,
  })
  if (test.rhs_hex !== undefined)
    return literal(Buffer.from(test.rhs_hex, 'hex').toString('latin1'))
  if (typeof test.rhs === 'string') return literal(bytesOf(test.rhs))
  return {kind: 'list', items: (test.rhs ?? []).map(text => literal(bytesOf(text))), span: SPAN}
}

function runExpression(test: ExpressionCase): string | undefined {
  const defs = new Map<string, FieldDef>()
  const values: Record<string, unknown> = Object.create(null)
  for (const [name, {type, value, hex, list}] of Object.entries(test.fields)) {
    defs.set(name, mkField(name, type, list === true))
    values[name] = hex === undefined ? value : {hex}
  }
  const find: FieldFinder = name => findField(name) ?? defs.get(name)
  const got = judgeFilter(test.filter, () => eventLine(values), find)
  return got === test.expect ? undefined : `got ${got}, want ${test.expect}`
}

/** Parses, checks and evaluates; `lineFor` is given the first field of the filter. */
function judgeFilter(
  filter: string,
  lineFor: (field: string) => string,
  find: FieldFinder = findField,
): boolean | string {
  const parsed = parseCondition(filter)
  if (!parsed.ok) return 'error'
  const verdict = checkFilter(parsed.expr, {...NO_PROBES, find})
  if (!verdict.ok) return 'error'
  return judge(verdict.condition, lineFor(firstField(verdict.condition)), find)
}

function firstField(condition: CheckedCondition): string {
  let node = condition
  while (node.kind !== 'test') node = node.kind === 'not' ? node.child : node.children[0]!
  let operand: CheckedOperand | undefined = node.left
  while (operand?.kind === 'call') operand = operand.args[0]
  return operand?.text ?? ''
}

/** The interpreter's answer, which the generated matcher must share. */
function judge(
  condition: CheckedCondition | undefined,
  line: string,
  find: FieldFinder,
): boolean | string {
  if (condition === undefined) return 'error'
  const parsed = parseFieldEvent(line, {}, find)
  if (!parsed.ok) return `bad event: ${parsed.message}`
  const answer = evaluate(condition, parsed.event, fieldEventBinder)
  const rule = {condition, eventCodes: new Set([1])}
  const matched = compileRuleMatcher([rule], fieldEventBinder).matchFirst(parsed.event, 1) === 0
  return matched === answer ? answer : `the matcher disagrees with the interpreter (${answer})`
}

function runTransform(test: TransformCase): string | undefined {
  const find: FieldFinder = name => mkField(name, test.type, test.list)
  const call = {kind: 'transformer', name: test.transformer, args: [VALUE], span: SPAN} as const
  let operand: CheckedOperand
  try {
    operand = checkOperand(call, find)
  } catch (error) {
    if (!(error instanceof ProblemSignal)) throw error
    return test.expect === 'error' ? undefined : error.problem.message
  }
  if (test.input === undefined) return test.expect === 'error' ? 'was accepted' : undefined
  const type = operand.type === 'bytebuf' ? 'bytes' : operand.type
  if (test.expect_type !== undefined && type !== test.expect_type)
    return `has type ${type}, want ${test.expect_type}`
  const input = test.list ? test.input : test.input[0]
  const parsed = parseFieldEvent(eventLine({'test.value': input}), {}, find)
  if (!parsed.ok) return `bad input: ${parsed.message}`
  const value = bindOperand(operand, field => fieldEventBinder.bind(field))(parsed.event)
  if (value === undefined) return test.expect === 'error' ? undefined : 'is absent'
  const values = (Array.isArray(value) ? value : [value]).map(item =>
    typeof item === 'string' ? textOf(item) : item,
  )
  const got = JSON.stringify(values)
  return got === JSON.stringify(test.expect)
    ? undefined
    : `got ${got}, want ${JSON.stringify(test.expect)}`
}
