import assert from 'node:assert/strict'
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {lacksCompatCalls} from '../../../src/sensor/capabilities.ts'
import {readCallEvents, traceEventId} from '../../../src/sensor/hooks/tracefs.ts'

describe('tracefs', () => {
  let root: string
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'detector-tracefs-'))
    for (const [name, id] of [
      ['sys_exit_openat', '712'],
      ['sys_enter_openat', 'what'],
      ['other', '1'],
    ] as const) {
      mkdirSync(join(root, 'events', 'syscalls', name), {recursive: true})
      writeFileSync(join(root, 'events', 'syscalls', name, 'id'), `${id}\n`)
    }
  })
  after(() => rmSync(root, {recursive: true, force: true}))

  it('names the trace events of calls, from the first place that has some', () => {
    assert.deepEqual([...readCallEvents(['/no-such-place', root])!].sort(), [
      'syscalls/sys_enter_openat',
      'syscalls/sys_exit_openat',
    ])
    assert.equal(readCallEvents(['/no-such-place']), undefined)
  })

  const cases: readonly {event: string; want: number | undefined}[] = [
    {event: 'syscalls/sys_exit_openat', want: 712},
    {event: 'syscalls/sys_enter_openat', want: undefined},
    {event: 'syscalls/sys_exit_nothing', want: undefined},
  ]
  for (const {event, want} of cases)
    it(`gives the number of ${event}: ${want}`, () =>
      assert.equal(traceEventId(event, [root]), want))

  it('takes no path for a trace event', () => {
    assert.throws(() => traceEventId('../syscalls/sys_exit_openat', [root]), /no trace event/)
  })
})

describe('lacksCompatCalls', () => {
  const cases: readonly {name: string; config: string | undefined; want: boolean}[] = [
    {
      name: 'knows a kernel without',
      config: 'A=y\n# CONFIG_IA32_EMULATION is not set\n',
      want: true,
    },
    {name: 'knows one with', config: 'CONFIG_IA32_EMULATION=y\n', want: false},
    {name: 'takes one that says nothing for one with', config: 'A=y\n', want: false},
    {name: 'takes an unknown one for one with', config: undefined, want: false},
  ]
  for (const {name, config, want} of cases)
    it(name, () => assert.equal(lacksCompatCalls(config), want))
})
