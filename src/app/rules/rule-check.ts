import {BUILTIN_PLUGINS, unmetRequirements} from '../../compiler/rules/read/plugin-requirements.ts'
import {issueText, resultDetails} from '../../compiler/rules/report/result-text.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {Log} from '../../diagnostics/log.ts'
import {liveGaps} from './live-coverage.ts'
import type {ReadRuleFiles} from './rule-files.ts'
import {compileRuleSet, createRuleSetCache, type RuleSet, type RuleSetOptions} from './rule-set.ts'

/** The rules of files that can be used, or why they cannot be. */
export type RuleCheck = (rules: ReadRuleFiles) => RuleSet | CodedError

/**
 * Makes the check that rules pass before they reach the detection thread. It logs warnings and what live detection cannot
 * serve, each once as long as it stays true; an edit costs what was edited.
 */
export function createRuleCheck(ruleOptions: RuleSetOptions, log: Log): RuleCheck {
  const cache = createRuleSetCache(ruleOptions.probes)
  let told: ReadonlySet<string> = new Set()
  return ({files, warnings}) => {
    const set = compileRuleSet(files, ruleOptions, cache)
    const {results, pluginRequirements} = set.loaded
    const invalid = results.filter(result => !result.successful)
    const details = invalid.map(result => resultDetails({...result, warnings: []})).join('')
    if (!set.usable) {
      const names = invalid.map(({name}) => name).join(', ')
      return new CodedError('RULE_INVALID', `invalid rules in ${names}\n${details.trimEnd()}`)
    }
    const [unmet] = unmetRequirements(pluginRequirements, BUILTIN_PLUGINS)
    if (unmet !== undefined) {
      const wanted = unmet.map(({name, version}) => `'${name}' ${version}`).join(' or ')
      return new CodedError(
        'RULE_INVALID',
        `the rules require plugin ${wanted}, which is not there`,
      )
    }
    const remarks = [...warnings, ...liveGaps(set)]
    if (details !== '') remarks.push(`left out what is invalid:\n${details.trimEnd()}`)
    if (set.rules.length === 0) remarks.push('no rule is switched on: nothing will alert')
    for (const remark of remarks) if (!told.has(remark)) log('warning', remark)
    told = new Set(remarks)
    for (const issue of results.flatMap(result => result.warnings)) log('debug', issueText(issue))
    return set
  }
}
