import assert from 'node:assert/strict'
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {resolvePathOf} from '../../src/sensor/resolve-path.ts'
import {compileC} from '../support/compile-c.ts'
import {requireLive} from '../support/live.ts'

describe('resolvePathOf', () => {
  let folder: string
  let child: ChildProcess

  before(function () {
    requireLive(this, {feature: 'following paths of other processes'})
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'detector-resolve-')))
    mkdirSync(join(folder, 'real'))
    writeFileSync(join(folder, 'real', 'file'), '')
    symlinkSync('real', join(folder, 'dirlink'))
    symlinkSync(join(folder, 'real', 'file'), join(folder, 'filelink'))
    child = spawn('/bin/sleep', ['60'], {cwd: folder})
  })
  after(() => {
    child?.kill('SIGKILL')
    if (folder !== undefined) rmSync(folder, {recursive: true})
  })

  const cases: readonly {name: string; path: string; last?: boolean; want: string | undefined}[] = [
    {name: 'a plain file', path: '{f}/real/file', want: '{f}/real/file'},
    {name: 'a linked directory', path: '{f}/dirlink/file', want: '{f}/real/file'},
    {name: 'a link, followed', path: '{f}/filelink', want: '{f}/real/file'},
    {name: 'a link itself', path: '{f}/filelink', last: false, want: '{f}/filelink'},
    {name: 'dots', path: '{f}/real/../dirlink/./file', want: '{f}/real/file'},
    {name: 'the root of the process', path: '/proc/self/root{f}/real/file', want: '{f}/real/file'},
    {name: 'its working directory', path: '/proc/self/cwd/real/file', want: '{f}/real/file'},
    {name: 'a name that is gone', path: '{f}/dirlink/gone', want: '{f}/real/gone'},
    {name: 'a directory that is gone', path: '{f}/gone/gone', want: undefined},
  ]
  for (const {name, path, last = true, want} of cases) {
    it(`finds ${name}`, () => {
      const found = resolvePathOf(child.pid!, path.replaceAll('{f}', folder), last)
      assert.equal(found?.path, want?.replaceAll('{f}', folder))
    })
  }

  it('tells the identity of the file', () => {
    const {dev, ino} = statSync(join(folder, 'real', 'file'))
    const found = resolvePathOf(child.pid!, join(folder, 'filelink'), true)
    assert.deepEqual([found?.dev, Number(found?.ino)], [dev, ino])
  })

  it('follows links from the root directory of the process, not from ours', async function () {
    const jail = join(folder, 'root')
    mkdirSync(join(jail, 'etc'), {recursive: true})
    writeFileSync(join(jail, 'etc', 'shadow'), '')
    symlinkSync('/etc/shadow', join(jail, 'link'))
    const jailed = spawn(compileC(this, 'jail', folder), [jail])
    try {
      await once(jailed.stdout, 'data')
      const found = resolvePathOf(jailed.pid!, '/link', true)
      assert.equal(found?.path, join(jail, 'etc', 'shadow'))
    } finally {
      jailed.kill('SIGKILL')
    }
  })
})
