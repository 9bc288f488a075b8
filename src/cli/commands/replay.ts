import {statSync, writeFileSync} from 'node:fs'
import {hostname} from 'node:os'
import {loadConfig} from '../../app/config.ts'
import {type ReplayResult, replayCapture} from '../../app/replay.ts'
import {readRuleFiles} from '../../app/rules/rule-files.ts'
import {compileRuleSet, engineRules} from '../../app/rules/rule-set.ts'
import {resultDetails} from '../../compiler/rules/report/result-text.ts'
import {CodedError} from '../../diagnostics/error.ts'
import type {Log} from '../../diagnostics/log.ts'
import {formatJson} from '../../outputs/formats/json.ts'
import {formatTerminal, formatText} from '../../outputs/formats/text.ts'
import type {Alert} from '../../schema/alert.ts'
import type {Config} from '../../schema/config/config.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'
import {createProgressBar, type ProgressBar} from '../progress-bar.ts'
import {paintPriority, renderLog} from '../render.ts'
import {ruleOptionsOf, rulePathsOf} from '../rule-choice.ts'
import type {RunArgs} from '../run-args.ts'

const NS_PER_MS = 1_000_000

/** Alerts of a replay, counted. */
interface Counts {
  alerts: number
  readonly byRule: Map<string, number>
  readonly byPriority: Map<string, number>
}

/**
 * Runs the rules over a capture and prints the alerts. The exit code is 1 when the capture ends in damage or holds nothing.
 *
 * @throws CodedError RULE_… for the rules, CAPTURE_… for the file, CONFIG_… for the configuration
 */
export async function runReplay(capture: string, args: RunArgs, io: CliIo): Promise<number> {
  const log: Log = (level, message) => {
    if (args.quiet && level !== 'error') return
    if (level === 'debug' && !args.verbose) return
    io.stderr(`${renderLog(level, message, args.color && process.stderr.isTTY === true)}\n`)
  }
  const {config, warnings} = loadConfig({
    path: args.config,
    overrides: args.overrides,
    env: io.env,
  })
  for (const warning of warnings) log('warning', warning)
  const rules = loadRules(args, config, log)
  const format = lineFormat(args, config, io)
  const counts: Counts = {alerts: 0, byRule: new Map(), byPriority: new Map()}
  const progress = progressBar(capture, args, io)
  const result = await replayCapture({
    path: capture,
    rules,
    matching: args.matchMode ?? config.ruleMatching,
    hostname: io.env['FALCO_HOSTNAME'] ?? hostname(),
    limitNs: args.durationMs === undefined ? undefined : BigInt(args.durationMs * NS_PER_MS),
    onProgress: progress?.update,
    onAlert: alert => {
      count(counts, alert)
      progress?.hide()
      io.stdout(`${format(alert)}\n`)
    },
  })
  progress?.hide()
  if (args.summaryFile !== undefined)
    writeFileSync(args.summaryFile, `${JSON.stringify(summary(result, counts))}\n`)
  return verdict(capture, result, log)
}

/** By the bytes of the file that are read. On a terminal only, and only for a file whose size is known. */
function progressBar(capture: string, args: RunArgs, io: CliIo): ProgressBar | undefined {
  if (args.quiet || process.stderr.isTTY !== true) return undefined
  const file = statSync(capture, {throwIfNoEntry: false})
  if (file?.isFile() !== true) return undefined
  return createProgressBar({total: file.size, write: io.stderr, now: () => performance.now()})
}

function loadRules(args: RunArgs, config: Config, log: Log): ReturnType<typeof engineRules> {
  const {files, warnings} = readRuleFiles(rulePathsOf(args, config))
  for (const warning of warnings) log('warning', warning)
  const set = compileRuleSet(files, ruleOptionsOf(args, config))
  const invalid = set.loaded.results.filter(({successful}) => !successful)
  const details = invalid
    .map(result => resultDetails({...result, warnings: []}))
    .join('')
    .trimEnd()
  if (!set.usable) {
    const names = invalid.map(({name}) => name).join(', ')
    throw new CodedError('RULE_INVALID', `invalid rules in ${names}\n${details}`)
  }
  if (details !== '') log('warning', `left out what is invalid:\n${details}`)
  if (set.rules.length === 0) log('warning', 'no rule is switched on: nothing will alert')
  return engineRules(set)
}

function lineFormat(args: RunArgs, config: Config, io: CliIo): (alert: Alert) => string {
  const isoTime = args.isoTime || config.isoTime
  if (args.json || config.jsonOutput) return alert => formatJson(alert, {...config.json, isoTime})
  if (!io.isTerminal) return alert => formatText(alert, {isoTime})
  const paint = args.color ? paintPriority : (_: unknown, text: string) => text
  return alert => formatTerminal(alert, {isoTime}, paint)
}

function count(counts: Counts, {rule, priority}: Alert): void {
  counts.alerts++
  counts.byRule.set(rule, (counts.byRule.get(rule) ?? 0) + 1)
  counts.byPriority.set(priority, (counts.byPriority.get(priority) ?? 0) + 1)
}

/** The summary of the command's contract; the duration is that of the capture, so that every replay gives the same. */
function summary({capture, spanNs}: ReplayResult, counts: Counts): object {
  return {
    events: capture.events,
    skipped: capture.skipped,
    alerts: counts.alerts,
    duration_ms: Number(spanNs / BigInt(NS_PER_MS)),
    by_rule: Object.fromEntries(counts.byRule),
    by_priority: Object.fromEntries(counts.byPriority),
    truncated: capture.damage !== undefined,
  }
}

function verdict(name: string, {capture}: ReplayResult, log: Log): number {
  if (capture.damage !== undefined) {
    const {offset, line, reason} = capture.damage
    const place = line === undefined ? '' : `line ${line}, `
    log(
      'warning',
      `${name} is damaged at ${place}offset ${offset} of its unpacked content: ${reason}; ${capture.events} events before it were read`,
    )
    return EXIT.findings
  }
  if (capture.events > 0) return EXIT.ok
  log('warning', `${name} holds no events`)
  return EXIT.findings
}
