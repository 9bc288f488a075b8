import {hostname, release} from 'node:os'
import {loadConfig} from '../../app/config.ts'
import {startRecording} from '../../app/record.ts'
import type {Log} from '../../diagnostics/log.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'
import {renderLog} from '../render.ts'
import type {RunArgs} from '../run-args.ts'
import {listenForSignals} from '../signals.ts'

const MIB = 1024 * 1024

/**
 * Writes live events to a capture until a signal or the end of `--duration`.
 *
 * @returns 0; 3 when the file could not be written to the end
 * @throws CodedError with the exit code of whatever keeps it from starting.
 */
export async function runRecord(
  path: string,
  filter: string | undefined,
  args: RunArgs,
  io: CliIo,
): Promise<number> {
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
  let end!: () => void
  const ended = new Promise<void>(resolve => {
    end = resolve
  })
  listenForSignals({stop: end, reload: () => {}, reopen: () => {}})
  const recording = await startRecording({
    path,
    filter,
    rings: {stateBytes: config.ring.stateMib * MIB, bulkBytes: config.ring.bulkMib * MIB},
    hooks: args.hooks,
    entryCopies: config.entryCopies,
    drops: {...config.drops, actions: ['log']},
    containers: config.containers,
    hostname: hostname(),
    log,
  })
  log('info', `recording to ${path}: ${recording.armed.kinds.length} hooks, kernel ${release()}`)
  const timer = args.durationMs === undefined ? undefined : setTimeout(end, args.durationMs)
  try {
    await Promise.race([ended, recording.broken])
  } finally {
    clearTimeout(timer)
  }
  const {recording: written, drops} = await recording.stop()
  const lost = Object.values(drops).reduce((sum, count) => sum + count, 0)
  if (args.json) {
    io.stdout(`${JSON.stringify({path, events: written?.events, bytes: written?.bytes, lost})}\n`)
  } else {
    log('info', `${written?.events ?? 0} events in ${path}, ${lost} lost`)
  }
  return written?.failure === undefined ? EXIT.ok : EXIT.environment
}
