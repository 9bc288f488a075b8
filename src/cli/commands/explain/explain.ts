import {loadConfig} from '../../../app/config.ts'
import {chooseRules} from '../../../app/explain/select-rules.ts'
import {readRuleFiles} from '../../../app/rules/rule-files.ts'
import {compileRuleSet, type RuleSet} from '../../../app/rules/rule-set.ts'
import {resultDetails} from '../../../compiler/rules/report/result-text.ts'
import {CodedError} from '../../../diagnostics/error.ts'
import type {Log} from '../../../diagnostics/log.ts'
import type {Config} from '../../../schema/config/config.ts'
import {hasOption, lastValueOf, type ParsedCommand} from '../../command.ts'
import type {CliIo} from '../../io.ts'
import {renderLog} from '../../render.ts'
import {ruleOptionsOf, rulePathsOf} from '../../rule-choice.ts'
import type {RunArgs} from '../../run-args.ts'
import {toRunArgs} from '../../run-options.ts'

/** What every part of `explain` works with. */
export interface ExplainSetting {
  readonly args: RunArgs
  readonly config: Config
  readonly set: RuleSet
  /** Names and globs of the wanted rules; empty: all that run. */
  readonly names: readonly string[]
  readonly log: Log
}

/**
 * Runs `detector explain`. Ends with 1 when a file of events is damaged.
 *
 * @throws CodedError CLI_USAGE, RULE_… or CONFIG_…; CAPTURE_… for the events; SENSOR_… where the kernel is needed
 */
export async function runExplain(parsed: ParsedCommand, io: CliIo): Promise<number> {
  checkOptions(parsed)
  const args = toRunArgs(parsed, io)
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
  const set = loadSet(args, config, log)
  const names = parsed.positionals
  const setting: ExplainSetting = {args, config, set, names, log}
  const event = lastValueOf(parsed, 'event')
  // Names are looked at first: a slip costs no reading of a capture and no measuring.
  const chosen = chooseRules(set, names)
  if (event !== undefined) {
    const {explainEventFile} = await import('./explain-events.ts')
    const number = lastValueOf(parsed, 'num')
    return explainEventFile(
      setting,
      chosen,
      {
        path: event,
        filter: lastValueOf(parsed, 'filter'),
        number: number === undefined ? undefined : Number(number),
      },
      io,
    )
  }
  const {explainRuleSet} = await import('./explain-set.ts')
  return explainRuleSet(
    setting,
    chosen,
    {
      disasm: hasOption(parsed, 'disasm'),
      liveMs: hasOption(parsed, 'live') ? (args.durationMs ?? DEFAULT_LIVE_MS) : undefined,
    },
    io,
  )
}

/** How long `--live` measures when nothing is said. */
const DEFAULT_LIVE_MS = 5000

function checkOptions(parsed: ParsedCommand): void {
  const given = (name: string): boolean => hasOption(parsed, name)
  const number = lastValueOf(parsed, 'num')
  if (number !== undefined && !/^\d{1,15}$/.test(number))
    throw usage(`--num: ${JSON.stringify(number.slice(0, 40))} is not the number of an event`)
  for (const name of ['filter', 'num'])
    if (given(name) && !given('event'))
      throw usage(`--${name} chooses events: it needs --event FILE`)
  for (const name of ['live', 'disasm'])
    if (given(name) && given('event')) throw usage(`--${name} and --event do not go together`)
  if (given('duration') && !given('live')) throw usage('--duration is how long --live measures')
}

function usage(message: string): CodedError {
  return new CodedError('CLI_USAGE', message, {hint: 'see `detector help explain`'})
}

function loadSet(args: RunArgs, config: Config, log: Log): RuleSet {
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
  return set
}
