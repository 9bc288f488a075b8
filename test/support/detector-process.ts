import {type ChildProcess, spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {eventually} from './eventually.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

/** A detector run as its users run it: as a process of its own. */
export interface DetectorProcess {
  readonly pid: number
  /** Complete lines on standard output so far. */
  readonly stdout: () => string[]
  readonly stderr: () => string
  /** Sends a signal; resolves with the exit code (null when killed). */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
  readonly exited: Promise<number | null>
}

/** Options of {@link runDetectorProcess}. */
export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Runs as this user. */
  readonly uid?: number
  /** A program and its arguments to run the detector under. */
  readonly under?: readonly string[]
}

/** Starts `detector` with these arguments. */
export function runDetectorProcess(
  args: readonly string[],
  options: ProcessOptions = {},
): DetectorProcess {
  const [program = process.execPath, ...before] = [...(options.under ?? []), process.execPath]
  const child: ChildProcess = spawn(program, [...before, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {...process.env, ...options.env},
    ...(options.uid === undefined ? {} : {uid: options.uid, gid: options.uid}),
  })
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve(code))
  })
  return {
    pid: child.pid ?? -1,
    stdout: () => out.split('\n').slice(0, -1),
    stderr: () => err,
    exited,
    end: signal => {
      child.kill(signal)
      return exited
    },
  }
}

/**
 * Starts `detector` and waits until it is armed. It has no control socket and no queue on disk unless the arguments speak of them:
 * what is killed leaves them behind.
 */
export async function armedDetector(
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<DetectorProcess> {
  const hasControl = args.some(arg => arg.startsWith('control.'))
  const hasQueue = args.some(arg => arg.startsWith('queue.'))
  const all = [
    ...args,
    ...(hasControl ? [] : ['-o', 'control.enabled=false']),
    ...(hasQueue ? [] : ['-o', 'queue.engine=memory']),
  ]
  const detector = runDetectorProcess(all, options)
  let ended = false
  void detector.exited.then(() => {
    ended = true
  })
  await eventually(
    () => {
      if (ended) throw new Error(`the detector ended: ${detector.stderr()}`)
      return detector.stderr().includes('armed:')
    },
    {withinMs: 15_000, what: 'the detector to be armed'},
  )
  return detector
}

/** The parts of a run's summary file that tests look at. */
export interface SummaryFile {
  readonly alerts: number
  readonly generation: number
  readonly by_rule: Readonly<Record<string, number>>
  readonly drops: {readonly total: number; readonly by_reason: Readonly<Record<string, number>>}
  readonly by_kind: Readonly<
    Record<
      string,
      {seen: number; passed: number; dropped: number; filtered: number; matched: number}
    >
  >
}

/** Reads a summary that a run wrote. */
export function readSummary(path: string): SummaryFile {
  return JSON.parse(readFileSync(path, 'utf8')) as SummaryFile
}
