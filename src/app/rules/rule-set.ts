import {
  type CaptureOptions,
  type CapturePlan,
  type PlannedRule,
  planCaptures,
} from '../../compiler/bpf/capture-plan.ts'
import type {CheckedCondition} from '../../compiler/checked.ts'
import type {OutputTemplate} from '../../compiler/output/template.ts'
import {probeRuleChecker} from '../../compiler/rule-checker.ts'
import {createLoadCache, type LoadCache} from '../../compiler/rules/compile/load-cache.ts'
import type {OutputAddition} from '../../compiler/rules/compile/output-additions.ts'
import {type Loaded, loadRuleFiles, type RuleFile} from '../../compiler/rules/load.ts'
import type {LoadedRule} from '../../compiler/rules/loaded-rule.ts'
import {type SelectionStep, selectRules} from '../../compiler/rules/rule-selection.ts'
import type {EngineRule} from '../../engine/engine.ts'
import type {Priority} from '../../schema/priority.ts'
import type {ProbeDef} from '../../schema/probe.ts'

/** How rule files become the rules that run. Plain data: it crosses threads. */
export interface RuleSetOptions {
  /** Texts and fields that the configuration adds to outputs. */
  readonly appendOutput: readonly OutputAddition[]
  /** Switches rules on and off, in order, after the files' own `enabled`. */
  readonly selection: readonly SelectionStep[]
  /** All rules are off before the first step. */
  readonly startOff: boolean
  readonly minPriority: Priority
  /** Leaves invalid rules out instead of refusing the set. */
  readonly skipInvalidRules: boolean
  /** Probes whose fields and events the rules may name. Left out: none. */
  readonly probes?: readonly ProbeDef[]
}

/** A rule set that is ready to run, or the reasons why it is not. */
export interface RuleSet {
  readonly loaded: Loaded<CheckedCondition, OutputTemplate>
  /** Whether every file is valid, or invalid rules were left out as asked. */
  readonly usable: boolean
  /** The rules that run, in the order in which they are tried. */
  readonly rules: readonly LoadedRule<CheckedCondition, OutputTemplate>[]
}

/** What one compilation leaves for the next, so that an edit costs what was edited. */
export type RuleSetCache = LoadCache<CheckedCondition, OutputTemplate>

/** An empty cache, for one owner who compiles again and again with the same probes. */
export function createRuleSetCache(probes: readonly ProbeDef[] = []): RuleSetCache {
  return createLoadCache(probeRuleChecker(probes))
}

/** Compiles rule files and selects the rules that run. The cache changes the time it takes and nothing else. */
export function compileRuleSet(
  files: readonly RuleFile[],
  options: RuleSetOptions,
  cache?: RuleSetCache,
): RuleSet {
  const loaded = loadRuleFiles(files, {
    checker: cache?.checker ?? probeRuleChecker(options.probes ?? []),
    appendOutput: options.appendOutput,
    skipInvalidRules: options.skipInvalidRules,
    // Never decides anything, and costs as much as all else; `validate` is where it is shown.
    schemaCheck: false,
    ...(cache && {cache}),
  })
  const usable = loaded.results.every(result => result.successful || options.skipInvalidRules)
  const rules = usable
    ? selectRules(loaded.rules, options.selection, {
        start: options.startOff ? 'none' : 'rules',
        minPriority: options.minPriority,
      })
    : []
  return {loaded, usable, rules}
}

/** The rules as the engine runs them. */
export function engineRules({rules}: Pick<RuleSet, 'rules'>): EngineRule[] {
  return rules.map(
    ({name, priority, source, tags, condition, eventCodes, template, extraFields}) => ({
      name,
      priority,
      source,
      tags,
      condition,
      eventCodes,
      template,
      extraFields,
    }),
  )
}

/** What of a rule decides what has to be captured for it. */
export function plannedRule(
  rule: Pick<EngineRule, 'condition' | 'eventCodes' | 'template' | 'extraFields'>,
): PlannedRule {
  const {condition, eventCodes, template, extraFields} = rule
  const outputFields = [...template.fields, ...extraFields.flatMap(extra => extra.template.fields)]
  return {condition, eventCodes, outputFields}
}

/** What the kernel has to capture for the rules. */
export function capturePlanOf({rules}: RuleSet, options?: CaptureOptions): CapturePlan {
  return planCaptures(rules.map(plannedRule), options)
}
