import assert from 'node:assert/strict'
import {after, before, describe, it} from 'mocha'
import {compileC} from '../support/compile-c.ts'
import type {DetectorProcess} from '../support/detector-process.ts'
import {requireLive} from '../support/live.ts'
import {
  alertsOf,
  assertNoDrops,
  assertTruths,
  type Fields,
  FULL,
  type RobustFolder,
  robustFolder,
  runTruths,
  startDetector,
} from './truths.ts'

/** Scenes of `robust-tasks.c`, and how many of its things each makes; `marks`: how many times it tells the truth. */
const SCENES = [
  {
    scene: 'storm',
    count: FULL ? 20_000 : 2000,
    title: 'a storm of processes that live under a millisecond',
  },
  {scene: 'threads', count: FULL ? 10_000 : 2000, title: 'thousands of threads at once', more: 1},
  {scene: 'thread-exec', marks: 3, title: 'a program run by a thread that is not the first'},
  {scene: 'leaderless', marks: 2, title: 'a process whose first thread has ended'},
  {scene: 'thread-child', marks: 1, title: 'a child that a thread made'},
  {scene: 'vfork', count: FULL ? 500 : 50, title: 'vfork and exec', more: 1},
  {scene: 'files', marks: 5, title: 'descriptors shared without being threads'},
  {scene: 'place', marks: 4, title: 'a working directory shared without being threads'},
  {scene: 'thread-place', marks: 2, title: 'a thread with a working directory of its own'},
  {scene: 'orphans', marks: 2, title: 'orphans of init and of a subreaper'},
  {scene: 'ids', marks: 4, title: 'changed user and group ids at the very next event'},
  {scene: 'reused', count: 20, title: 'a process id used again and again in a pid namespace'},
  {scene: 'reused-here', count: FULL ? 2000 : 100, title: 'a process id used again and again'},
] as const

describe('tasks that are hard to follow', function () {
  this.timeout(300_000)
  let folder: RobustFolder | undefined
  let run: DetectorProcess | undefined
  const truths = new Map<string, Fields[]>()
  let alerts: Fields[] = []

  before(async function () {
    requireLive(this as never, {feature: 'following tasks'})
    folder = robustFolder()
    const program = compileC(this as never, 'robust-tasks', folder.path)
    run = await startDetector(folder)
    for (const {scene, ...sizes} of SCENES) {
      const args = 'count' in sizes ? [scene, String(sizes.count)] : [scene]
      truths.set(scene, await runTruths(program, args, folder.mark))
    }
    assert.equal(await run.end('SIGINT'), 0, run.stderr())
    alerts = alertsOf(run, 'mark')
  })
  after(async () => {
    await run?.end('SIGKILL')
    folder?.remove()
  })

  for (const {scene, title, ...sizes} of SCENES) {
    it(`knows ${title}`, () => {
      const told = truths.get(scene)!
      const names = new Set(told.map(truth => truth['fd.name']))
      assertTruths(
        told,
        alerts.filter(alert => names.has(alert['fd.name'])),
      )
      const marks =
        'marks' in sizes ? sizes.marks : sizes.count + ('more' in sizes ? sizes.more : 0)
      assert.equal(told.length, marks)
    })
  }

  it('loses no event, and alerts for nothing else', () => {
    const all = [...truths.values()].reduce((sum, {length}) => sum + length, 0)
    assertNoDrops(folder!)
    assert.equal(alerts.length, all)
  })
})
