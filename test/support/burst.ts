import {spawn} from 'node:child_process'
import {copyFileSync, mkdtempSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Context} from 'mocha'
import {compileC} from './compile-c.ts'

/** What the burst program can do; see `test/testdata/live/burst.c`. */
export type BurstAction = 'open' | 'write' | 'connect' | 'exec' | 'openclose' | 'getppid'

/** The compiled burst program, in a folder of its own whose path marks its events. */
export interface Burst {
  /** Unique on the machine: rules of a test look for it. */
  readonly folder: string
  /** Runs it to its end; gives the nanoseconds that its loop took. */
  readonly run: (action: BurstAction, count: number, argument: string) => Promise<number>
}

/** Compiles the burst program. Skips the test (fails under `REQUIRE_LIVE=1`) without a C compiler. */
export function buildBurst(context: Context): Burst {
  const folder = mkdtempSync(join(tmpdir(), 'detector-burst-'))
  const program = compileC(context, 'burst', folder)
  return {
    folder,
    run: (action, count, argument) => run(program, [action, String(count), argument]),
  }
}

/** A do-nothing program in the folder, for execs that carry its path. */
export function copyTrue(folder: string): string {
  const path = join(folder, 'marked-true')
  copyFileSync('/bin/true', path)
  return path
}

function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {stdio: ['ignore', 'pipe', 'inherit']})
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) resolve(Number(output))
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}`))
    })
  })
}
