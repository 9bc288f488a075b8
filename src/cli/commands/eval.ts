import {basename} from 'node:path'
import {bindFilter, compileFilter, type Filter} from '../../compiler/api/compile-filter.ts'
import {checkFilter} from '../../compiler/check.ts'
import type {CheckedCondition} from '../../compiler/checked.ts'
import {parseFieldEvent} from '../../compiler/field-events.ts'
import {ruleChecker} from '../../compiler/rule-checker.ts'
import type {RuleChecker} from '../../compiler/rules/checker.ts'
import {loadRuleFiles} from '../../compiler/rules/load.ts'
import {placeAt} from '../../diagnostics/span.ts'

/** What `detector eval` is asked. */
export interface EvalArgs {
  readonly filter: string
  /** Path of the field events; `-` is standard input. */
  readonly events: string
  /** Path of a rule file whose macros and lists the filter may use. */
  readonly macros: string | undefined
}

/** Where {@link runEval} reads and writes. */
export interface EvalIo {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly readInput: (path: string) => Promise<string>
}

/** A filter ready to be asked, or why there is none. */
type Compiled =
  | {readonly ok: true; readonly filter: Filter}
  | {readonly ok: false; readonly code: string; readonly message: string}

/**
 * Evaluates one condition on field events, one JSON object a line, and prints one JSON object for each: `match`, or `error` for
 * a line that is no event. Blank lines are skipped.
 *
 * @returns 0; 1 when the condition does not compile or a line is wrong
 */
export async function runEval(args: EvalArgs, io: EvalIo): Promise<number> {
  const library = args.macros === undefined ? undefined : await io.readInput(args.macros)
  const compiled =
    library === undefined
      ? compilePlain(args.filter)
      : compileWithMacros(args.filter, basename(args.macros!), library)
  if (!compiled.ok) {
    io.stdout(errorLine(compiled.code, compiled.message))
    return 1
  }
  const lines = (await io.readInput(args.events)).split('\n')
  let exitCode = 0
  lines.forEach((line, i) => {
    if (line.trim() === '') return
    const parsed = parseFieldEvent(line, {number: i + 1, timeNs: 0})
    if (parsed.ok) {
      io.stdout(`${JSON.stringify({match: compiled.filter.matches(parsed.event)})}\n`)
    } else {
      io.stdout(errorLine('EVENT_INVALID', parsed.message))
      exitCode = 1
    }
  })
  return exitCode
}

function errorLine(code: string, message: string): string {
  return `${JSON.stringify({error: {code, message}})}\n`
}

function compilePlain(filter: string): Compiled {
  const result = compileFilter(filter)
  if (result.ok) return result
  const {message, hint, span} = result.problem
  const {line, column} = placeAt(filter, span.start)
  return refuse(`${message}${hint === undefined ? '' : ` (${hint})`} at ${line}:${column}`)
}

function refuse(message: string): Compiled {
  return {ok: false, code: 'LOAD_ERR_COMPILE_CONDITION', message}
}

/** Lets the rule loader put macros and lists in, with the filter as one more rule behind the file's own. */
function compileWithMacros(filter: string, name: string, content: string): Compiled {
  const rule = {
    rule: RULE_NAME,
    condition: filter,
    desc: 'filter',
    output: 'filter',
    priority: 'DEBUG',
  }
  // JSON texts are YAML texts, so the filter cannot end its string.
  const files = [
    {name, content},
    {name: 'filter', content: JSON.stringify([rule])},
  ]
  const loaded = loadRuleFiles(files, {checker: filterChecker, schemaCheck: false})
  const issue = loaded.results.flatMap(result => result.errors)[0]
  if (issue !== undefined) return {ok: false, code: issue.code, message: issue.message}
  const own = loaded.rules.find(each => each.name === RULE_NAME)
  if (own === undefined) return refuse('the filter was left out')
  return {ok: true, filter: bindFilter(own.condition)}
}

const RULE_NAME = 'detector eval --filter'

/** A filter may say about `evt.type` what a rule may not. */
const filterChecker: RuleChecker<CheckedCondition, unknown> = {
  ...ruleChecker,
  checkCondition: expr => {
    const verdict = checkFilter(expr)
    return verdict.ok ? {...verdict, eventCodes: new Set()} : verdict
  },
}
