import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {mkdtempSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {packageRoot} from '../src/paths.ts'

/** Compiles the program that causes known numbers of events (`test/testdata/live/burst.c`); gives its path. */
export function compileBurst(): string {
  const program = join(mkdtempSync(join(tmpdir(), 'detector-bench-')), 'burst')
  execFileSync('gcc', ['-O2', '-o', program, join(packageRoot, 'test/testdata/live/burst.c')])
  return program
}

/** Runs the program to its end; gives its process id and the nanoseconds that each round of its loop took: of its own
 * processor time, but for `exec` of the clock. */
export function runBurst(
  program: string,
  action: string,
  count: number,
  argument: string,
): {readonly pid: number; readonly eachNs: number} {
  const {pid, status, stdout} = spawnSync(program, [action, String(count), argument], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`burst ${action} ended with ${status}`)
  return {pid, eachNs: Number(stdout) / count}
}

/** Opens and closes the program's own file so many times a second, in even portions, for so long. */
export async function spawnPaced(
  program: string,
  perSecond: number,
  seconds: number,
): Promise<void> {
  const child = spawn(program, ['paced', String(perSecond * seconds), `${perSecond}:${program}`], {
    stdio: 'ignore',
  })
  const status = await new Promise<number | null>(resolve => child.on('close', resolve))
  if (status !== 0) throw new Error(`burst paced ended with ${status}`)
}
