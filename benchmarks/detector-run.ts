import {spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
/** Clock ticks a second of the times in /proc. */
const TICKS_PER_SECOND = 100

/** A detector in a process of its own. */
export interface DetectorRun {
  /** Processor time that it has used, user and system, in milliseconds. */
  readonly cpuMs: () => number
  /** Memory that it holds, in MiB. */
  readonly residentMib: () => number
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
  return {
    cpuMs: () => {
      const words = file('stat').split(') ')[1]!.split(' ')
      return ((Number(words[11]) + Number(words[12])) * 1000) / TICKS_PER_SECOND
    },
    residentMib: () => Math.round(Number(/^VmRSS:\s*(\d+)/m.exec(file('status'))?.[1] ?? 0) / 1024),
    stop: async () => {
      child.kill('SIGINT')
      return exited
    },
  }
}
