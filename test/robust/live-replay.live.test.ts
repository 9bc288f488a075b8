import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {after, before, describe, it} from 'mocha'
import type {CaptureHandler} from '../../src/sensor/scap/capture-handler.ts'
import {readCapture} from '../../src/sensor/scap/read-capture.ts'
import {eventHandler} from '../support/capture-events.ts'
import {compileC} from '../support/compile-c.ts'
import type {DetectorProcess} from '../support/detector-process.ts'
import {requireLive} from '../support/live.ts'
import {requireSysdig, sysdigLines} from '../support/sysdig.ts'
import {type Load, prepareLoad, publicRules} from './load.ts'
import {
  type AlertLine,
  addRules,
  assertNoDrops,
  FULL,
  type RobustFolder,
  robustFolder,
  ruleText,
  runTruths,
  startDetector,
} from './truths.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const SECONDS = FULL ? 20 : 1

/** Fields that every rule of the test prints. */
const COMMON = [
  ...['evt.type', 'evt.args', 'evt.res', 'evt.rawres', 'evt.rawtime', 'evt.num', 'evt.cpu'],
  ...[
    'proc.name',
    'proc.pname',
    'proc.cmdline',
    'proc.exe',
    'proc.exepath',
    'proc.cwd',
    'proc.tty',
  ],
  ...['proc.pid', 'proc.ppid', 'proc.vpid', 'proc.sid', 'proc.pgid', 'proc.sname', 'proc.nthreads'],
  ...['thread.tid', 'thread.vtid', 'proc.aname[2]', 'proc.aname[3]', 'proc.acmdline[2]'],
  ...['user.uid', 'user.name', 'user.loginuid', 'group.gid', 'group.name', 'thread.cap_effective'],
  ...['proc.is_exe_writable', 'proc.is_exe_upper_layer', 'proc.is_exe_from_memfd', 'proc.exe_ino'],
  ...['proc.exe_ino.ctime', 'proc.exe_ino.mtime', 'proc.duration', 'proc.env[ROBUST_MARK]'],
  ...['proc.stdin.name', 'proc.stdout.type', 'proc.fdlimit'],
]
/** Lists of `.scap` files say of files alone whether they close on exec, so a replay counts others too many. */
const JSONL_FIELDS = ['proc.fdopencount']
const FD_FIELDS = [
  ...[
    'fd.num',
    'fd.name',
    'fd.nameraw',
    'fd.type',
    'fd.directory',
    'fd.filename',
    'fd.ino',
    'fd.dev',
  ],
  ...['fd.sip', 'fd.cip', 'fd.sport', 'fd.cport', 'fd.l4proto', 'fd.is_server', 'fd.connected'],
]
const PATH_FIELDS = ['fs.path.name', 'fs.path.source', 'fs.path.target']
/** Calls that make up most of the load. */
const BUSY_CALLS = FULL ? ', close, read' : ''
/** Rules by what their events have. */
const RULES: readonly (readonly [name: string, events: string, fields: readonly string[]])[] = [
  ['programs', 'execve, execveat', []],
  [
    'lives',
    'clone, clone3, fork, vfork, procexit, setuid, setgid, setresuid, setresgid, setsid',
    [],
  ],
  ['opens', 'open, openat, openat2, creat', FD_FIELDS],
  ['sockets', 'socket, connect, accept, accept4, bind, sendto, recvfrom, getsockopt', FD_FIELDS],
  ['descriptors', `dup, dup2, dup3, fcntl, write, pipe2, fchdir, fchmod${BUSY_CALLS}`, FD_FIELDS],
  ['paths', 'unlink, unlinkat, rename, mkdir, chmod, fchmodat, chdir, symlinkat', PATH_FIELDS],
]

