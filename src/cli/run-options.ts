import {parsePriority} from '../schema/priority.ts'
import type {RuleSelection} from '../schema/rule-selection.ts'
import {hasOption, lastValueOf, type ParsedCommand, valuesOf} from './command.ts'
import type {CliIo} from './io.ts'
import {type ColorChoice, wantsColor} from './render.ts'
import {HOOK_CHOICES, type RunArgs} from './run-args.ts'

/** Output additions that people ask for by one word. */
const PRINT_PRESETS: ReadonlyMap<string, string> = new Map([
  ['c', 'container_id=%container.id container_name=%container.name'],
  ['container', 'container_id=%container.id container_name=%container.name'],
  ['k', 'k8s_ns=%k8s.ns.name k8s_pod=%k8s.pod.name container_id=%container.id'],
  ['k8s', 'k8s_ns=%k8s.ns.name k8s_pod=%k8s.pod.name container_id=%container.id'],
  ['kubernetes', 'k8s_ns=%k8s.ns.name k8s_pod=%k8s.pod.name container_id=%container.id'],
])

/** What the options of `run` mean, Falco's letters included. */
export function toRunArgs(parsed: ParsedCommand, io: CliIo): RunArgs {
  const duration = lastValueOf(parsed, 'duration')
  const priority = lastValueOf(parsed, 'priority')
  const match = lastValueOf(parsed, 'match')
  const format = lastValueOf(parsed, 'print-format')
  const hooks = lastValueOf(parsed, 'hooks')
  return {
    ruleSources: valuesOf(parsed, 'rules'),
    config: lastValueOf(parsed, 'config'),
    overrides: valuesOf(parsed, 'option'),
    json: hasOption(parsed, 'json'),
    quiet: hasOption(parsed, 'quiet'),
    verbose: hasOption(parsed, 'verbose'),
    color: colorOf(parsed, io),
    priority: priority === undefined ? undefined : parsePriority(priority),
    tags: valuesOf(parsed, 'tag'),
    excludeTags: valuesOf(parsed, 'exclude-tag'),
    selection: selectionOf(parsed),
    matchMode: match === 'first' || match === 'all' ? match : undefined,
    durationMs: duration === undefined ? undefined : Math.ceil(Number(duration) * 1000),
    printFormat: format === undefined ? undefined : (PRINT_PRESETS.get(format) ?? format),
    summaryFile: lastValueOf(parsed, 'summary'),
    recordPath: lastValueOf(parsed, 'record'),
    isoTime: hasOption(parsed, 'iso-time'),
    hooks: HOOK_CHOICES.find(choice => choice === hooks) ?? 'auto',
    skipInvalidRules: hasOption(parsed, 'skip-invalid-rules'),
  }
}

/** Whether results are coloured. */
export function colorOf(parsed: ParsedCommand, io: CliIo): boolean {
  return wantsColor((lastValueOf(parsed, 'color') ?? 'auto') as ColorChoice, io.env, io.isTerminal)
}

function selectionOf(parsed: ParsedCommand): RuleSelection[] {
  const steps: RuleSelection[] = []
  for (const {name, value} of parsed.options) {
    if (name === 'disable-rule') steps.push({op: 'disable', match: 'wildcard', pattern: value})
    if (name === 'enable-rule') steps.push({op: 'enable', match: 'wildcard', pattern: value})
    if (name === 'D') steps.push({op: 'disable', match: 'substring', pattern: value})
  }
  return steps
}
