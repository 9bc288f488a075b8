import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {flagNames} from '../../src/schema/flag-table.ts'
import {FLAG_TABLES} from '../../src/schema/tables/flags.ts'
import {requireLive} from '../support/live.ts'
import {type RecordedCalls, type RecordedValues, recordCalls} from '../support/record-calls.ts'

const KINDS = new Set([
  'open',
  'openat',
  'openat2',
  'creat',
  'open_by_handle_at',
  'chroot',
  'write',
  'pwrite64',
  'writev',
  'pwritev',
  'ftruncate',
  'fallocate',
  'fchmod',
  'fchown',
])
const ENOENT = -2
const EBADF = -9

describe('captured files', function () {
  this.timeout(30_000)
  let folder: string
  let recorded: RecordedCalls

  before(function () {
    requireLive(this as never, {feature: 'capturing'})
    folder = mkdtempSync(join(tmpdir(), 'detector-files-'))
    recorded = recordCalls(this as never, 'files', folder, KINDS)
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  const recordsOf = (kind: string): RecordedValues[] =>
    recorded.records.filter(record => record.kind === kind).map(({values}) => values)
  const inFolder = (text: string): string => text.replace('{folder}', folder)

  /** Opened files: by kind of record and name; `same` is the file that it must be, by device and node. */
  const opened: readonly {
    name: string
    kind: string
    by: RecordedValues
    real: string
    flags?: string
    same?: string
  }[] = [
    {
      name: 'a file that the call made',
      kind: 'open',
      by: {name: 'made', mode: 0o640, flags: 2 | 4 | 32 | (1 << 14)},
      real: '{folder}/made',
      flags: 'O_EXCL|O_CREAT|O_WRONLY|O_F_CREATED',
      same: 'made',
    },
    {
      name: 'a file that was there',
      kind: 'open',
      by: {name: 'made', flags: 2 | 4},
      real: '{folder}/made',
      flags: 'O_CREAT|O_WRONLY',
      same: 'made',
    },
    {
      name: 'a way with ..',
      kind: 'openat',
      by: {name: 'sub/../made'},
      real: '{folder}/made',
      same: 'made',
    },
    {
      name: 'a way out of a directory descriptor',
      kind: 'openat',
      by: {name: '../made', $dir: '{folder}/sub'},
      real: '{folder}/made',
      same: 'made',
    },
    {
      name: 'a symbolic link',
      kind: 'openat',
      by: {name: 'link-to-made', flags: 1},
      real: '{folder}/made',
      same: 'made',
    },
    {
      name: '.. behind a symbolic link',
      kind: 'openat',
      by: {name: 'far/inner'},
      real: '{folder}/sub/inner',
      same: 'sub/inner',
    },
    {
      name: 'a root of its own (RESOLVE_IN_ROOT)',
      kind: 'openat2',
      by: {name: '/../../inner'},
      real: '{folder}/sub/inner',
      same: 'sub/inner',
    },
    {
      name: 'a name descriptor opened again through /proc',
      kind: 'openat',
      by: {flags: 1, name: '/proc/self/fd/{path descriptor}'},
      real: '{folder}/made',
      same: 'made',
    },
    {
      name: 'a file that creat made',
      kind: 'creat',
      by: {name: 'made-by-creat', mode: 0o600, creat_flags: 0},
      real: '{folder}/made-by-creat',
      same: 'made-by-creat',
    },
    {
      name: 'a root that was changed (chroot)',
      kind: 'openat',
      by: {name: '/in-jail'},
      real: '{folder}/jail/in-jail',
      same: 'jail/in-jail',
    },
    {
      name: 'a mounted path, with the identity of the file behind it',
      kind: 'openat',
      by: {name: 'bound/inner'},
      real: '{folder}/bound/inner',
      same: 'sub/inner',
    },
    {
      name: 'a mount that was taken away',
      kind: 'openat',
      by: {name: 'inner', flags: 2},
      real: 'inner',
      same: 'sub/inner',
    },
    {
      name: 'a mount that was never put in place',
      kind: 'openat',
      by: {name: 'inner', flags: 3},
      real: 'inner',
      same: 'sub/inner',
    },
    {
      name: 'a file handle',
      kind: 'open_by_handle_at',
      by: {flags: 1 | 4096, path: '{folder}/sub/inner'},
      real: '{folder}/sub/inner',
      same: 'sub/inner',
    },
    {
      name: 'a file of the lower layer',
      kind: 'openat',
      by: {name: 'all/from-below'},
      real: '{folder}/layers/all/from-below',
      flags: 'O_RDONLY|FD_LOWER_LAYER',
    },
    {
      name: 'a file that was copied to the upper layer',
      kind: 'openat',
      by: {name: 'all/to-copy'},
      real: '{folder}/layers/all/to-copy',
      flags: 'O_WRONLY|FD_UPPER_LAYER',
    },
    {
      name: 'a file made on the upper layer',
      kind: 'openat',
      by: {name: 'all/new-above'},
      real: '{folder}/layers/all/new-above',
      flags: 'O_CREAT|O_WRONLY|O_F_CREATED|FD_UPPER_LAYER',
    },
    {
      name: 'a file that creat made on the upper layer',
      kind: 'creat',
      by: {name: 'all/creat-above', creat_flags: 1},
      real: '{folder}/layers/all/creat-above',
    },
  ]
  for (const {name, kind, by, real, flags, same} of opened) {
    it(`shows the real file behind ${name}`, () => {
      const found = recordsOf(kind).filter(values =>
        Object.entries(by).every(([key, want]) =>
          typeof want === 'string' && want.includes('{path descriptor}')
            ? /^\/proc\/self\/fd\/\d+$/.test(String(values[key]))
            : values[key] === (typeof want === 'string' ? inFolder(want) : want),
        ),
      )
      assert.equal(found.length, 1, JSON.stringify(recordsOf(kind).map(shown)))
      const [values] = found
      assert.equal(values?.['$real'], inFolder(real))
      if (flags !== undefined)
        assert.equal(flagNames(FLAG_TABLES.file_flags, Number(values?.['flags'])), flags)
      if (same === undefined) return
      const {dev, ino} = statSync(join(folder, same))
      assert.deepEqual([values?.['dev'], values?.['ino']], [dev, ino])
    })
  }

  it('tells two mounts of one file apart', () => {
    const mountOf = (name: string, flags: number): unknown =>
      recordsOf('openat').find(values => values['name'] === name && values['flags'] === flags)?.[
        '$mnt'
      ]
    const bound = mountOf('bound/inner', 1)
    const plain = mountOf('far/inner', 1)
    assert.ok(typeof bound === 'number' && typeof plain === 'number')
    assert.notEqual(bound, plain)
    assert.equal(mountOf('inner', 2), bound, 'also when it was taken away')
  })

  it('says nothing of a file that was not opened', () => {
    const failed = recordsOf('open').find(values => values['name'] === 'no-such-file')
    assert.deepEqual(
      ['fd', 'dev', 'ino', '$real', '$mnt', 'flags'].map(name => failed?.[name]),
      [ENOENT, 0, 0, undefined, undefined, 1],
    )
    const handle = recordsOf('open_by_handle_at').find(values => Number(values['fd']) < 0)
    assert.deepEqual(
      ['path', '$real', 'dev', 'ino'].map(name => handle?.[name]),
      [undefined, undefined, 0, 0],
    )
  })

  it('gives the mount descriptor of a file handle', () => {
    for (const values of recordsOf('open_by_handle_at')) assert.ok(Number(values['mountfd']) > 2)
  })

  for (const kind of [
    'write',
    'pwrite64',
    'writev',
    'pwritev',
    'ftruncate',
    'fallocate',
    'fchmod',
    'fchown',
  ]) {
    it(`shows the file that ${kind} changed`, () => {
      const changed = recordsOf(kind).find(values => values['$real'] === `${folder}/made`)
      assert.ok(changed !== undefined, JSON.stringify(recordsOf(kind).map(shown)))
      const {dev, ino} = statSync(join(folder, 'made'))
      assert.deepEqual([changed['$dev'], changed['$ino']], [dev, ino])
      assert.equal(typeof changed['$mnt'], 'number')
    })
  }

  it('says nothing of a descriptor that is not open', () => {
    const failed = recordsOf('fchmod').find(values => values['res'] === EBADF)
    assert.deepEqual(
      ['$real', '$dev', '$ino', '$mnt'].map(name => failed?.[name]),
      [undefined, undefined, undefined, undefined],
    )
  })

  it('follows chroot', () => {
    const [values] = recordsOf('chroot')
    assert.deepEqual(
      ['res', 'path', '$root', '$cwd'].map(name => values?.[name]),
      [0, 'jail', `${folder}/jail`, folder],
    )
  })
})

/** The parts of a record that tell which call it was, for messages. */
function shown({name, flags, $real}: RecordedValues): string {
  return `${name} ${flags} ${$real}`
}
