import assert from 'node:assert/strict'
import {chmodSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {compileC} from '../support/compile-c.ts'
import type {DetectorProcess} from '../support/detector-process.ts'
import {requireLive} from '../support/live.ts'
import {
  addRules,
  alertsOf,
  assertNoDrops,
  assertTruths,
  type Fields,
  FULL,
  type RobustFolder,
  robustFolder,
  ruleText,
  runTruths,
  startDetector,
} from './truths.ts'

/** Scenes of `robust-places.c` and how many marks each makes. */
const SCENES = [
  {scene: 'namespaces', marks: 3, title: 'pid namespaces, one in another'},
  {scene: 'user', marks: 2, title: 'a user namespace'},
  {scene: 'mount', marks: 2, title: 'a mount namespace with a program that only it sees'},
  {scene: 'chroot', marks: 2, title: 'a changed root directory'},
  {scene: 'deleted', marks: 1, title: 'a program whose file is gone'},
  {scene: 'memory', marks: 1, title: 'a program that was never a file'},
  {scene: 'overlay', marks: 2, title: 'programs of both layers of an overlay'},
  {scene: 'long', marks: 1, title: 'a path of nearly 4 KB'},
  {scene: 'longer', marks: 1, title: 'a directory deeper than any path reaches'},
  {scene: 'many-words', marks: 1, title: 'a program with 2 MB of arguments'},
  {scene: 'fds', count: FULL ? 102_000 : 6000, marks: 18, title: 'thousands of open descriptors'},
] as const
const NAME_MAX = 255

describe('processes in unusual places', function () {
  this.timeout(300_000)
  let folder: RobustFolder | undefined
  let run: DetectorProcess | undefined
  const truths = new Map<string, Fields[]>()
  let alerts: Fields[] = []

  before(async function () {
    requireLive(this as never, {feature: 'following places'})
    folder = robustFolder()
    const {path} = folder
    addRules(folder, [
      ruleText(
        'made',
        `evt.type = openat and fd.name startswith ${path} and fd.name contains ffffffff`,
        ['fd.name', 'proc.cwd', 'evt.res'],
      ),
      ruleText(
        'ran',
        `evt.type in (execve, execveat) and proc.args startswith "arguments ${path}"`,
        ['proc.args', 'evt.cut', 'evt.res'],
      ),
    ])
    // For processes that give up being root.
    chmodSync(path, 0o755)
    const program = compileC(this as never, 'robust-places', path)
    run = await startDetector(folder)
    for (const {scene, ...sizes} of SCENES) {
      const place = join(path, scene)
      mkdirSync(place, {mode: 0o777})
      const args = [scene, place, ...('count' in sizes ? [String(sizes.count)] : [])]
      truths.set(scene, await runTruths(program, args, folder.mark))
    }
    assert.equal(await run.end('SIGINT'), 0, run.stderr())
    alerts = alertsOf(run, 'mark')
  })
  after(async () => {
    await run?.end('SIGKILL')
    folder?.remove()
  })

  for (const {scene, title, marks} of SCENES) {
    it(`knows ${title}`, () => {
      const told = truths.get(scene)!
      const names = new Set(told.map(truth => truth['fd.name']))
      assertTruths(
        told,
        alerts.filter(alert => names.has(alert['fd.name'])),
      )
      assert.equal(told.length, marks)
    })
  }

  for (const [scene, levels] of [
    ['long', 15],
    ['longer', 40],
  ] as const) {
    it(`names a file ${levels} long directories deep`, () => {
      const path = join(folder!.path, scene, ...Array<string>(levels).fill('d'.repeat(NAME_MAX)))
      const name = `${path}/${'f'.repeat(NAME_MAX)}`
      const [alert, ...more] = alertsOf(run!, 'made').filter(fields => fields['fd.name'] === name)
      assert.equal(alert?.['proc.cwd'], `${path}/`)
      assert.equal(alert?.['evt.res'], 'SUCCESS')
      assert.equal(more.length, 0)
    })
  }

  it('keeps 4096 bytes of arguments and says that they were cut', () => {
    const [alert, ...more] = alertsOf(run!, 'ran')
    assert.equal(more.length, 0)
    const args = String(alert?.['proc.args'])
    assert.ok(args.length > 4000 && args.length <= 4096, `${args.length} bytes`)
    assert.match(args, /^arguments \S+ a+$/)
    assert.match(String(alert?.['evt.cut']), /args/)
  })

  it('loses no event, and alerts for nothing else', () => {
    const all = [...truths.values()].reduce((sum, {length}) => sum + length, 0)
    assertNoDrops(folder!)
    assert.equal(alerts.length, all)
  })
})
