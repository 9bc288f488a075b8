import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {loadConfig} from '../../../app/config.ts'
import {askDetector} from '../../../app/control/control-client.ts'
import {defaultSocketPath} from '../../../app/control/socket-place.ts'
import {policyOf} from '../../../app/queue/open-queue.ts'
import {defaultQueuePath} from '../../../app/queue/queue-place.ts'
import {
  answerQueueRequest,
  QUEUE_ACTIONS,
  type QueueAnswer,
  type QueueRequest,
} from '../../../app/queue/queue-request.ts'
import {CodedError} from '../../../diagnostics/error.ts'
import type {Log} from '../../../diagnostics/log.ts'
import {openDurableQueue} from '../../../outputs/queue/durable-queue.ts'
import type {QueueSelection} from '../../../outputs/queue.ts'
import type {Config} from '../../../schema/config/config.ts'
import {hasOption, lastValueOf, type ParsedCommand, valuesOf} from '../../command.ts'
import {EXIT} from '../../exit-codes.ts'
import type {CliIo} from '../../io.ts'
import {renderLog} from '../../render.ts'
import {colorOf, toRunArgs} from '../../run-options.ts'
import {sinksOf} from '../run.ts'
import {queueText} from './queue-text.ts'

const MIB = 1024 * 1024
/** How long `drain` waits, in seconds. */
const DEFAULT_WITHIN = 30
/** A running detector answers at most so much later than the wait that it was asked for, in milliseconds. */
const ANSWER_MS = 30_000

/**
 * Does to the queue what the command line asks for: in the running detector, or in the store when none runs.
 * @throws CodedError `CLI_USAGE`, `CONTROL_REFUSED`, `QUEUE_LOCKED`, `QUEUE_MISSING`
 */
export async function runQueue(parsed: ParsedCommand, io: CliIo): Promise<number> {
  const request = toRequest(parsed)
  const {config} = loadConfig({
    path: lastValueOf(parsed, 'config'),
    overrides: valuesOf(parsed, 'option'),
    env: io.env,
  })
  const answer =
    (await askRunning(parsed, config, io.env, request)) ??
    (await openStopped(parsed, config, io, request))
  const text = hasOption(parsed, 'json')
    ? `${JSON.stringify(answer)}\n`
    : queueText(answer, colorOf(parsed, io))
  io.stdout(text)
  const isDone =
    request.action === 'status' ? answer.view.deadLetters.length === 0 : answer.drained !== false
  return isDone ? EXIT.ok : EXIT.findings
}

function toRequest(parsed: ParsedCommand): QueueRequest {
  const action = QUEUE_ACTIONS.find(name => name === parsed.positionals[0])!
  const sink = lastValueOf(parsed, 'sink')
  const rule = lastValueOf(parsed, 'rule')
  const older = lastValueOf(parsed, 'older')
  const selection: QueueSelection = {
    ...(sink === undefined ? {} : {sink}),
    ...(rule === undefined ? {} : {rule}),
    ...(hasOption(parsed, 'dead') ? {dead: true} : {}),
    ...(older === undefined ? {} : {olderMs: Number(older) * 1000}),
  }
  const isEmpty = Object.keys(selection).length === 0
  if (action === 'purge' && isEmpty && !hasOption(parsed, 'all'))
    throw new CodedError('CLI_USAGE', 'purge needs a filter', {
      hint: 'name one of --sink, --rule, --dead, --older, or say --all',
    })
  const within = Math.min(600, Number(lastValueOf(parsed, 'within') ?? DEFAULT_WITHIN))
  return {action, selection, withinMs: within * 1000}
}

/** Undefined when no detector answers. */
async function askRunning(
  parsed: ParsedCommand,
  {control}: Config,
  env: CliIo['env'],
  request: QueueRequest,
): Promise<QueueAnswer | undefined> {
  const named = lastValueOf(parsed, 'socket')
  const path = named ?? (control.socket || defaultSocketPath(process.getuid?.() ?? -1, env))
  if (path === undefined) return undefined
  try {
    const withinMs = request.withinMs + ANSWER_MS
    const answer = await askDetector({path, request: 'queue', args: request, withinMs})
    if (isAnswer(answer)) return answer
    throw new CodedError('CONTROL_REFUSED', `${path} gave an answer that is not understood`)
  } catch (error) {
    const isSilent = error instanceof CodedError && error.code === 'CONTROL_NO_ANSWER'
    // Whoever names a detector means that one.
    if (isSilent && named === undefined) return undefined
    throw error
  }
}

function isAnswer(value: unknown): value is QueueAnswer {
  const view = (value as Partial<QueueAnswer> | null)?.view
  return Array.isArray(view?.sinks) && Array.isArray(view.deadLetters) && view.storage !== undefined
}

async function openStopped(
  parsed: ParsedCommand,
  config: Config,
  io: CliIo,
  request: QueueRequest,
): Promise<QueueAnswer> {
  const folder = config.queue.path || defaultQueuePath(process.getuid?.() ?? -1, io.env)
  if (folder === undefined || !existsSync(join(folder, 'store')))
    throw new CodedError('QUEUE_MISSING', `no detector runs, and there is no queue in ${folder}`, {
      hint: 'name the place of the queue: -o queue.path=FOLDER',
    })
  const log: Log = (level, message) => {
    if (level === 'warning' || level === 'error') io.stderr(`${renderLog(level, message, false)}\n`)
  }
  // Only who delivers needs the outputs.
  const sinks = request.action === 'drain' ? sinksOf(config, toRunArgs(parsed, io), io) : []
  const opened = await openDurableQueue(sinks, {
    folder,
    maxBytes: config.queue.maxMib * MIB,
    policyOf: policyOf(config.queue),
    log,
  })
  if ('locked' in opened) {
    for (const sink of sinks) await sink.close()
    throw new CodedError('QUEUE_LOCKED', `the queue in ${folder} is used by ${opened.locked}`, {
      hint: 'name the control socket of that detector with --socket PATH',
    })
  }
  try {
    return await answerQueueRequest(opened.queue, request)
  } finally {
    await opened.queue.close()
  }
}
