import {alertsOf, compileRules, ruleText} from './captures.ts'
import {readSuite, type SuiteResult} from './suite-files.ts'

interface ConditionCase {
  readonly name: string
  readonly capture: string
  readonly condition: string
  readonly matches?: number
  readonly error?: true
}

/** Runs `conditions.json` of a folder: each condition is a rule of its own over its capture. Undefined when there is none. */
export async function runConditions(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<ConditionCase>(dir, 'conditions.json')
  if (cases === undefined) return undefined
  const failed: {name: string; reason: string}[] = []
  for (const test of cases) {
    const reason = await runCase(dir, test)
    if (reason !== undefined) failed.push({name: test.name, reason})
  }
  return {name: 'conditions', passed: cases.length - failed.length, failed, skipped: []}
}

async function runCase(dir: string, test: ConditionCase): Promise<string | undefined> {
  const set = compileRules([{name: 'case.yaml', content: ruleText(test.condition)}])
  if (!set.usable) {
    const message = set.loaded.results.flatMap(({errors}) => errors.map(error => error.message))
    return test.error ? undefined : `was refused: ${message.join('; ')}`
  }
  if (test.error) return 'was accepted'
  const {length} = await alertsOf(dir, test.capture, set)
  return length === test.matches
    ? undefined
    : `${length} events match instead of ${test.matches}: ${test.condition}`
}
