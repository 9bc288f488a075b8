import {checkCondition} from './check.ts'
import type {CheckedCondition} from './checked.ts'
import {isKnownField} from './field-lookup.ts'
import {compileTemplate, type OutputTemplate} from './output/template.ts'
import type {RuleChecker} from './rules/checker.ts'

/** What loading rules needs to know about fields, operators and events: the field catalogue of the source `syscall`. */
export const ruleChecker: RuleChecker<CheckedCondition, OutputTemplate> = {
  checkCondition,
  checkTemplate: compileTemplate,
  isKnownField: text => isKnownField(text),
}
