import assert from 'node:assert/strict'
import {chmodSync, chownSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, describe, it} from 'mocha'
import {canWrite} from '../../../src/state/start/exe-facts.ts'
import {mountOfPath} from '../../../src/state/start/mounts.ts'
import {parseMounts} from '../../../src/state/start/proc-text.ts'
import {readThread} from '../../../src/state/start/read-thread.ts'
import {type FakeProc, fakeProc, processFiles} from '../../support/fake-proc.ts'

describe('whether a process may write its executable', () => {
  const DAC = 2n
  const nobody = {uid: 5, gid: 5, groups: [27], capEffective: 0n, mapsFile: () => false}
  const cases = [
    {name: 'a stranger', writer: nobody, file: {uid: 0, gid: 0, mode: 0o755}, want: false},
    {
      name: 'its owner, even without the bit',
      writer: nobody,
      file: {uid: 5, gid: 0, mode: 0o555},
      want: true,
    },
    {name: 'its group', writer: nobody, file: {uid: 0, gid: 5, mode: 0o775}, want: true},
    {name: 'a further group', writer: nobody, file: {uid: 0, gid: 27, mode: 0o770}, want: true},
    {
      name: 'a group that may not, though all others may',
      writer: nobody,
      file: {uid: 0, gid: 27, mode: 0o757},
      want: false,
    },
    {name: 'everybody', writer: nobody, file: {uid: 0, gid: 0, mode: 0o757}, want: true},
    {
      name: 'a capability over mapped ids',
      writer: {...nobody, capEffective: DAC, mapsFile: () => true},
      file: {uid: 0, gid: 0, mode: 0o755},
      want: true,
    },
    {
      name: 'a capability over ids that are not mapped',
      writer: {...nobody, capEffective: DAC},
      file: {uid: 0, gid: 0, mode: 0o755},
      want: false,
    },
    {
      name: 'another capability',
      writer: {...nobody, capEffective: 4n, mapsFile: () => true},
      file: {uid: 0, gid: 0, mode: 0o755},
      want: false,
    },
  ]
  for (const {name, writer, file, want} of cases) {
    it(`says ${want} for ${name}`, () => {
      assert.equal(canWrite(writer, file), want)
    })
  }
})

describe('reading an executable', () => {
  let proc: FakeProc
  afterEach(() => proc.remove())

  const mk = (mountinfo: string): FakeProc => {
    const made = fakeProc({...processFiles({pid: 7}), bin: 'x', '7/mountinfo': mountinfo})
    const bin = join(made.folder, 'bin')
    chmodSync(bin, 0o757)
    if (process.getuid?.() === 0) chownSync(bin, 0, 0)
    made.write({'7/exe': `-> ${bin}`})
    return made
  }
  const read = () => readThread(proc.source(), 7, {fds: false, env: false})?.thread

  it('takes inode and times from the file itself', () => {
    proc = mk('21 1 8:1 / / rw - ext4 /dev/sda1 rw\n')
    const stat = statSync(join(proc.folder, 'bin'), {bigint: true})
    const thread = read()
    assert.equal(BigInt(thread?.exeInode ?? 0), stat.ino)
    assert.deepEqual([thread?.exeCtimeNs, thread?.exeMtimeNs], [stat.ctimeNs, stat.mtimeNs])
    assert.equal(thread?.exeWritable, true)
  })

  it('knows that nothing is writable on a read-only file system', () => {
    proc = mk('21 1 8:1 / / rw - ext4 /dev/sda1 ro\n')
    assert.equal(read()?.exeWritable, false)
  })

  it('does not ask a file system that may not answer', () => {
    proc = mk('21 1 8:1 / / rw - ext4 /dev/sda1 rw\n')
    proc.write({
      '7/mountinfo': `21 1 8:1 / / rw - ext4 / rw\n22 21 0:9 / ${proc.folder} rw - fuse x rw\n`,
    })
    assert.equal(read()?.exeInode, 0)
  })

  it('finds the mount that holds a path', () => {
    const mounts = parseMounts(
      '1 0 8:1 / / rw - a a rw\n2 1 8:2 / /srv rw - b b rw\n3 1 8:3 / /srv rw - c c rw\n4 1 8:4 / /srv/x rw - d d rw\n',
    )
    const types = ['/srvx', '/srv', '/srv/y', '/srv/x/y'].map(
      path => mountOfPath(mounts, path)?.type,
    )
    assert.deepEqual(types, ['a', 'c', 'c', 'd'])
  })
})
