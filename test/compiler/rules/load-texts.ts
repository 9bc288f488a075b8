import {printExpr} from '../../../src/compiler/condition/print.ts'
import {ruleChecker} from '../../../src/compiler/rule-checker.ts'
import {type LoadOptions, loadRuleFiles} from '../../../src/compiler/rules/load.ts'
import type {LoadIssue} from '../../../src/compiler/rules/report/load-result.ts'

/** Loads texts as files `1.yaml`, `2.yaml` …, with what tests look at laid out. */
export function loadTexts(
  texts: readonly (string | Uint8Array)[],
  options: Partial<LoadOptions<unknown, unknown>> = {},
) {
  const files = texts.map((content, i) => ({name: `${i + 1}.yaml`, content}))
  const loaded = loadRuleFiles(files, {checker: ruleChecker, ...options})
  const errors = loaded.results.flatMap(result => result.errors)
  const warnings = loaded.results.flatMap(result => result.warnings)
  return {
    ...loaded,
    errors,
    warnings,
    /** Codes of errors and warnings in order. */
    codes: [...errors, ...warnings].map(({code}) => code),
    /** Rule names to canonical conditions. */
    conditions: new Map(loaded.rules.map(rule => [rule.name, printExpr(rule.expr)])),
  }
}

/** The last location of an issue that has this type, as `name@line:column`. */
export function placeOf({locations}: LoadIssue, itemType: string): string | undefined {
  const location = locations.findLast(each => each.itemType === itemType)
  return location && `${location.itemName}@${location.position.line}:${location.position.column}`
}

/** A full rule named `r` with the given condition; `more` is further keys, without indentation. */
export function mkRule(condition: string, more: readonly string[] = [], name = 'r'): string {
  const lines = [
    `- rule: ${name}`,
    '  desc: d',
    `  condition: ${condition}`,
    '  output: o',
    '  priority: INFO',
    ...more.map(line => `  ${line}`),
  ]
  return `${lines.join('\n')}\n`
}
