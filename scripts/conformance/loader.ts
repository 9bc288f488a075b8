import {printExpr} from '../../src/compiler/condition/print.ts'
import {ruleChecker} from '../../src/compiler/rule-checker.ts'
import type {RuleDefinition} from '../../src/compiler/rules/collection.ts'
import {type Loaded, loadRuleFiles} from '../../src/compiler/rules/load.ts'
import {type Plugin, unmetRequirements} from '../../src/compiler/rules/read/plugin-requirements.ts'
import type {LoadIssue} from '../../src/compiler/rules/report/load-result.ts'
import {type SelectionStep, selectRules} from '../../src/compiler/rules/rule-selection.ts'
import {parsePriority} from '../../src/schema/priority.ts'
import {readSuite, runCases, type SuiteResult} from './suite-files.ts'

interface ItemExpectation {
  readonly code: string
  readonly item_type?: string
  readonly item_name?: string
}

interface Expectation {
  readonly valid?: boolean
  readonly file_valid?: readonly boolean[] | Readonly<Record<string, boolean>>
  readonly exit_code?: number
  readonly errors?: readonly ItemExpectation[]
  readonly error_count?: number
  readonly warnings?: readonly string[]
  readonly warning_items?: readonly ItemExpectation[]
  readonly warning_count?: number
  readonly has_warnings?: boolean
  readonly warnings_absent?: readonly string[]
  readonly schema_valid?: boolean
  readonly snippet_contains?: readonly string[]
  readonly snippet_excludes?: readonly string[]
  readonly message_contains?: readonly string[]
  readonly compiled_condition?: Readonly<Record<string, string>>
  readonly rule_info?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly compiled_rules?: readonly string[]
  readonly compiled_macros?: readonly string[]
  readonly compiled_lists?: readonly string[]
  readonly list_items?: Readonly<Record<string, readonly string[]>>
  readonly enabled_count?: number
  readonly plugin_requirements_met?: boolean
}

interface LoaderCase {
  readonly name: string
  readonly files: readonly {readonly name: string; readonly content: string}[]
  readonly expect: Expectation
  readonly plugins?: readonly Plugin[]
  readonly selection?: readonly SelectionStep[]
  readonly selection_start?: 'none' | 'rules'
  readonly min_priority?: string
}

interface Outcome {
  readonly loaded: Loaded<unknown, unknown>
  readonly errors: readonly LoadIssue[]
  readonly warnings: readonly LoadIssue[]
  readonly testCase: LoaderCase
  /** All plugins that the files require are there. */
  readonly met: boolean
}

/** What is wrong with a case; undefined when it passed. */
type CaseVerdict = string | undefined

type Judge<K extends keyof Expectation> = (
  wanted: NonNullable<Expectation[K]>,
  outcome: Outcome,
) => CaseVerdict

/** One judge an expectation; each says what is wrong. */
const JUDGES: {readonly [K in keyof Expectation]-?: Judge<K>} = {
  valid: (wanted, {loaded}) =>
    differs(
      wanted,
      loaded.results.every(result => result.successful),
    ),
  file_valid: (wanted, {loaded}) => {
    const actual = loaded.results.map(({name, successful}) => [name, successful] as const)
    return Array.isArray(wanted)
      ? differs(
          wanted,
          actual.map(([, successful]) => successful),
        )
      : differs(sortedEntries(wanted), sortedEntries(Object.fromEntries(actual)))
  },
  exit_code: (wanted, {errors, met}) => differs(wanted, errors.length > 0 || !met ? 1 : 0),
  errors: (wanted, {errors}) => missingItem(wanted, errors),
  error_count: (wanted, {errors}) => differs(wanted, errors.length),
  warnings: (wanted, {warnings}) =>
    missingItem(
      wanted.map(code => ({code})),
      warnings,
    ),
  warning_items: (wanted, {warnings}) => missingItem(wanted, warnings),
  warning_count: (wanted, {warnings}) => differs(wanted, warnings.length),
  has_warnings: (wanted, {warnings}) => differs(wanted, warnings.length > 0),
  warnings_absent: (wanted, {warnings}) => {
    const present = warnings.find(({code}) => wanted.includes(code))
    return present && `${present.code} occurs`
  },
  schema_valid: (wanted, {loaded}) =>
    differs(
      wanted,
      loaded.results.every(result => result.schemaValid),
    ),
  snippet_contains: (wanted, outcome) => {
    const snippets = snippetsInQuestion(outcome)
    const missing = wanted.find(text => !snippets.some(snippet => snippet.includes(text)))
    return missing === undefined ? undefined : `no snippet has ${JSON.stringify(missing)}`
  },
  snippet_excludes: (wanted, outcome) => {
    const snippets = snippetsInQuestion(outcome)
    const present = wanted.find(text => snippets.some(snippet => snippet.includes(text)))
    return present === undefined ? undefined : `a snippet has ${JSON.stringify(present)}`
  },
  message_contains: (wanted, {errors, warnings}) => {
    const messages = [...errors, ...warnings].map(({message}) => message)
    const missing = wanted.find(text => !messages.some(message => message.includes(text)))
    return missing === undefined ? undefined : `no message has ${JSON.stringify(missing)}`
  },
  compiled_condition: (wanted, {loaded}) => {
    const actual = new Map(loaded.rules.map(({name, expr}) => [name, printExpr(expr)]))
    const wrong = Object.entries(wanted).find(([name, text]) => actual.get(name) !== text)
    return wrong && `condition of '${wrong[0]}' is ${actual.get(wrong[0]) ?? 'missing'}`
  },
  rule_info: (wanted, {loaded}) => {
    for (const [name, values] of Object.entries(wanted)) {
      const rule = loaded.definitions.get(name)
      if (!rule) return `no rule '${name}'`
      const problem = wrongInfo(rule, values)
      if (problem !== undefined) return `rule '${name}': ${problem}`
    }
    return undefined
  },
  compiled_rules: (wanted, {loaded}) => differentNames(wanted, loaded.rules),
  compiled_macros: (wanted, {loaded}) => differentNames(wanted, loaded.macros),
  compiled_lists: (wanted, {loaded}) => differentNames(wanted, loaded.lists),
  list_items: (wanted, {loaded}) => {
    const actual = new Map(loaded.lists.map(({name, items}) => [name, items]))
    for (const [name, items] of Object.entries(wanted)) {
      const problem = differs(items, actual.get(name))
      if (problem !== undefined) return `list '${name}': ${problem}`
    }
    return undefined
  },
  enabled_count: (wanted, {loaded, testCase}) => {
    const selected = selectRules(loaded.rules, testCase.selection ?? [], {
      start: testCase.selection_start ?? 'rules',
      minPriority: parsePriority(testCase.min_priority ?? 'debug') ?? 'Debug',
    })
    return differs(wanted, selected.length)
  },
  plugin_requirements_met: (wanted, {met}) => differs(wanted, met),
}

