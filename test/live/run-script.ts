import {spawn} from 'node:child_process'
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import type {TestContainers} from './containers.ts'
import {launchScript, namespacesOf, PRELUDE} from './launch.ts'
import type {Place, Row, Script} from './row.ts'

/** The variable of the environment that all programs of a script carry; alerts show it. */
export const MARK = 'ROW'
/** A script that hangs is ended after this time. */
const DEADLINE_MS = 30_000

/** What scripts are run with. */
export interface ScriptTools {
  /** Each script gets a folder of its own below this one. */
  readonly folder: string
  readonly containers: TestContainers
  /** Programs that scripts know by the variables `ACT` and `NOTHING`. */
  readonly act: string
  readonly nothing: string
}

/** Runs a script of a row to its end. Resolves with why it failed, undefined when it did not. */
export function runScript(
  tools: ScriptTools,
  row: Row,
  script: Script,
  mark: string,
): Promise<string | undefined> {
  const place: Place & {script: string} =
    typeof script === 'string' ? {...row, script} : {...row, ...script}
  const cwd = join(tools.folder, mark)
  mkdirSync(cwd)
  // Scripts may run as another user.
  chmodSync(cwd, 0o777)
  const cgroup =
    place.container === undefined ? undefined : tools.containers.add(mark, place.container)
  writeFileSync(join(cwd, 'launch'), launchScript(place, cgroup))
  writeFileSync(join(cwd, 'script'), `${PRELUDE}${place.script}\n`)
  const [program = 'sh', ...before] = [...unshare(namespacesOf(place)), 'sh']
  return new Promise((resolve, reject) => {
    // A session of its own: no terminal, and one number to end all of it by.
    const child = spawn(program, [...before, './launch'], {
      cwd,
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        [MARK]: mark,
        ACT: tools.act,
        NOTHING: tools.nothing,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
    }
    const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), DEADLINE_MS)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve(code === 0 ? undefined : `ended with ${code ?? signal}: ${said}`)
    })
  })
}

function unshare(options: readonly string[]): string[] {
  return options.length === 0 ? [] : ['unshare', ...options]
}
