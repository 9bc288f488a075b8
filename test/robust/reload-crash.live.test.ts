import assert from 'node:assert/strict'
import {mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {listObjects} from '../../src/sensor/bpf-syscall.ts'
import {armedDetector, type DetectorProcess} from '../support/detector-process.ts'
import {eventually} from '../support/eventually.ts'
import {requireLive} from '../support/live.ts'
import {FULL, ruleText} from './truths.ts'

const ROUNDS = FULL ? 40 : 6
/** A reload takes about this long from the change of the file on: the end comes at any moment of it. */
const LONGEST_MS = 150
const CALLS = ['mkdir', 'unlink', 'rename', 'connect', 'chmod', 'mount', 'setuid', 'ptrace']

describe('a detector that is killed in the middle of a reload', function () {
  this.timeout(300_000)
  let folder: string
  let run: DetectorProcess | undefined

  beforeEach(function () {
    requireLive(this as never, {feature: 'reloads'})
    folder = mkdtempSync(join(tmpdir(), 'detector-reload-crash-'))
  })
  afterEach(async () => {
    await run?.end('SIGKILL')
    run = undefined
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  it(`leaves nothing in the kernel, ${ROUNDS} times`, async () => {
    const rules = join(folder, 'rules.yaml')
    const moments: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      writeFileSync(rules, fileText(0))
      run = await armedDetector(['-r', rules, '-v', '-o', 'kernel_filter=true'])
      const {pid} = run
      for (let change = 1; change <= 3; change++) {
        writeFileSync(`${rules}.new`, fileText(change))
        renameSync(`${rules}.new`, rules)
        const isLast = change === 3
        await (isLast
          ? pause(Math.random() * LONGEST_MS)
          : eventually(() => run!.stderr().includes(`generation ${change + 1} is in force`)))
      }
      // It stands still while its objects are listed, so that the list is whole.
      process.kill(pid, 'SIGSTOP')
      await eventually(() => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')))
      const owned = objectsOf(pid)
      const objects = (['program', 'map'] as const).flatMap(type =>
        listObjects(type).filter(({id}) => owned[type].has(id)),
      )
      assert.ok(objects.length > 20, `${objects.length} objects`)
      moments.push(`${objects.length}`)
      assert.equal(await run.end('SIGKILL'), null)
      await eventually(
        () =>
          (['program', 'map'] as const).every(type =>
            listObjects(type).every(({id}) => !owned[type].has(id)),
          ),
        {what: 'the kernel to let go of everything', withinMs: 10_000},
      )
    }
    console.log(`      objects when it was killed: ${moments.join(', ')}`)
  })
})

/** Rules that want other calls, and other paths of the same calls, each time. */
function fileText(change: number): string {
  const calls = CALLS.slice(change, change + 5)
  const condition = `evt.type in (openat, ${calls.join(', ')}) and fd.name startswith /nowhere${change}/`
  return `[${ruleText('r', condition, ['fd.name'])}]`
}

/** Programs and maps that the descriptors of a process refer to. */
function objectsOf(pid: number): {readonly program: Set<number>; readonly map: Set<number>} {
  const found = {program: new Set<number>(), map: new Set<number>()}
  const folder = `/proc/${pid}/fdinfo`
  for (const fd of readdirSync(folder)) {
    const text = readFileSync(join(folder, fd), 'latin1')
    const id = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1])
    if (id('prog_id') > 0) found.program.add(id('prog_id'))
    if (id('map_id') > 0) found.map.add(id('map_id'))
  }
  return found
}
