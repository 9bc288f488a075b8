import {fieldEventBinder} from '../src/compiler/field-events.ts'
import {compileRuleMatcher} from '../src/compiler/js/matcher.ts'
import {ruleChecker} from '../src/compiler/rule-checker.ts'
import {createLoadCache} from '../src/compiler/rules/compile/load-cache.ts'
import {loadRuleFiles, type RuleFile} from '../src/compiler/rules/load.ts'
import {type Measurement, machine, measure} from './harness.ts'
import {compileCondition, generatedConditions, loadRules, publicRuleFiles} from './rule-sets.ts'

/** What {@link run} yields: times of whole rule sets. */
export interface CompileResult {
  readonly name: 'compile'
  readonly machine: ReturnType<typeof machine>
  readonly cases: readonly {
    readonly case: string
    readonly rules: number
    readonly time: Measurement
  }[]
}

/** Loads the files and one small file behind them that is new each time, as a detector does when a rule is edited. */
function reload(files: readonly RuleFile[]): Measurement {
  const cache = createLoadCache(ruleChecker)
  let edit = 0
  return measure(() => {
    const content = `- macro: edited\n  condition: proc.name = x${edit++}\n`
    loadRuleFiles([...files, {name: 'own.yaml', content}], {checker: ruleChecker, cache})
  })
}

/** Times from text to matcher: the public rule files, and conditions made up, 1,000 and 10,000 of them. */
export async function run(): Promise<CompileResult> {
  const cases: {case: string; rules: number; time: Measurement}[] = []
  const files = publicRuleFiles()
  if (files !== undefined) {
    const {rules} = loadRules(files)
    cases.push({
      case: 'load public files',
      rules: rules.length,
      time: measure(() => loadRules(files)),
    })
    cases.push({case: 'load again, one rule changed', rules: rules.length, time: reload(files)})
    const time = measure(() => compileRuleMatcher(rules, fieldEventBinder))
    cases.push({case: 'matcher of public rules', rules: rules.length, time})
  }
  for (const count of [1000, 10_000]) {
    const texts = generatedConditions(count)
    const options = {repeats: 5, calls: 1, warmUpMs: 1}
    const check = measure(() => texts.forEach(text => void compileCondition(text)), options)
    cases.push({case: 'parse and check', rules: count, time: check})
    const rules = texts.map(compileCondition)
    const time = measure(() => compileRuleMatcher(rules, fieldEventBinder), options)
    cases.push({case: 'matcher', rules: count, time})
  }
  return {name: 'compile', machine: machine(), cases}
}
