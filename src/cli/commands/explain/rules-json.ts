import type {ExplainedKind} from '../../../app/explain/explain-kind.ts'
import type {ExplainedSet} from '../../../app/explain/explain-rules.ts'
import type {HookFacts} from '../../../app/explain/hook-facts.ts'
import type {Measured} from '../../../app/explain/measure-rules.ts'
import type {ShownProgram} from '../../../app/explain/programs-of.ts'
import {printTest} from '../../../compiler/explain/print-test.ts'

/** What beside the rules goes into the JSON form. */
export interface JsonExtras {
  readonly kernelFilter: boolean
  readonly measured: Measured | undefined
  readonly programs: readonly ShownProgram[] | undefined
}

/** An explained set as one JSON object; keys are stable, new ones may come. */
export function setJson(set: ExplainedSet, extras: JsonExtras): string {
  const {kernelFilter, measured, programs} = extras
  return JSON.stringify({
    loaded_rules: set.loaded,
    kernel_filter: kernelFilter,
    hooks: hooksJson(set.hooks),
    rules: set.rules.map(({rule, runs, events, notLive, follows, kinds}) => ({
      rule: rule.name,
      priority: rule.priority,
      source: rule.source,
      tags: rule.tags,
      file: rule.file,
      line: rule.position.line + 1,
      runs,
      events,
      not_live: notLive,
      needs_descriptors:
        follows === undefined ? null : {fields: follows.fields, events: follows.events},
      kinds: kinds.map(kind => kindJson(kind, set)),
    })),
    state: set.state.map(({need, everyCall, kinds, filtered, because}) => ({
      need,
      every_call: everyCall,
      kinds,
      filtered_kinds: filtered,
      because,
    })),
    ...(measured !== undefined && {measured: measuredJson(measured)}),
    ...(programs !== undefined && {programs}),
  })
}

function hooksJson(hooks: HookFacts): object {
  if (!hooks.known) return {known: false, code: hooks.error.code, reason: hooks.error.message}
  const {calls, others, watchCompat, costNs, reason} = hooks.plan
  return {known: true, calls, others, watch_compat: watchCompat, estimated_cost_ns: costNs, reason}
}

function kindJson(kind: ExplainedKind, {hooks}: ExplainedSet): object {
  const {tracepoint, call} = kind
  const attach = hooks.known
    ? tracepoint === 'sys_exit'
      ? hooks.plan.calls
      : hooks.plan.others
    : null
  return {
    kind: kind.kind,
    events: kind.events,
    flow: kind.flow,
    for_state: kind.forState,
    hook: {
      tracepoint,
      call: call?.name ?? null,
      number: call?.number ?? null,
      numbers_32bit: call?.compatNumbers ?? [],
      attach,
    },
    lane: kind.lane,
    entry_copy: kind.entryCopy,
    captured: kind.values.map(({name, maxBytes, isExtra, neededBy}) => ({
      name,
      max_bytes: maxBytes,
      extra: isExtra,
      ...(neededBy !== undefined && {needed_by: neededBy}),
    })),
    not_captured: kind.leftOut,
    kernel: {
      decided: kind.decided,
      condition: kind.condition ?? null,
      estimated_share: kind.estimate ?? null,
    },
    tests: kind.tests.map(({test, decider, always, bit, reason, plainTextOnly}) => ({
      test: printTest(test, {constants: Number.POSITIVE_INFINITY}),
      decided_in: decider,
      ...(always !== undefined && {always}),
      ...(bit !== undefined && {bit}),
      ...(reason !== undefined && {reason}),
      plain_text_only: plainTextOnly,
    })),
    other_rules: kind.otherRules,
  }
}

function measuredJson({
  durationMs,
  kernelFilter,
  kinds,
  matches,
  programs,
  cpuMs,
}: Measured): object {
  return {
    duration_ms: Math.round(durationMs),
    kernel_filter: kernelFilter,
    by_kind: Object.fromEntries(
      Object.entries(kinds).map(([kind, {seen, filtered, passed, dropped, matched}]) => [
        kind,
        {seen, filtered, passed, dropped, matched, passed_share: seen === 0 ? null : passed / seen},
      ]),
    ),
    by_rule: matches,
    programs: programs.map(({name, runs, nsPerRun}) => ({name, runs, ns_per_run: nsPerRun})),
    cpu_ms: Math.round(cpuMs),
  }
}
