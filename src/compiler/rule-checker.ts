import type {ProbeDef} from '../schema/probe.ts'
import {checkCondition} from './check.ts'
import type {CheckedCondition} from './checked.ts'
import {isKnownField} from './field-lookup.ts'
import {compileTemplate, type OutputTemplate} from './output/template.ts'
import {NO_PROBES, type ProbeWords, probeWords} from './probes/probe-words.ts'
import type {RuleChecker} from './rules/checker.ts'

/** What loading rules needs to know about fields, operators and events: the field catalogue of the source `syscall`. */
export const ruleChecker: RuleChecker<CheckedCondition, OutputTemplate> = checkerOf(NO_PROBES)

/** The same with the fields and events of probes. */
export function probeRuleChecker(
  probes: readonly ProbeDef[],
): RuleChecker<CheckedCondition, OutputTemplate> {
  return probes.length === 0 ? ruleChecker : checkerOf(probeWords(probes))
}

function checkerOf(words: ProbeWords): RuleChecker<CheckedCondition, OutputTemplate> {
  return {
    checkCondition: expr => checkCondition(expr, words),
    checkTemplate: text => compileTemplate(text, words.find),
    isKnownField: text => isKnownField(text, words.find),
  }
}
