/*
 * The public API: rules, conditions and outputs as a library, without a kernel. Everything here is pure; nothing reads
 * files or starts threads. test/api.golden.txt lists the names, so adding one is a visible choice.
 */

export {
  compileFilter,
  type Filter,
  type FilterResult,
  type TextProblem,
} from './compiler/api/compile-filter.ts'
export {compileOutput, type OutputResult} from './compiler/api/compile-output.ts'
export {
  createRuleEvaluator,
  type RuleEvaluator,
  type RuleEvaluatorOptions,
  type RuleMatch,
} from './compiler/api/evaluate-rules.ts'
export {
  type LoadedRules,
  type LoadRulesOptions,
  loadRules,
  type Rule,
} from './compiler/api/load-rules.ts'
export {
  type FieldEvent,
  type FieldEventDefaults,
  type FieldEventResult,
  parseFieldEvent,
} from './compiler/field-events.ts'
export type {BoundTemplate} from './compiler/output/bind-template.ts'
export type {CheckWarning} from './compiler/rules/checker.ts'
export {MAX_RULE_FILE_BYTES, type RuleFile} from './compiler/rules/load.ts'
export type {
  LoadErrorCode,
  LoadIssue,
  LoadResult,
  LoadWarningCode,
  Location,
} from './compiler/rules/report/load-result.ts'
export {loadResultsJson} from './compiler/rules/report/result-json.ts'
export {resultDetails, resultVerdict} from './compiler/rules/report/result-text.ts'
export {
  type SelectionOptions,
  type SelectionStep,
  selectRules,
} from './compiler/rules/rule-selection.ts'
export {codeFrame} from './diagnostics/code-frame.ts'
export {type Place, placeAt, type Span} from './diagnostics/span.ts'
export type {AlertValue} from './schema/alert.ts'
export {EDITOR_SCHEMAS} from './schema/editor-schemas.ts'
export {FIELDS, type FieldArgument, type FieldDef, findField} from './schema/field-table.ts'
export {PRIORITIES, type Priority} from './schema/priority.ts'
export type {FieldValue, Int, Scalar, ValueType} from './schema/value.ts'