describe('a replay of what was recorded beside a run', function () {
  this.timeout(180_000)

  for (const form of ['scap', 'jsonl']) {
    describe(`as .${form}`, () => {
      let folder: RobustFolder | undefined
      let load: Load | undefined
      let run: DetectorProcess | undefined
      let capture = ''
      let live: AlertLine[] = []
      let replayed: AlertLine[] = []

      before(async function () {
        requireLive(this as never, {feature: 'recording'})
        const rules = [...publicRules(this as never), '--enable-rule', '*']
        folder = robustFolder()
        const {path} = folder
        load = await prepareLoad(this as never, folder, SECONDS)
        const tasks = compileC(this as never, 'robust-tasks', path)
        addRules(
          folder,
          RULES.map(([name, events, fields]) =>
            ruleText(
              name,
              `evt.type in (${events}) and (proc.sid = ${load!.sid} or proc.exepath = ${tasks})`,
              [...COMMON, ...(form === 'jsonl' ? JSONL_FIELDS : []), ...fields],
            ),
          ),
        )
        capture = join(path, `capture.${form}`)
        run = await startDetector(folder, ...rules, '--record', capture)
        await load.run()
        for (const scene of [
          'thread-exec',
          'vfork',
          'files',
          'place',
          'thread-place',
          'orphans',
          'ids',
        ])
          await runTruths(tasks, [scene, '10'], folder.mark)
        assert.equal(await run.end('SIGINT'), 0, run.stderr())
        // After a loss the live state is mended from the host, which no replay can do.
        assertNoDrops(folder)
        live = run.stdout().map(line => JSON.parse(line) as AlertLine)
        replayed = replay([capture, '-r', folder.rules, ...rules])
      })
      after(async () => {
        load?.stop()
        await run?.end('SIGKILL')
        folder?.remove()
      })

      it('raises the same alerts in the same order', () => {
        assert.ok(live.length > 1000)
        const names = (alerts: readonly AlertLine[]): string[] =>
          alerts.map(({rule, output_fields: fields}) => `${rule} ${String(fields['evt.time'])}`)
        assert.deepEqual(names(replayed), names(live))
        for (const [name] of RULES)
          assert.ok(
            live.some(({rule}) => rule === name),
            name,
          )
      })

      it('says the same in every field', () => {
        const differences = new Map<string, number>()
        const examples: string[] = []
        for (const [i, {rule, output_fields: fields}] of live.entries()) {
          const others = replayed[i]?.output_fields ?? {}
          for (const [name, value] of Object.entries(fields)) {
            if (JSON.stringify(value) === JSON.stringify(others[name])) continue
            const key = `${rule}: ${name}`
            differences.set(key, (differences.get(key) ?? 0) + 1)
            if (differences.get(key) === 1)
              examples.push(
                `${key}: ${JSON.stringify(value)}, replayed ${JSON.stringify(others[name])}`,
              )
          }
        }
        assert.deepEqual([...differences], [], examples.join('\n'))
      })

      if (form !== 'scap') return
      it('lists as many events in sysdig', async function () {
        requireSysdig(this)
        const ours = await countEvents(capture)
        const theirs = new Map<string, number>()
        for (const line of sysdigLines(capture)) {
          const [, , , direction, type] = line.split(' ')
          if (direction === '<' || type === 'procexit')
            theirs.set(type!, (theirs.get(type!) ?? 0) + 1)
        }
        assert.deepEqual(
          [...theirs].sort(),
          [...ours].sort(),
          'events by type, without those that sysdig 0.29.3 does not know',
        )
      })
    })
  }
})

function replay(args: readonly string[]): AlertLine[] {
  const text = execFileSync(
    process.execPath,
    [MAIN, 'replay', ...args, '--json', '--match', 'all'],
    {encoding: 'utf8', maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'inherit']},
  )
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as AlertLine)
}

/** First code that sysdig 0.29.3 does not know. */
const FIRST_UNKNOWN = 336
/** Older forms that newer calls are written in. */
const OLDER: Readonly<Record<string, string>> = {accept4: 'accept', umount2: 'umount'}
/** Calls with newer codes that have an older form. */
const WRITTEN_OLDER: ReadonlySet<string> = new Set(['dup', 'accept4', 'umount'])

/** Events for rules by their type as sysdig calls it. */
async function countEvents(path: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const take: CaptureHandler['event'] = ({def: {name, code, flags}}, stateOnly) => {
    if (stateOnly || flags.includes('skip_parser_reset')) return
    if (code >= FIRST_UNKNOWN && !WRITTEN_OLDER.has(name)) return
    const type = OLDER[name] ?? name
    counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  await readCapture(path, eventHandler(take))
  return counts
}
