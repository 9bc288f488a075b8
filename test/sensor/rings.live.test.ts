import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {flagNames} from '../../src/schema/flag-table.ts'
import {FLAG_TABLES} from '../../src/schema/tables/flags.ts'
import {requireLive} from '../support/live.ts'
import {type RecordedCalls, recordCalls} from '../support/record-calls.ts'

const AT_FDCWD = -100
const ENOENT = -2

describe('files opened through rings', function () {
  this.timeout(30_000)
  let folder: string
  let recorded: RecordedCalls

  before(function () {
    requireLive(this as never, {feature: 'capturing'})
    folder = mkdtempSync(join(tmpdir(), 'detector-rings-'))
    recorded = recordCalls(this as never, 'rings', folder, new Set(['ring_openat']))
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  const cases: readonly {name: string; flags: string; mode: number; file?: string}[] = [
    {name: 'one that was made', flags: 'O_CREAT|O_RDWR|O_F_CREATED', mode: 0o640, file: 'by-ring'},
    {name: 'one opened by a worker', flags: 'O_RDONLY', mode: 0, file: 'by-ring'},
    {
      name: 'one made by openat2',
      flags: 'O_EXCL|O_CREAT|O_WRONLY|O_F_CREATED',
      mode: 0o604,
      file: 'by-ring2',
    },
    {name: 'one that is not there', flags: 'O_RDONLY', mode: 0},
  ]
  it('has one record for each', () => {
    const kinds = recorded.records.filter(({kind}) => kind === 'ring_openat')
    assert.deepEqual(
      kinds.map(({event}) => event),
      [...cases, 'in the table'].map(() => 'openat'),
    )
  })
  for (const [index, {name, flags, mode, file}] of cases.entries()) {
    it(`show ${name}`, () => {
      const {values} = recorded.records.filter(({kind}) => kind === 'ring_openat')[index]!
      const {dev, ino} = file === undefined ? {dev: 0, ino: 0} : statSync(join(folder, file))
      assert.deepEqual(
        ['dirfd', 'mode', 'dev', 'ino', '$real'].map(key => values[key]),
        [AT_FDCWD, mode, dev, ino, file === undefined ? undefined : join(folder, file)],
      )
      assert.equal(flagNames(FLAG_TABLES.file_flags, Number(values['flags'])), flags)
      if (file === undefined) assert.equal(values['fd'], ENOENT)
      else assert.ok(Number(values['fd']) > 2)
    })
  }

  it('know no descriptor of a file in the table of the ring', () => {
    const {values} = recorded.records.filter(({kind}) => kind === 'ring_openat')[cases.length]!
    assert.deepEqual(
      ['fd', 'dev', '$real'].map(key => values[key]),
      [undefined, 0, undefined],
    )
  })
})
