import {parseCondition, RULE_MAX_DEPTH} from '../../condition/parser.ts'
import type {RuleChecker} from '../checker.ts'
import type {ExceptionDefinition, ExceptionSet, RuleDefinition} from '../collection.ts'
import {SINGLE_OPERATORS, TUPLE_OPERATORS} from '../exception-operators.ts'
import {failLoad} from '../report/context.ts'
import type {ReadState} from './load-state.ts'
import type {WrittenException} from './read-exceptions.ts'
import {withSuggestion} from './suggestion.ts'

/** Completes and checks exceptions that stand on their own; each needs `fields`. */
export function checkExceptions(
  written: readonly WrittenException[],
  knownSource: boolean,
  state: ReadState,
): ExceptionSet {
  const set: ExceptionSet = {all: [], first: new Map()}
  for (const exception of written) {
    if (exception.fields === undefined) {
      const message = `exception '${exception.name}' has no 'fields'`
      return failLoad('LOAD_ERR_YAML_VALIDATE', message, exception.context)
    }
    addException(set, checkException(exception, exception.fields, knownSource, state))
  }
  return set
}

/**
 * Checks exceptions that are to be appended to a rule; the result does it. Values go to the first exception of the
 * same name, new names are added.
 */
export function appendExceptions(
  rule: RuleDefinition,
  written: readonly WrittenException[],
  state: ReadState,
): () => void {
  const {exceptions} = rule
  const names = new Set<string>()
  const added: ExceptionDefinition[] = []
  for (const exception of written) {
    const {name} = exception
    if (exceptions.first.has(name) || names.has(name)) refuseRedefinition(exception)
    else added.push(checkNew(exception, rule, state))
    names.add(name)
  }
  return () => {
    for (const exception of added) addException(exceptions, exception)
    for (const {name, fields, values = []} of written) {
      // Values that come with fields belong to a new exception, which has them already.
      if (fields !== undefined) continue
      for (const value of values) exceptions.first.get(name)!.values.push(value)
    }
  }
}

function refuseRedefinition({name, context, fields, comps}: WrittenException): void {
  if (fields === undefined && comps === undefined) return
  const message = `exception '${name}' exists: only 'values' can be appended to it`
  failLoad('LOAD_ERR_VALIDATE', message, context)
}

function checkNew(
  written: WrittenException,
  rule: RuleDefinition,
  state: ReadState,
): ExceptionDefinition {
  const {name, context, fields, values} = written
  if (fields !== undefined && values?.length) {
    return checkException(written, fields, rule.knownSource, state)
  }
  const message = `exception '${name}' is new to the rule and needs 'fields' and 'values'`
  return failLoad('LOAD_ERR_VALIDATE', message, context)
}

function addException(set: ExceptionSet, exception: ExceptionDefinition): void {
  set.all.push(exception)
  if (!set.first.has(exception.name)) set.first.set(exception.name, exception)
}

function checkException(
  {name, context, comps, values = []}: WrittenException,
  fields: string | readonly string[],
  knownSource: boolean,
  state: ReadState,
): ExceptionDefinition {
  const fail = (complaint: string): never =>
    failLoad('LOAD_ERR_VALIDATE', `exception '${name}': ${complaint}`, context)
  const single = typeof fields === 'string'
  const operators = trimAll(comps ?? (single ? 'in' : fields.map(() => '=')))
  if (single && typeof operators !== 'string') {
    return fail("'comps' must be one operator, because 'fields' is one field")
  }
  if (!single && (typeof operators === 'string' || operators.length !== fields.length)) {
    const count = typeof operators === 'string' ? 'one' : operators.length
    return fail(`'fields' has ${fields.length} fields, 'comps' has ${count}`)
  }
  const allowed = single ? SINGLE_OPERATORS : TUPLE_OPERATORS
  for (const operator of [operators].flat()) {
    if (!allowed.has(operator)) {
      fail(withSuggestion(`operator '${operator}' is not supported here`, operator, allowed))
    }
  }
  if (knownSource) {
    for (const field of [fields].flat()) {
      const problem = fieldProblem(field, state.checker)
      if (problem !== undefined) fail(problem)
    }
  }
  return {name, context, fields, comps: operators, values: [...values]}
}

function trimAll(comps: string | readonly string[]): string | readonly string[] {
  return typeof comps === 'string' ? comps.trim() : comps.map(operator => operator.trim())
}

/** Why a text cannot be a field of an exception. One with a parenthesis is taken for a transformer. */
function fieldProblem(text: string, checker: RuleChecker<unknown, unknown>): string | undefined {
  const isTransformer = text.includes('(')
  if (!isTransformer && checker.isKnownField(text)) return undefined
  const parsed = parseCondition(`${text} exists`, {maxDepth: RULE_MAX_DEPTH})
  const verdict = parsed.ok ? checker.checkCondition(parsed.expr) : undefined
  if (verdict?.ok && isTransformer) return undefined
  const hint = verdict?.ok === false ? verdict.problem.hint : undefined
  return `'${text}' is not a supported field${hint === undefined ? '' : ` (${hint})`}`
}
