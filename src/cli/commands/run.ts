import {writeFileSync} from 'node:fs'
import {hostname, release} from 'node:os'
import {loadConfig} from '../../app/config.ts'
import {defaultSocketPath} from '../../app/control/socket-place.ts'
import {startDetector} from '../../app/detector.ts'
import type {RunningDetector} from '../../app/detector-run.ts'
import {parseListenPlace} from '../../app/metrics/listen-place.ts'
import type {OperationSettings} from '../../app/operation.ts'
import {packageVersion} from '../../app/package-version.ts'
import {openQueue} from '../../app/queue/open-queue.ts'
import type {Log} from '../../diagnostics/log.ts'
import {formatJson} from '../../outputs/formats/json.ts'
import {formatTerminal, formatText} from '../../outputs/formats/text.ts'
import {openSink} from '../../outputs/open-sink.ts'
import type {Sink} from '../../outputs/sink.ts'
import {fileSink} from '../../outputs/sinks/file.ts'
import {openStdout, stdoutSink} from '../../outputs/sinks/stdout.ts'
import {webhookSink} from '../../outputs/sinks/webhook.ts'
import type {Alert} from '../../schema/alert.ts'
import type {Config} from '../../schema/config/config.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'
import {paintPriority, renderLog} from '../render.ts'
import {ruleOptionsOf, rulePathsOf} from '../rule-choice.ts'
import type {RunArgs} from '../run-args.ts'
import {summaryJson, summaryText} from '../run-summary.ts'
import {listenForSignals} from '../signals.ts'

const MIB = 1024 * 1024

/**
 * Runs live detection until a signal, the end of `--duration`, or a breakdown.
 * @throws CodedError with the exit code of whatever keeps it from starting.
 */
export async function runDetector(args: RunArgs, io: CliIo): Promise<number> {
  const errorColor = args.color && process.stderr.isTTY === true
  const log: Log = (level, message) => {
    if (args.quiet && level !== 'error') return
    if (level === 'debug' && !args.verbose) return
    io.stderr(`${renderLog(level, message, errorColor)}\n`)
  }
  const {config, path, warnings} = loadConfig({
    path: args.config,
    overrides: args.overrides,
    env: io.env,
  })
  if (path !== undefined) log('debug', `configuration: ${path}`)
  for (const warning of warnings) log('warning', warning)
  const rulePaths = rulePathsOf(args, config)
  log('debug', `rules: ${rulePaths.join(' ')}`)
  const end = listenForEnd()
  const detector = await startDetector({
    rulePaths,
    ruleOptions: ruleOptionsOf(args, config),
    matching: args.matchMode ?? config.ruleMatching,
    rings: {stateBytes: config.ring.stateMib * MIB, bulkBytes: config.ring.bulkMib * MIB},
    hooks: args.hooks,
    entryCopies: config.entryCopies,
    kernelFilter: config.kernelFilter,
    drops: config.drops,
    containers: config.containers,
    probes: config.probes,
    recordPath: args.recordPath,
    hostname: io.env['FALCO_HOSTNAME'] ?? hostname(),
    sinks: sinksOf(config, args, io),
    openQueue: (sinks, queueLog) =>
      openQueue(config.queue, sinks, queueLog, {uid: process.getuid?.() ?? -1, env: io.env}),
    drainMs: config.queue.drainMs,
    operation: operationOf(config, io.env),
    log,
  })
  end.detector = detector
  const {armed} = detector
  log('debug', `hooks: ${armed.hooks.join(' ')} (${armed.hookReason})`)
  log('debug', `captured: ${armed.kinds.join(' ')}`)
  log('debug', `processes at the start: ${armed.startScan}`)
  log('info', `armed: ${armed.rules} rules, ${armed.kinds.length} hooks, kernel ${release()}`)
  const timer = args.durationMs === undefined ? undefined : setTimeout(end.stop, args.durationMs)
  try {
    await Promise.race([end.stopped, detector.broken])
  } finally {
    clearTimeout(timer)
  }
  const summary = await detector.stop()
  if (args.summaryFile !== undefined) writeFileSync(args.summaryFile, `${summaryJson(summary)}\n`)
  if (!args.quiet) io.stderr(summaryText(summary))
  return EXIT.ok
}

function operationOf({control, http}: Config, env: CliIo['env']): OperationSettings {
  const path = control.socket || defaultSocketPath(process.getuid?.() ?? -1, env)
  const place = parseListenPlace(http.listen)
  return {
    control:
      control.enabled && path !== undefined ? {path, isDefault: control.socket === ''} : undefined,
    http: http.enabled && place !== undefined ? {...http, place} : undefined,
  }
}

/** Opens the outputs that a configuration names. */
export function sinksOf(config: Config, args: RunArgs, io: CliIo): Sink[] {
  const isoTime = args.isoTime || config.isoTime
  const text = (alert: Alert): string => formatText(alert, {isoTime})
  const json = (alert: Alert): string => formatJson(alert, {...config.json, isoTime})
  const line = args.json || config.jsonOutput ? json : text
  const {stdout, file, webhook} = config.outputs
  const sinks: Sink[] = []
  const shown =
    line === text && io.isTerminal
      ? (alert: Alert) =>
          formatTerminal(alert, {isoTime}, args.color ? paintPriority : (_, plain) => plain)
      : line
  if (stdout.enabled) sinks.push(stdoutSink(openStdout(), shown))
  if (file.enabled)
    sinks.push(fileSink({path: file.filename, format: line, keepOpen: file.keepOpen}))
  if (webhook.enabled) sinks.push(webhookSink({...webhook, format: json}))
  for (const output of config.sinks) {
    sinks.push(
      openSink(output, {
        isoTime,
        json: config.json,
        version: packageVersion(),
        line,
        openStdout: format => stdoutSink(openStdout(), format?.render ?? shown),
      }),
    )
  }
  return sinks
}

/** A wait for the end of the run that begins before anything is loaded, so that no signal finds the process unprepared. */
interface EndOfRun {
  /** Whom signals to reload and reopen go to, once there is one. */
  detector: RunningDetector | undefined
  readonly stopped: Promise<void>
  readonly stop: () => void
}

function listenForEnd(): EndOfRun {
  let stop!: () => void
  const stopped = new Promise<void>(resolve => {
    stop = resolve
  })
  const end: EndOfRun = {detector: undefined, stopped, stop}
  // Never taken off again: a second signal ends the process at once, until its very end.
  listenForSignals({
    stop,
    reload: () => void end.detector?.reload(),
    reopen: () => void end.detector?.reopen(),
  })
  return end
}
