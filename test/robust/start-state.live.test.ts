import assert from 'node:assert/strict'
import {type ChildProcess, spawn} from 'node:child_process'
import {after, before, describe, it} from 'mocha'
import {compileC} from '../support/compile-c.ts'
import type {DetectorProcess} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'
import {
  addRules,
  alertsOf,
  assertTruths,
  type Fields,
  jsonLines,
  type RobustFolder,
  robustFolder,
  ruleText,
  startDetector,
} from './truths.ts'

describe('processes that were there before the detector', function () {
  this.timeout(60_000)
  let folder: RobustFolder | undefined
  let child: ChildProcess | undefined
  let run: DetectorProcess | undefined
  let told: Fields[] = []

  before(async function () {
    requireLive(this as never, {feature: 'the state at the start'})
    folder = robustFolder()
    const program = compileC(this as never, 'robust-start', folder.path)
    addRules(folder, [
      ruleText('write', `evt.type = write and proc.exepath = ${program} and fd.num > 2`, [
        'fd.name',
        'proc.pid',
      ]),
    ])
    let output = ''
    child = spawn(program, [folder.path], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {...process.env, ROBUST_MARK: folder.mark},
    })
    const ended = new Promise<number | null>(resolve => child?.on('close', resolve))
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1')
    })
    await eventually(() => output.includes('ready'), {what: 'the program to be ready'})
    run = await startDetector(folder)
    child.stdin?.end('x')
    assert.equal(await ended, 0)
    assert.equal(await run.end('SIGINT'), 0, run.stderr())
    told = jsonLines(output)
  })
  after(async () => {
    child?.kill('SIGKILL')
    await run?.end('SIGKILL')
    folder?.remove()
  })

  it('are known with all that they are, their threads and children too', () => {
    const truths = told.filter(({scene}) => scene !== 'fact')
    assertTruths(truths, alertsOf(run!, 'mark'))
    assert.deepEqual(truths.map(({scene}) => scene).sort(), [
      'early',
      'early-child',
      'early-thread',
      'early-thread',
      'early-thread',
    ])
  })

  it('are known with their files and sockets', () => {
    const wanted = told.flatMap(({write}) => (write === undefined ? [] : [write]))
    assert.equal(wanted.length, 3)
    const names = alertsOf(run!, 'write').map(alert => String(alert['fd.name']))
    // Its first byte tells the child to go on.
    assert.match(names[0] ?? '', /^pipe:\[\d+\]$/)
    assert.deepEqual(names.slice(1), wanted)
  })
})