/** Rule files: reading, appending, exceptions, lists and macros, results, selection, requirements. */
export async function runLoader(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<LoaderCase>(dir, 'loader.json')
  return cases && runCases('loader', cases, runCase)
}

function runCase(testCase: LoaderCase): CaseVerdict {
  const loaded = loadRuleFiles(testCase.files, {checker: ruleChecker})
  const outcome: Outcome = {
    loaded,
    errors: loaded.results.flatMap(({errors}) => errors),
    warnings: loaded.results.flatMap(({warnings}) => warnings),
    testCase,
    met: unmetRequirements(loaded.pluginRequirements, testCase.plugins ?? []).length === 0,
  }
  const problems = Object.keys(testCase.expect).flatMap(key => {
    const problem = judge(key, testCase.expect, outcome)
    return problem === undefined ? [] : [`${key}: ${problem}`]
  })
  if (problems.length === 0) return undefined
  const issues = [...outcome.errors, ...outcome.warnings].map(x => `${x.code} ${x.message}`)
  return [...problems, ...issues].join('; ')
}

function judge(key: string, expect: Expectation, outcome: Outcome): CaseVerdict {
  if (!Object.hasOwn(JUDGES, key)) return 'unknown expectation'
  const known = key as keyof Expectation
  return (JUDGES[known] as (wanted: unknown, outcome: Outcome) => CaseVerdict)(
    expect[known],
    outcome,
  )
}

function differs(wanted: unknown, actual: unknown): CaseVerdict {
  const text = JSON.stringify(actual)
  return JSON.stringify(wanted) === text ? undefined : `is ${text}`
}

function sortedEntries(object: object): readonly (readonly [string, unknown])[] {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))
}

function differentNames(
  wanted: readonly string[],
  actual: readonly {readonly name: string}[],
): CaseVerdict {
  return differs([...wanted].sort(), actual.map(({name}) => name).sort())
}

function missingItem(
  wanted: readonly ItemExpectation[],
  issues: readonly LoadIssue[],
): CaseVerdict {
  const missing = wanted.find(item => !issues.some(issue => fits(issue, item)))
  return missing && `none is ${JSON.stringify(missing)}`
}

function fits(issue: LoadIssue, wanted: ItemExpectation): boolean {
  const {code, item_type: type, item_name: name} = wanted
  if (issue.code !== code) return false
  return issue.locations.some(
    ({itemType, itemName}) =>
      (type === undefined || type === itemType) && (name === undefined || name === itemName),
  )
}

function snippetsInQuestion({testCase: {expect}, errors, warnings}: Outcome): readonly string[] {
  const items = [...(expect.errors ?? []), ...(expect.warning_items ?? [])]
  const codes = new Set([...items.map(({code}) => code), ...(expect.warnings ?? [])])
  const issues = [...errors, ...warnings]
  return issues.filter(({code}) => codes.size === 0 || codes.has(code)).map(x => x.snippet)
}

const RULE_INFO: Readonly<Record<string, (rule: Readonly<RuleDefinition>) => unknown>> = {
  condition: rule => rule.condition,
  output: rule => rule.output,
  desc: rule => rule.desc,
  description: rule => rule.desc,
  source: rule => rule.source,
  enabled: rule => rule.enabled,
  tags: rule => [...rule.tags].sort(),
  warn_evttypes: rule => rule.warnEventTypes,
  'skip-if-unknown-filter': rule => rule.skipIfUnknownFilter,
  skip_if_unknown_filter: rule => rule.skipIfUnknownFilter,
  capture: rule => rule.capture,
  capture_duration: rule => rule.captureDurationMs,
  name: rule => rule.name,
  exceptions: rule => rule.exceptions.all.map(({name}) => name),
  exception_names: rule => rule.exceptions.all.map(({name}) => name),
}

function wrongInfo(
  rule: Readonly<RuleDefinition>,
  wanted: Readonly<Record<string, unknown>>,
): CaseVerdict {
  for (const [key, value] of Object.entries(wanted)) {
    if (key === 'priority') {
      if (parsePriority(String(value)) !== rule.priority) return `priority is ${rule.priority}`
      continue
    }
    if (!Object.hasOwn(RULE_INFO, key)) return `unknown value '${key}'`
    const problem = differs(value, RULE_INFO[key]!(rule))
    if (problem !== undefined) return `${key} ${problem}`
  }
  return undefined
}
