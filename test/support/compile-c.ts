import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import type {Context} from 'mocha'
import {packageRoot} from '../../src/paths.ts'

/**
 * Compiles `test/testdata/live/NAME.c` into the folder and gives the program's path. Skips the test without a C compiler.
 *
 * @throws Error instead of skipping when `REQUIRE_LIVE=1`
 */
export function compileC(context: Context, name: string, folder: string): string {
  const program = join(folder, name)
  try {
    execFileSync('gcc', ['--version'], {stdio: 'ignore'})
  } catch (cause) {
    if (process.env['REQUIRE_LIVE'] === '1') throw new Error('no gcc', {cause})
    console.log('      skipping what needs a C compiler: no gcc')
    context.skip()
  }
  const source = join(packageRoot, 'test', 'testdata', 'live', `${name}.c`)
  execFileSync('gcc', ['-O1', '-o', program, source])
  return program
}
