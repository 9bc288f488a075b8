import {join} from 'node:path'
import {replayCapture} from '../../src/app/replay.ts'
import {engineRules, type RuleSetOptions} from '../../src/app/rules/rule-set.ts'
import {formatJson} from '../../src/outputs/formats/json.ts'
import {formatText} from '../../src/outputs/formats/text.ts'
import type {Alert} from '../../src/schema/alert.ts'
import {parsePriority} from '../../src/schema/priority.ts'
import {compileRules} from './captures.ts'
import {readSuite, type SuiteResult} from './suite-files.ts'

interface ReplayOptions {
  readonly min_priority?: string
  readonly enabled_tags?: readonly string[]
  readonly disabled_tags?: readonly string[]
  readonly disabled_rules?: readonly string[]
  readonly json_output?: boolean
  readonly json_include_output_property?: boolean
  readonly json_include_output_fields_property?: boolean
  readonly json_include_tags_property?: boolean
  readonly json_include_message_property?: boolean
  readonly time_format_iso_8601?: boolean
  readonly hostname?: string
}

interface ReplayExpect {
  readonly detected?: boolean
  readonly total?: number
  readonly counts?: Readonly<Record<string, number>>
  readonly priorities?: readonly string[]
  readonly stdout_lines?: readonly string[]
  readonly stdout_json?: readonly unknown[]
  readonly channel_lines?: readonly string[]
  readonly stdout_matches?: readonly string[]
  readonly stdout_not_matches?: readonly string[]
  readonly exit_code?: number
}

interface ReplayCase {
  readonly name: string
  readonly rules: readonly {readonly name: string; readonly content: string}[]
  readonly capture: string
  readonly options?: ReplayOptions
  readonly expect: ReplayExpect
}

interface Outcome {
  readonly exitCode: number
  readonly alerts: readonly Alert[]
  readonly lines: readonly string[]
}

/** Runs `replay.json` of a folder; undefined when there is none. */
export async function runReplay(dir: string): Promise<SuiteResult | undefined> {
  const cases = await readSuite<ReplayCase>(dir, 'replay.json')
  if (cases === undefined) return undefined
  const failed: {name: string; reason: string}[] = []
  for (const test of cases) {
    const reasons = check(test.expect, await replay(dir, test))
    if (reasons.length > 0) failed.push({name: test.name, reason: reasons.join('; ')})
  }
  return {name: 'replay', passed: cases.length - failed.length, failed, skipped: []}
}

async function replay(dir: string, test: ReplayCase): Promise<Outcome> {
  const options = test.options ?? {}
  const set = compileRules(test.rules, ruleOptions(options))
  if (!set.usable) return {exitCode: 1, alerts: [], lines: []}
  const alerts: Alert[] = []
  const {capture} = await replayCapture({
    path: join(dir, 'captures', test.capture),
    rules: engineRules(set),
    matching: 'first',
    hostname: options.hostname ?? 'host',
    onAlert: alert => alerts.push(alert),
  })
  const isoTime = options.time_format_iso_8601 ?? false
  const line = (alert: Alert): string =>
    options.json_output === true
      ? formatJson(alert, {
          isoTime,
          includeOutput: options.json_include_output_property ?? true,
          includeOutputFields: options.json_include_output_fields_property ?? true,
          includeTags: options.json_include_tags_property ?? true,
          includeMessage: options.json_include_message_property ?? false,
        })
      : formatText(alert, {isoTime})
  return {exitCode: capture.damage === undefined ? 0 : 1, alerts, lines: alerts.map(line)}
}

function ruleOptions(options: ReplayOptions): Partial<RuleSetOptions> {
  const {
    min_priority: lowest,
    enabled_tags: on,
    disabled_tags: off,
    disabled_rules: names,
  } = options
  const minPriority = lowest === undefined ? undefined : parsePriority(lowest)
  return {
    ...(minPriority === undefined ? {} : {minPriority}),
    startOff: on !== undefined && on.length > 0,
    selection: [
      ...(on ?? []).map(pattern => ({op: 'enable', match: 'tag', pattern}) as const),
      ...(off ?? []).map(pattern => ({op: 'disable', match: 'tag', pattern}) as const),
      ...(names ?? []).map(pattern => ({op: 'disable', match: 'substring', pattern}) as const),
    ],
  }
}

function check(expect: ReplayExpect, {exitCode, alerts, lines}: Outcome): string[] {
  const reasons: string[] = []
  const claim = (holds: boolean, reason: string): void => {
    if (!holds) reasons.push(reason)
  }
  const has = (line: string): boolean => lines.includes(line)
  const matches = (pattern: string): boolean => new RegExp(pattern).test(lines.join('\n'))
  if (expect.detected !== undefined)
    claim(alerts.length > 0 === expect.detected, `${alerts.length} alerts`)
  if (expect.total !== undefined)
    claim(alerts.length === expect.total, `${alerts.length} alerts instead of ${expect.total}`)
  for (const [rule, count] of Object.entries(expect.counts ?? {})) {
    const got = alerts.filter(alert => alert.rule === rule).length
    claim(got === count, `${got} alerts of ${rule} instead of ${count}`)
  }
  for (const priority of expect.priorities ?? [])
    claim(
      alerts.some(alert => alert.priority === priority),
      `no alert of priority ${priority}`,
    )
  for (const line of expect.stdout_lines ?? []) claim(has(line), `no line ${line}`)
  for (const [i, want] of (expect.stdout_json ?? []).entries())
    claim(sameJson(lines[i], want), `line ${i + 1} is ${lines[i]}`)
  if (expect.channel_lines !== undefined)
    claim(expect.channel_lines.join('\n') === lines.join('\n'), 'the lines differ')
  for (const pattern of expect.stdout_matches ?? [])
    claim(matches(pattern), `nothing fits ${pattern}`)
  for (const pattern of expect.stdout_not_matches ?? [])
    claim(!matches(pattern), `something fits ${pattern}`)
  if (expect.exit_code !== undefined)
    claim(exitCode === expect.exit_code, `exit code ${exitCode} instead of ${expect.exit_code}`)
  return reasons
}

/** Keys in any order; numbers as JavaScript reads them on both sides. */
function sameJson(line: string | undefined, want: unknown): boolean {
  if (line === undefined) return false
  const sorted = (value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, item]) => [key, sorted(item)])
      : value
  return JSON.stringify(sorted(JSON.parse(line))) === JSON.stringify(sorted(want))
}
