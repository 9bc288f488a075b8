import {execFileSync, spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import type {Context} from 'mocha'
import {packageRoot} from '../../src/paths.ts'

/** Skips a test or hook where there is no clang that makes BPF objects. */
export function requireClang(context: Context): void {
  const asked = spawnSync('clang', ['-target', 'bpf', '--version'], {stdio: 'ignore'})
  if (asked.status === 0) return
  if (process.env['REQUIRE_LIVE'] === '1') throw new Error('no clang for BPF')
  console.log('      skipping: no clang')
  context.skip()
}

/** Objects compiled into a folder of their own, until {@link Objects.remove}. */
export interface Objects {
  /** Compiles a source below the package root, and gives the object's path. */
  readonly compile: (source: string, options?: {readonly debug?: boolean}) => string
  /** The same, giving its bytes. */
  readonly bytes: (source: string, options?: {readonly debug?: boolean}) => Buffer
  /** Compiles this text, and gives the object's path. */
  readonly compileText: (text: string) => string
  readonly folder: string
  readonly remove: () => void
}

/** A new folder for objects. */
export function objectFolder(): Objects {
  const folder = mkdtempSync(join(tmpdir(), 'detector-objects-'))
  let count = 0
  const compile = (source: string, {debug = true}: {readonly debug?: boolean} = {}): string => {
    const object = join(folder, `${++count}.o`)
    const options = ['-O2', ...(debug ? ['-g'] : []), '-Wno-everything', '-target', 'bpf']
    execFileSync('clang', [...options, '-c', resolve(packageRoot, source), '-o', object])
    return object
  }
  return {
    compile,
    compileText: text => {
      const source = join(folder, `${++count}.c`)
      writeFileSync(source, text)
      return compile(source)
    },
    bytes: (source, options) => readFileSync(compile(source, options)),
    folder,
    remove: () => rmSync(folder, {recursive: true}),
  }
}
