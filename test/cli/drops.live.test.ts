import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {type Burst, buildBurst, copyTrue} from '../support/burst.ts'
import {armedDetector, type DetectorProcess, readSummary} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'

/** More opens than the smallest ring holds, and few enough execs for the smallest lane of the state. */
const OPENS = 20_000
const EXECS = 50
/** More than that lane holds. */
const LOST_EXECS = 3000

interface Line {
  readonly rule: string
  readonly incomplete?: readonly string[]
  readonly output_fields: Readonly<Record<string, number>>
}

describe('lost events', function () {
  this.timeout(60_000)
  let folder: string
  let burst: Burst
  let detector: DetectorProcess | undefined

  beforeEach(function () {
    requireLive(this, {feature: 'live detection'})
    folder = mkdtempSync(join(tmpdir(), 'detector-drops-'))
    burst = buildBurst(this)
  })
  afterEach(async () => {
    await detector?.end('SIGKILL')
    detector = undefined
    for (const path of [folder, burst?.folder])
      if (path !== undefined) rmSync(path, {recursive: true, force: true})
  })

  it('of the state are said by every alert until the host has been read again', async () => {
    const program = copyTrue(folder)
    const rules = join(folder, 'rules.yaml')
    const condition = `evt.type = execve and proc.exepath = ${program}`
    const rule = {rule: 'exec', desc: 'test', condition, output: 'x', priority: 'NOTICE'}
    writeFileSync(rules, JSON.stringify([rule]))
    detector = await armedDetector(['-r', rules, '--json', '-o', 'ring.state_mib=1'])
    const lines = (): Line[] =>
      detector!
        .stdout()
        .map(line => JSON.parse(line) as Line)
        .filter(line => line.rule === 'exec')
    process.kill(detector.pid, 'SIGSTOP')
    await burst.run('exec', LOST_EXECS, program)
    process.kill(detector.pid, 'SIGCONT')
    await eventually(() => lines().some(({incomplete}) => incomplete?.includes('state') === true))
    assert.ok(lines().length < LOST_EXECS)
    // Whole again: an alert without the mark.
    await eventually(async () => {
      const before = lines().length
      await burst.run('exec', 1, program)
      await eventually(() => lines().length > before)
      return lines().at(-1)!.incomplete === undefined
    })
  })

  it('are counted, told by an alert, and are never those of the state while others flood', async () => {
    const secret = join(folder, 'secret')
    const program = copyTrue(folder)
    writeFileSync(secret, '')
    const rules = join(folder, 'rules.yaml')
    const rule = (name: string, condition: string) => ({
      rule: name,
      desc: 'test',
      condition,
      output: 'x',
      priority: 'NOTICE',
    })
    writeFileSync(
      rules,
      JSON.stringify([
        rule('open', `evt.type in (open, openat) and fd.name = ${secret}`),
        rule('exec', `evt.type = execve and proc.exepath = ${program}`),
      ]),
    )
    const summaryFile = join(folder, 'summary.json')
    const options = ['-o', 'ring.bulk_mib=1', '-o', 'ring.state_mib=1']
    detector = await armedDetector(['-r', rules, '--json', '--summary', summaryFile, ...options])
    // Stopped, it cannot keep up whatever the machine.
    process.kill(detector.pid, 'SIGSTOP')
    await burst.run('open', OPENS, secret)
    await burst.run('exec', EXECS, program)
    process.kill(detector.pid, 'SIGCONT')
    const lines = (): Line[] => detector!.stdout().map(line => JSON.parse(line) as Line)
    const count = (name: string): number => lines().filter(line => line.rule === name).length
    await eventually(
      () => count('exec') === EXECS && count('Detector internal: events dropped') > 0,
    )
    await detector.end('SIGINT')
    const {by_kind, drops} = readSummary(summaryFile)
    const kinds = Object.values(by_kind)
    assert.ok(drops.total > 0)
    assert.equal(drops.by_reason['ring_full'], drops.total)
    for (const [kind, {seen, passed, dropped, filtered}] of Object.entries(by_kind))
      assert.equal(seen, passed + dropped + filtered, kind)
    assert.equal(
      kinds.reduce((sum, {dropped}) => sum + dropped, 0),
      drops.total,
    )
    assert.ok(count('open') < OPENS, 'some opens were lost')
    assert.equal(count('exec'), EXECS)
    const told = lines().filter(line => line.rule === 'Detector internal: events dropped')
    assert.ok(told.every(line => (line.output_fields['n_drops'] ?? 0) > 0))
  })
})
