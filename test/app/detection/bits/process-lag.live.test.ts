import assert from 'node:assert/strict'
import {type ChildProcess, spawn} from 'node:child_process'
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {type Burst, buildBurst, copyTrue} from '../../../support/burst.ts'
import {
  armedDetector,
  type DetectorProcess,
  readSummary,
} from '../../../support/detector-process.ts'
import {eventually} from '../../../support/eventually.ts'
import {requireLive} from '../../../support/live.ts'
import {makeRaceFolder, raceArguments, writeRules} from './race-folder.ts'

const RULES = [
  {name: 'exec', condition: 'proc.name = hp_marker'},
  {name: 'exec_thread', condition: 'proc.name = hp_marker'},
  {name: 'parent_exec', condition: 'proc.pname = hp_marker'},
  {name: 'steady', condition: 'proc.name = hp_marker and not proc.pname = hp_other'},
  {name: 'many', condition: 'proc.name = hp_marker'},
]
/** How long the detector stands still, and how long it runs then, in milliseconds. */
const STOPPED_MS = 70
const RUNNING_MS = 50
/** More than the smallest lane of the state holds. */
const LOST_EXECS = 3000

interface Line {
  readonly rule: string
  readonly incomplete?: readonly string[]
}

describe('a filter that asks for processes', function () {
  this.timeout(120_000)
  let folder: string
  let burst: Burst | undefined
  let detector: DetectorProcess | undefined
  const running = new Set<ChildProcess>()

  beforeEach(function () {
    requireLive(this, {feature: 'kernel filters'})
    folder = makeRaceFolder(this as never, RULES)
  })

  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL')
    await detector?.end('SIGKILL')
    detector = undefined
    for (const path of [folder, burst?.folder])
      if (path !== undefined) rmSync(path, {recursive: true, force: true})
  })

  /** Runs a scenario to its end. */
  function run(program: string, scenario: string, rounds: number): Promise<number | null> {
    const child = spawn(join(folder, program), [scenario, folder, String(rounds)])
    running.add(child)
    return new Promise(resolve =>
      child.on('close', code => {
        running.delete(child)
        resolve(code)
      }),
    )
  }

  const lines = (): Line[] => (detector?.stdout() ?? []).map(line => JSON.parse(line) as Line)
  const count = (rule: string): number => lines().filter(line => line.rule === rule).length

  async function ended(
    wanted: Readonly<Record<string, number>>,
    {mayLose = false} = {},
  ): Promise<number> {
    assert.equal(await detector?.end('SIGINT'), 0, detector?.stderr())
    const summary = readSummary(join(folder, 'summary.json'))
    if (!mayLose)
      assert.equal(summary.drops.total, 0, 'events were lost: the machine is too busy to tell more')
    const found = Object.entries(summary.by_rule).filter(([rule, n]) => n > 0 && rule in wanted)
    assert.deepEqual(Object.fromEntries(found), wanted)
    return summary.by_kind['openat']?.filtered ?? 0
  }

  it('loses nothing while the detector lags behind', async () => {
    detector = await armedDetector(raceArguments(folder))
    const {pid} = detector
    let isDone = false
    const scenarios = Promise.all([
      run('hp_other', 'exec', 20),
      run('hp_other', 'exec_thread', 20),
      run('hp_other', 'parent_exec', 20),
    ]).then(codes => {
      isDone = true
      return codes
    })
    try {
      while (!isDone) {
        process.kill(pid, 'SIGSTOP')
        await pause(STOPPED_MS)
        process.kill(pid, 'SIGCONT')
        await pause(RUNNING_MS)
      }
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    assert.deepEqual(await scenarios, [0, 0, 0])
    await eventually(() => count('parent_exec') >= 20)
    await ended({exec: 40, exec_thread: 40, parent_exec: 20})
  })

  it('loses nothing while rules come and go', async () => {
    detector = await armedDetector(raceArguments(folder))
    let isDone = false
    const scenarios = Promise.all([
      run('hp_marker', 'steady', 3000),
      run('hp_other', 'steady', 3000),
    ]).then(codes => {
      isDone = true
      return codes
    })
    for (let round = 0; !isDone; round++) {
      const names = ['hp_other', 'hp_marker', 'x'].slice(round % 3)
      const extra = names.map((name, at) => ({
        name: `extra${at}`,
        condition: `proc.name = ${name}`,
        file: 'many',
      }))
      writeRules(folder, round % 2 === 0 ? [...extra, ...RULES] : [...RULES, ...extra.reverse()])
      await pause(100)
    }
    assert.deepEqual(await scenarios, [0, 0])
    // What is missing is told below, with what was lost.
    await eventually(() => count('steady') >= 3000, {withinMs: 15_000}).catch(() => undefined)
    assert.ok((await ended({steady: 3000})) > 0)
  })

  it('is sound, then sharp again, after records were lost', async function () {
    burst = buildBurst(this)
    const program = copyTrue(folder)
    detector = await armedDetector([...raceArguments(folder), '-o', 'ring.state_mib=1'])
    process.kill(detector.pid, 'SIGSTOP')
    await burst.run('exec', LOST_EXECS, program)
    process.kill(detector.pid, 'SIGCONT')
    // Whole again: an alert without the mark.
    await eventually(
      async () => {
        const before = lines().length
        assert.equal(await run('hp_marker', 'steady', 1), 0)
        await eventually(() => lines().length > before)
        return lines().at(-1)?.incomplete === undefined
      },
      {withinMs: 20_000},
    )
    assert.equal(await run('hp_other', 'parent_exec', 10), 0)
    assert.equal(await run('hp_other', 'many', 20_000), 0)
    await eventually(() => count('parent_exec') >= 10)
    assert.ok((await ended({parent_exec: 10}, {mayLose: true})) > 15_000)
  })
})
