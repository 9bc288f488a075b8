import {spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {setTimeout as pause} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
/** Clock ticks a second of the times in /proc. */
const TICKS_PER_SECOND = 100

/** Processor time in a second, in milliseconds, up to which a detector counts as doing nothing. */
const IDLE_MS = 100

/** A detector in a process of its own. */
export interface DetectorRun {
  /** Processor time that it has used, user and system, in milliseconds. */
  readonly cpuMs: () => number
  /** Memory that it holds, in MiB. */
  readonly residentMib: () => number
  readonly pid: number
  /** What it wrote to standard error up to now. */
  readonly said: () => string
  /** Resolves once it does nothing: after a start it judges its own programs for some seconds. */
  readonly idle: () => Promise<void>
  /** Ends it; gives what it wrote to standard error. */
  readonly stop: () => Promise<string>
}

/** Starts a detector with these arguments and waits until it is armed. Its alerts go nowhere. */
export async function startDetector(args: readonly string[]): Promise<DetectorRun> {
  const child = spawn(process.execPath, [MAIN, 'run', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  const exited = new Promise<string>(resolve => child.on('close', () => resolve(said)))
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('armed:')) resolve()
    })
    child.on('close', () => reject(new Error(`the detector ended: ${said}`)))
  })
  const file = (name: string): string => readFileSync(`/proc/${child.pid}/${name}`, 'latin1')
  const cpuMs = (): number => {
    const words = file('stat').split(') ')[1]!.split(' ')
    return ((Number(words[11]) + Number(words[12])) * 1000) / TICKS_PER_SECOND
  }
  return {
    pid: child.pid ?? -1,
    said: () => said,
    cpuMs,
    idle: async () => {
      for (let before = -IDLE_MS; cpuMs() - before >= IDLE_MS; ) {
        before = cpuMs()
        await pause(1000)
      }
    },
    residentMib: () => Math.round(Number(/^VmRSS:\s*(\d+)/m.exec(file('status'))?.[1] ?? 0) / 1024),
    stop: async () => {
      child.kill('SIGINT')
      return exited
    },
  }
}
