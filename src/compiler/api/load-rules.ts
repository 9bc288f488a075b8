import type {CheckedCondition} from '../checked.ts'
import type {OutputTemplate} from '../output/template.ts'
import {ruleChecker} from '../rule-checker.ts'
import {type Loaded, type LoadOptions, loadRuleFiles, type RuleFile} from '../rules/load.ts'
import type {LoadedRule} from '../rules/loaded-rule.ts'

/** A rule that compiled: its condition checked, its output understood. */
export type Rule = LoadedRule<CheckedCondition, OutputTemplate>

/** What {@link loadRules} yields. */
export type LoadedRules = Loaded<CheckedCondition, OutputTemplate>

/** Settings of {@link loadRules}. */
export type LoadRulesOptions = Omit<
  LoadOptions<CheckedCondition, OutputTemplate>,
  'checker' | 'cache'
>

/**
 * Loads rule files in order, each one seeing what those before it defined. Mistakes in the files are in the results, with
 * their places; they are never thrown. Size, depth, growth and time are bounded, whatever the files hold.
 */
export function loadRules(files: readonly RuleFile[], options: LoadRulesOptions = {}): LoadedRules {
  return loadRuleFiles(files, {...options, checker: ruleChecker})
}
