import assert from 'node:assert/strict'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {requireLive} from '../support/live.ts'
import {type RecordedCalls, type RecordedValues, recordCalls} from '../support/record-calls.ts'

/** What `calls32.c` does through `int 0x80`; `{folder}` stands for the folder. */
const cases: readonly {kind: string; want: RecordedValues}[] = [
  {kind: 'open', want: {name: 'low-name', flags: 2 | 4 | (1 << 14), mode: 0o600}},
  {kind: 'openat', want: {name: 'low-name', flags: 1, $dir: '{folder}'}},
  {kind: 'rename', want: {res: 0, oldpath: 'low-name', newpath: 'other-name'}},
  {kind: 'unlink', want: {res: 0, path: 'other-name'}},
  {kind: 'mkdir', want: {res: 0, path: 'low-folder', mode: 0o700}},
  {kind: 'connect', want: {res: -9, fd: -1, addr: '\x02\x7f\0\0\x03\x09\0'}},
  {kind: 'exec_failed', want: {res: -2, filename: '/no-such-low-program'}},
]

describe('system calls through the 32-bit table', function () {
  this.timeout(30_000)
  let folder: string
  let recorded: RecordedCalls

  before(function () {
    requireLive(this as never, {feature: 'capturing'})
    folder = mkdtempSync(join(tmpdir(), 'detector-calls32-'))
    recorded = recordCalls(this as never, 'calls32', folder)
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  for (const {kind, want} of cases) {
    it(`${kind} is captured like the 64-bit call`, () => {
      const names = Object.keys(want)
      const shown = recorded.records
        .filter(record => record.kind === kind)
        .map(({values}) => JSON.stringify(names.map(name => values[name])))
      const expected = JSON.stringify(
        names.map(name => (want[name] === '{folder}' ? folder : want[name])),
      )
      assert.ok(shown.includes(expected), `${expected} is none of ${shown.join(' ')}`)
    })
  }

  it('names the call that made a task', () => {
    const made = recorded.records.filter(({kind}) => kind === 'new_task').map(({event}) => event)
    // The first is the program itself, made by the test.
    assert.deepEqual(made.slice(1), ['fork'])
  })

  it('counts socketcall, which has no record', () => {
    assert.ok(recorded.socketcalls >= 1)
  })
})
