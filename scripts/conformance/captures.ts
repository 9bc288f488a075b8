import {join} from 'node:path'
import {replayCapture} from '../../src/app/replay.ts'
import {
  compileRuleSet,
  engineRules,
  type RuleSet,
  type RuleSetOptions,
} from '../../src/app/rules/rule-set.ts'
import type {Alert} from '../../src/schema/alert.ts'

const DEFAULTS: RuleSetOptions = {
  appendOutput: [],
  selection: [],
  startOff: false,
  minPriority: 'Debug',
  skipInvalidRules: false,
}

/** Compiles rule texts the way `replay` does. */
export function compileRules(
  files: readonly {readonly name: string; readonly content: string}[],
  options: Partial<RuleSetOptions> = {},
): RuleSet {
  return compileRuleSet(files, {...DEFAULTS, ...options})
}

/** One rule with this condition, as a rule file. */
export function ruleText(condition: string, output = 'x'): string {
  const rule = {
    rule: 'case',
    desc: 'case',
    condition,
    output,
    priority: 'INFO',
    warn_evttypes: false,
  }
  // JSON is YAML, and needs no thought about quotes.
  return JSON.stringify([rule])
}

/** The alerts that a rule set raises over a capture of the folder. */
export async function alertsOf(
  dir: string,
  capture: string,
  set: RuleSet,
  options: {readonly hostname?: string; readonly matching?: 'first' | 'all'} = {},
): Promise<Alert[]> {
  const alerts: Alert[] = []
  await replayCapture({
    path: join(dir, 'captures', capture),
    rules: engineRules(set),
    matching: options.matching ?? 'first',
    hostname: options.hostname ?? 'host',
    onAlert: alert => alerts.push(alert),
  })
  return alerts
}
