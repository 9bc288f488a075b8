import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {packageRoot} from '../../../../src/paths.ts'
import {runDetectorProcess} from '../../../support/detector-process.ts'
import {eventually} from '../../../support/eventually.ts'
import {requireLive} from '../../../support/live.ts'

/** Opens of a marker that the load makes, and of other names. */
const MARKED = 300

interface Measured {
  readonly duration_ms: number
  readonly by_kind: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly by_rule: Readonly<Record<string, number>>
  readonly programs: readonly {name: string; runs: number; ns_per_run: number}[]
}

describe('detector explain --live', function () {
  this.timeout(60_000)
  let dir: string
  beforeEach(function () {
    requireLive(this, {feature: 'explain --live'})
    dir = mkdtempSync(join(tmpdir(), 'detector-explain-live-'))
  })
  afterEach(() => rmSync(dir, {recursive: true, force: true}))

  it('measures what passes, what matches and what it costs, and leaves nothing behind', async () => {
    const marker = join(dir, 'marker')
    const rules = join(dir, 'rules.yaml')
    writeFileSync(
      rules,
      `
- rule: Marker opened
  desc: d
  condition: evt.type in (open, openat) and fd.name = ${marker}
  output: o
  priority: INFO
`,
      {mode: 0o600},
    )
    const statistics = readFileSync('/proc/sys/kernel/bpf_stats_enabled', 'latin1')
    const args = [
      'explain',
      '--live',
      '-M',
      '30',
      '--json',
      '-r',
      rules,
      '-o',
      'kernel_filter=true',
    ]
    const detector = runDetectorProcess([...args, '-o', 'containers.enabled=false'])
    let ended = false
    void detector.exited.then(() => {
      ended = true
    })
    await eventually(
      () => {
        if (ended) throw new Error(`the command ended: ${detector.stderr()}`)
        return detector.stderr().includes('measuring for 30 s')
      },
      {withinMs: 20_000, what: 'measuring'},
    )
    const script = `i=0; while [ $i -lt ${MARKED} ]; do : > ${marker}; : > ${dir}/other; i=$((i+1)); done`
    await new Promise(resolve => spawn('/bin/sh', ['-c', script]).on('close', resolve))
    // A signal ends the measurement early, and what was measured is printed.
    assert.equal(await detector.end('SIGINT'), 0)
    const {measured} = JSON.parse(detector.stdout().join('')) as {measured: Measured}
    assert.deepEqual(measured.by_rule, {'Marker opened': MARKED})
    const {seen = 0, filtered = 0, passed = 0, matched = 0} = measured.by_kind['openat'] ?? {}
    assert.ok(seen >= 2 * MARKED, `${seen} opens seen`)
    assert.ok(filtered >= MARKED, `${filtered} opens filtered`)
    assert.ok(passed >= MARKED && passed <= seen - filtered, `${passed} opens passed`)
    assert.equal(matched, MARKED)
    assert.ok(measured.duration_ms > 0 && measured.duration_ms < 30_000)
    const exit = measured.programs.find(({name}) => name.includes('sys_exit'))
    assert.ok(exit !== undefined && exit.runs >= 2 * MARKED && exit.ns_per_run > 0)
    assert.equal(readFileSync('/proc/sys/kernel/bpf_stats_enabled', 'latin1'), statistics)
  })

  it('needs the right to load programs', async () => {
    // Somebody else must be able to read it.
    const rules = join(packageRoot, 'rules', 'persistence.yaml')
    const detector = runDetectorProcess(['explain', '--live', '-r', rules], {uid: 65534})
    assert.equal(await detector.exited, 3)
    assert.match(detector.stderr(), /EPERM/)
  })
})
