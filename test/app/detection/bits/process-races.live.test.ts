import assert from 'node:assert/strict'
import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {
  armedDetector,
  type DetectorProcess,
  readSummary,
} from '../../../support/detector-process.ts'
import {eventually} from '../../../support/eventually.ts'
import {requireLive} from '../../../support/live.ts'
import {makeRaceFolder, raceArguments} from './race-folder.ts'

/**
 * What a process is changes right after user space told the kernel's filter what it is: see `process-races.c`. Each scenario opens a
 * file named after it; the rule of that name asks for the file and for this of the process.
 */
const SCENARIOS: readonly {
  readonly name: string
  readonly condition: string
  /** The program that begins. */
  readonly as: 'hp_marker' | 'hp_other'
  readonly rounds: number
  /** Times that a process opens the file which the condition is about. */
  readonly alerts: number
}[] = [
  // Every other program is the marker; each but the last opens four times.
  {name: 'exec', condition: 'proc.name = hp_marker', as: 'hp_other', rounds: 20, alerts: 40},
  {name: 'exec_thread', condition: 'proc.name = hp_marker', as: 'hp_other', rounds: 20, alerts: 40},
  {
    name: 'exec_fast',
    condition: 'proc.name = hp_marker',
    as: 'hp_other',
    rounds: 2000,
    alerts: 3000,
  },
  {name: 'vfork', condition: 'proc.name = hp_marker', as: 'hp_other', rounds: 10, alerts: 10},
  {name: 'fork', condition: 'proc.name = hp_marker', as: 'hp_marker', rounds: 1000, alerts: 2003},
  {
    name: 'parent_exec',
    condition: 'proc.pname = hp_marker',
    as: 'hp_other',
    rounds: 10,
    alerts: 10,
  },
  {
    name: 'parent_exit',
    condition: 'not proc.pname = hp_other',
    as: 'hp_other',
    rounds: 10,
    alerts: 10,
  },
  {
    name: 'session',
    condition: 'proc.is_sid_leader = true',
    as: 'hp_other',
    rounds: 10,
    alerts: 10,
  },
  {
    name: 'capability',
    condition: 'not thread.cap_effective contains CAP_CHOWN',
    as: 'hp_other',
    rounds: 10,
    alerts: 10,
  },
  {
    name: 'user',
    condition: 'user.uid = 12345 and proc.name = hp_other',
    as: 'hp_other',
    rounds: 10,
    alerts: 10,
  },
  {name: 'many', condition: 'proc.name = hp_marker', as: 'hp_other', rounds: 20_000, alerts: 0},
]
/** Opened by a child whose number another process had. */
const REUSE = {name: 'reuse', condition: 'proc.pname = hp_marker'}

describe('processes that change under a filter', function () {
  this.timeout(120_000)
  let folder: string
  let detector: DetectorProcess
  let first: ChildProcess | undefined

  before(async function () {
    requireLive(this as never, {feature: 'kernel filters'})
    folder = makeRaceFolder(this as never, [...SCENARIOS, REUSE])
    detector = await armedDetector(raceArguments(folder))
  })

  after(async () => {
    first?.kill('SIGKILL')
    await detector?.end('SIGKILL')
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  const count = (rule: string): number =>
    detector.stdout().filter(line => (JSON.parse(line) as {rule: string}).rule === rule).length

  for (const {name, as, rounds, alerts} of SCENARIOS) {
    it(`${name}: ${alerts} alerts`, async () => {
      const program = join(folder, as)
      const {status, stderr} = spawnSync(program, [name, folder, String(rounds)])
      assert.equal(status, 0, stderr.toString())
      if (alerts > 0) await eventually(() => count(name) >= alerts, {what: `${alerts} alerts`})
    })
  }

  it('reuse: an alert of a process with the number of another one', async () => {
    first = spawn(join(folder, 'hp_other'), ['first', folder, '0'])
    let output = ''
    first.stdout!.on('data', chunk => {
      output += chunk
    })
    await eventually(() => output.endsWith('\n'))
    // It learns of nothing that happens now: neither of the end of the one, nor of the start of the other.
    process.kill(detector.pid, 'SIGSTOP')
    try {
      const ended = new Promise(resolve => first!.on('close', resolve))
      first.stdin!.end()
      await ended
      const second = spawnSync(join(folder, 'hp_marker'), ['second', folder, output.trim()])
      assert.equal(second.status, 0)
    } finally {
      process.kill(detector.pid, 'SIGCONT')
    }
    await eventually(() => count(REUSE.name) >= 1)
  })

  it('raise no alert too many, and leave in the kernel what no rule can match', async () => {
    assert.equal(await detector.end('SIGINT'), 0, detector.stderr())
    const {by_rule: byRule, by_kind: byKind, drops} = readSummary(join(folder, 'summary.json'))
    assert.equal(drops.total, 0)
    const wanted = [...SCENARIOS.filter(({alerts}) => alerts > 0), {...REUSE, alerts: 1}]
    assert.deepEqual(
      Object.fromEntries(Object.entries(byRule).filter(([, found]) => found > 0)),
      Object.fromEntries(wanted.map(({name, alerts}) => [name, alerts])),
    )
    assert.ok((byKind['openat']?.filtered ?? 0) > 19_000)
  })
})
