import {type ChildProcess, spawn} from 'node:child_process'
import type {Alert} from '../../schema/alert.ts'
import type {ProgramConfig} from '../../schema/config/output-config.ts'
import {deliveryError, type Sink} from '../sink.ts'

/** How long a program may take to end once its input has ended, and again once it was asked to. */
const END_PATIENCE_MS = 2000

/** A program that was started. */
interface Running {
  readonly child: ChildProcess
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<ProgramEnd>
}

interface ProgramEnd {
  readonly success: boolean
  /** `ended with 1`, `ended by SIGKILL`, `cannot be started: ENOENT`. */
  readonly how: string
}

/**
 * Writes one line for each alert to the standard input of a command, which is started without a shell, in a process group
 * of its own. Kept open, an alert is delivered when the kernel has taken it for the program, and a program that ended is
 * started again with the next delivery. Otherwise each delivery is a process, and is taken when it ends with 0.
 * What the program prints is thrown away.
 */
export function programSink(config: ProgramConfig, render: (alert: Alert) => string): Sink {
  const {name, command, keepOpen, timeoutMs} = config
  let running: Running | undefined

  const failed = (reason: string): Error => deliveryError(`${name}: the program ${reason}`)

  const start = (): Running => {
    const started = startProgram(command)
    void started.ended.then(() => {
      if (running === started) running = undefined
    })
    return started
  }

  const stop = async (): Promise<void> => {
    const old = running
    running = undefined
    if (old !== undefined) await endProgram(old)
  }

  return {
    name,
    async deliver(alerts, signal) {
      const lines = alerts.map(alert => `${render(alert)}\n`).join('')
      running ??= start()
      const work = keepOpen ? keptOpen(running, lines) : runOnce(running, lines)
      const problem = await withinTime(work, timeoutMs, signal)
      if (problem === undefined) return
      // What it has not read is lost with it: a line that is half written must not meet the next one.
      const old = running
      running = undefined
      if (old !== undefined) await endProgram(old, 'SIGKILL')
      throw failed(problem)
    },
    reopen: stop,
    close: stop,
  }
}

function startProgram(command: readonly string[]): Running {
  const [file = '', ...args] = command
  const child = spawn(file, args, {stdio: ['pipe', 'ignore', 'ignore'], detached: true})
  // Its end is told by `exit`; a broken pipe before it is not the end of us.
  child.stdin?.on('error', () => {})
  const ended = new Promise<ProgramEnd>(resolve => {
    child.once('error', error => {
      const code = 'code' in error ? String(error.code) : error.message
      resolve({success: false, how: `cannot be started: ${code}`})
    })
    child.once('exit', (code, signal) =>
      resolve({success: code === 0, how: signal ? `ended by ${signal}` : `ended with ${code}`}),
    )
  })
  return {child, ended}
}

function keptOpen({child, ended}: Running, lines: string): Promise<string | undefined> {
  return Promise.race([written(child, lines), ended.then(end => end.how)])
}

async function runOnce({child, ended}: Running, lines: string): Promise<string | undefined> {
  child.stdin?.end(lines)
  const {success, how} = await ended
  return success ? undefined : how
}

/** Resolves with undefined when the pipe has taken the text, else with what went wrong. */
function written(child: ChildProcess, text: string): Promise<string | undefined> {
  return new Promise(resolve => {
    child.stdin?.write(text, error =>
      // A broken pipe is told better by the end of the program, which comes right after.
      error ? setTimeout(resolve, END_PATIENCE_MS, 'reads no more').unref() : resolve(undefined),
    )
  })
}

function withinTime(
  work: Promise<string | undefined>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise(resolve => {
    const done = (problem: string | undefined): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      resolve(problem)
    }
    const giveUp = (): void => done('was interrupted')
    const timer = setTimeout(done, timeoutMs, `was not done within ${timeoutMs} ms`)
    signal.addEventListener('abort', giveUp, {once: true})
    if (signal.aborted) giveUp()
    void work.then(done)
  })
}

/** Ends its input and waits; then it is asked to end, and at last made to. */
async function endProgram(running: Running, atOnce?: 'SIGKILL'): Promise<void> {
  const {child, ended} = running
  child.stdin?.end()
  if (atOnce === undefined && (await endsWithin(ended))) return
  for (const signal of atOnce === undefined ? (['SIGTERM', 'SIGKILL'] as const) : [atOnce]) {
    signalGroup(child, signal)
    if (await endsWithin(ended)) return
  }
}

async function endsWithin(ended: Promise<ProgramEnd>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, END_PATIENCE_MS, false)
  })
  const result = await Promise.race([ended.then(() => true), late])
  clearTimeout(timer)
  return result
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It ended in this very moment.
  }
}
