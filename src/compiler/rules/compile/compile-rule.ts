import type {Span} from '../../../diagnostics/span.ts'
import {DEPRECATED_FIELDS, treeWarnings} from '../../condition/tree-warnings.ts'
import type {Problem} from '../checker.ts'
import type {RuleDefinition} from '../collection.ts'
import type {LoadedExtraField, LoadedRule} from '../loaded-rule.ts'
import {type Context, failLoad, withinExpression} from '../report/context.ts'
import {createExpressionText, type TextSource} from '../report/expression-text.ts'
import type {WarningLog} from '../report/warning-log.ts'
import {type CompiledMacros, type CompileTools, parseText} from './compile-macros.ts'
import {conditionWithExceptions} from './exception-text.ts'
import {addOutput, type ExtraField, type OutputAddition} from './output-additions.ts'
import {createSpanOrigins} from './span-origins.ts'

/** From this many event codes on, a condition is reported as too open. */
const MAX_EVENT_CODES = 100

/** What compiling rules works with. */
export interface RuleTools<C, T> extends CompileTools<C, T> {
  readonly macros: CompiledMacros
  readonly warnings: WarningLog
  readonly additions: readonly OutputAddition[]
}

/**
 * Compiles one rule; undefined when it is left out, because its source is not loaded or because it uses something
 * unknown and asks to be skipped then.
 *
 * @throws LoadStop at the first error
 */
export function compileRule<C, T>(
  rule: RuleDefinition,
  tools: RuleTools<C, T>,
): LoadedRule<C, T> | undefined {
  if (!rule.knownSource) return undefined
  const written = conditionWithExceptions(rule)
  const output = compileOutput(rule, tools)
  const condition = output && compileCondition(rule, written, tools)
  if (!condition) return undefined
  const {file, offset} = rule.context
  return {
    name: rule.name,
    desc: rule.desc,
    priority: rule.priority,
    source: rule.source,
    tags: [...rule.tags].sort(),
    enabled: rule.enabled,
    ...output,
    ...condition,
    warnEventTypes: rule.warnEventTypes,
    skipIfUnknownFilter: rule.skipIfUnknownFilter,
    capture: rule.capture,
    captureDurationMs: rule.captureDurationMs,
    file: file.name,
    position: file.positionAt(offset),
  }
}

type CompiledOutput<T> = Pick<LoadedRule<unknown, T>, 'output' | 'template' | 'extraFields'>

const CONTAINER_INFO = '%container.info'

function compileOutput<C, T>(
  rule: RuleDefinition,
  tools: RuleTools<C, T>,
): CompiledOutput<T> | undefined {
  const added = addOutput(rule, tools.additions)
  let {output} = added
  if (output.includes(CONTAINER_INFO)) {
    const message = `'${CONTAINER_INFO}' in an output is deprecated and dropped`
    tools.warnings.add('LOAD_DEPRECATED_ITEM', message, rule.outputContext)
    output = output.replaceAll(CONTAINER_INFO, '')
  }
  const main = compileTemplate(rule, output, tools)
  if (!main) return undefined
  const extraFields: LoadedExtraField<T>[] = []
  for (const field of added.extraFields) {
    const compiled = compileExtraField(rule, field, tools)
    if (!compiled) return undefined
    extraFields.push(compiled)
  }
  return {output, template: main.template, extraFields}
}

function compileExtraField<C, T>(
  rule: RuleDefinition,
  {name, template: text, formatted}: ExtraField,
  tools: RuleTools<C, T>,
): LoadedExtraField<T> | undefined {
  const compiled = compileTemplate(rule, text, tools)
  return compiled && {name, template: compiled.template, formatted}
}

function compileTemplate<C, T>(
  rule: RuleDefinition,
  text: string,
  tools: RuleTools<C, T>,
): {readonly template: T} | undefined {
  const verdict = tools.cache.checkTemplate(text)
  if (!verdict.ok) {
    const outer = rule.outputContext
    const parts = [{start: 0, context: outer}]
    const expression = createExpressionText(text, {written: text, parts})
    const contextOf = (span: Span) =>
      withinExpression(outer, 'rule output expression', expression, span)
    return refuse(rule, 'LOAD_ERR_COMPILE_OUTPUT', verdict.problem, contextOf, tools)
  }
  for (const [field, advice] of DEPRECATED_FIELDS) {
    if (!text.includes(field)) continue
    const message = `rule '${rule.name}': field '${field}' in the output is deprecated: ${advice}`
    tools.warnings.add('LOAD_DEPRECATED_ITEM', message, rule.outputContext, field)
  }
  return verdict
}

type CompiledCondition<C> = Pick<
  LoadedRule<C, unknown>,
  'conditionText' | 'expr' | 'condition' | 'eventCodes'
>

function compileCondition<C, T>(
  rule: RuleDefinition,
  written: TextSource,
  tools: RuleTools<C, T>,
): CompiledCondition<C> | undefined {
  const {cache, macros, warnings} = tools
  const parsed = parseText(written, rule.conditionContext, tools)
  const expanded = cache.expand(parsed.expr, macros.lookup)
  if (!expanded.ok) {
    const {message, span} = expanded.problem
    const outer = rule.conditionContext
    const place = withinExpression(outer, 'condition expression', parsed.expression, span)
    return failLoad('LOAD_ERR_VALIDATE', message, place)
  }
  const {expr} = expanded
  const origins = createSpanOrigins(expr, parsed.expression, rule.conditionContext, macros.ownerOf)
  const contextOf = (span: Span) => origins.contextOf(span)
  for (const {code, message, span, deprecatedField} of treeWarnings(expr)) {
    warnings.add(code, message, contextOf(span), deprecatedField)
  }
  const verdict = cache.checkCondition(expr)
  if (!verdict.ok) {
    return refuse(rule, 'LOAD_ERR_COMPILE_CONDITION', verdict.problem, contextOf, tools)
  }
  for (const {message, span} of verdict.warnings) {
    warnings.add('LOAD_COMPILE_CONDITION', message, contextOf(span))
  }
  const {condition, eventCodes} = verdict
  if (rule.source === 'syscall' && rule.warnEventTypes && eventCodes.size > MAX_EVENT_CODES) {
    const message = `rule '${rule.name}' runs on nearly every event: compare evt.type in its condition`
    warnings.add('LOAD_NO_EVTTYPE', message, rule.conditionContext)
  }
  return {conditionText: parsed.expression.text, expr, condition, eventCodes}
}

/** An error, or with `skip-if-unknown-filter` a warning and no rule, when all that is wrong is an unknown name. */
function refuse<C, T>(
  rule: RuleDefinition,
  code: 'LOAD_ERR_COMPILE_OUTPUT' | 'LOAD_ERR_COMPILE_CONDITION',
  {kind, message, hint, span}: Problem,
  contextOf: (span: Span) => Context,
  {warnings}: RuleTools<C, T>,
): undefined {
  const text = hint === undefined ? message : `${message} (${hint})`
  if (!rule.skipIfUnknownFilter || kind === 'other') return failLoad(code, text, contextOf(span))
  const skipped = `rule '${rule.name}' is left out: ${text}`
  warnings.add('LOAD_UNKNOWN_FILTER', skipped, contextOf(span))
  return undefined
}
