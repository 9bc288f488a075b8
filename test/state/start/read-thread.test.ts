import assert from 'node:assert/strict'
import {join} from 'node:path'
import {afterEach, describe, it} from 'mocha'
import {readFd} from '../../../src/state/start/read-fds.ts'
import {procLookup, readThread} from '../../../src/state/start/read-thread.ts'
import {BOOT_NS, type FakeProc, fakeProc, processFiles, taskFiles} from '../../support/fake-proc.ts'

const NOTHING = {fds: false, env: false}

describe('reading one thread from /proc', () => {
  let proc: FakeProc
  afterEach(() => proc.remove())

  it('reads a process', () => {
    proc = fakeProc({...processFiles({pid: 1, startTicks: 3}), ...processFiles({pid: 7})})
    const found = readThread(proc.source(), 7, {fds: false, env: true})
    assert.deepEqual(found?.thread, {
      tid: 7,
      pid: 7,
      startedNs: 1_000_000_000,
      parentTid: 1,
      sid: 30,
      pgid: 20,
      vpgid: 20,
      vtid: 7,
      vpid: 7,
      comm: 'name',
      exe: '/bin/tool',
      args: ['-x', '', 'last'],
      env: ['A=1', 'B='],
      exePath: '/bin/tool',
      cwd: '/srv',
      cgroups: ['cpuset', 'cpu', 'cpuacct', 'io', 'memory'].map(
        name => `${name}=/system.slice/tool.service`,
      ),
      fdLimit: 1024,
      flags: 0,
      uid: 1000,
      gid: 1001,
      vmSizeKb: 2048,
      vmRssKb: 1024,
      vmSwapKb: 4,
      majorFaults: 7,
      minorFaults: 11,
      namespaceStartNs: BOOT_NS + 30_000_000n,
      tty: 34816,
      loginUid: 1000,
      exeWritable: false,
      exeUpperLayer: false,
      exeLowerLayer: false,
      exeFromMemory: false,
      capInheritable: 1n,
      capPermitted: 0x1ffffffffffn,
      capEffective: 0n,
      exeInode: 0,
      exeCtimeNs: 0n,
      exeMtimeNs: 0n,
    })
    assert.deepEqual(found?.fds, [])
  })

  const absent = [
    {name: 'a thread that is gone', files: {}},
    {name: 'a kernel thread', files: processFiles({pid: 7, flags: 0x208040})},
    {name: 'a process that has ended', files: taskFiles({pid: 7})},
    {name: 'a stat that is cut', files: {...processFiles({pid: 7}), '7/stat': '7 (na'}},
    {
      name: 'a process that ends after its stat was read',
      files: {'7/stat': taskFiles({pid: 7})['7/stat']!},
    },
  ]
  for (const {name, files} of absent) {
    it(`gives nothing for ${name}`, () => {
      proc = fakeProc(files)
      assert.equal(readThread(proc.source(), 7, {fds: true, env: true}), undefined)
    })
  }

  it('gives what is left of a process whose files are not for us', () => {
    proc = fakeProc({...taskFiles({pid: 7}), '7/cmdline': 'only\0'})
    const thread = readThread(proc.source(), 7, {fds: true, env: true})?.thread
    assert.deepEqual(
      [thread?.exe, thread?.exePath, thread?.cwd, thread?.env, thread?.cgroups, thread?.fdLimit],
      ['only', '', '', [], [], -1],
    )
    assert.equal(thread?.loginUid, 0xffff_ffff)
  })

  it('takes a name that stat escapes from the file that does not', () => {
    proc = fakeProc({...processFiles({pid: 7, comm: 'a\\nb'}), '7/comm': 'a\nb\n'})
    assert.equal(readThread(proc.source(), 7, NOTHING)?.thread.comm, 'a\nb')
  })

  it('keeps bytes that are no UTF-8 and paths of 4 KiB', () => {
    const long = `/${'x'.repeat(200)}`.repeat(20)
    proc = fakeProc({
      ...processFiles({pid: 7}),
      '7/cwd': `-> ${long}\xff`,
      '7/cmdline': '\xfe\0\xfd\n',
    })
    const thread = readThread(proc.source(), 7, NOTHING)?.thread
    assert.deepEqual([thread?.cwd, thread?.exe, thread?.args], [`${long}\xff`, '\xfe', ['\xfd\n']])
  })

  it('cuts command lines and environments at 4096 bytes', () => {
    proc = fakeProc({
      ...processFiles({pid: 7}),
      '7/cmdline': `e\0${'a'.repeat(9000)}`,
      '7/environ': 'x'.repeat(9000),
    })
    const thread = readThread(proc.source(), 7, {fds: false, env: true})?.thread
    assert.deepEqual([thread?.args[0]?.length, thread?.env[0]?.length], [4094, 4096])
  })

  it('gives a thread what its process has, flags of its own and no descriptors', () => {
    proc = fakeProc({
      ...processFiles({pid: 7, threads: 2}),
      ...taskFiles({pid: 7, tid: 9, comm: 'worker', startTicks: 900}),
      '9/stat': taskFiles({pid: 7, tid: 9, comm: 'worker', startTicks: 900})['7/task/9/stat']!,
      '9/status': taskFiles({pid: 7, tid: 9})['7/task/9/status']!,
      '7/fd/0': '-> pipe:[5]',
    })
    const found = readThread(proc.source(), 9, {fds: true, env: false})
    const {tid, pid, comm, exe, flags, startedNs} = found!.thread
    assert.deepEqual([tid, pid, comm, exe, flags], [9, 7, 'worker', '/bin/tool', 8192 | 1])
    assert.equal(startedNs, 1_000_000_000)
    assert.deepEqual(found?.fds, [])
  })

  it('asks a living thread when the main one has ended', () => {
    proc = fakeProc({
      ...taskFiles({pid: 7, threads: 2}),
      ...taskFiles({pid: 7, tid: 9}),
      '7/task/7/comm': 'x',
      '7/task/9/cmdline': 'still\0here\0',
      '7/task/9/exe': '-> /bin/still',
    })
    const thread = readThread(proc.source(), 7, NOTHING)?.thread
    assert.deepEqual(
      [thread?.exe, thread?.args, thread?.exePath],
      ['still', ['here'], '/bin/still'],
    )
  })

  it('finds when a pid namespace began among the parents', () => {
    proc = fakeProc({
      ...processFiles({pid: 50, inner: [1], startTicks: 500}),
      ...processFiles({pid: 60, parent: 50, inner: [8]}),
    })
    const thread = readThread(proc.source(), 60, NOTHING)?.thread
    assert.deepEqual(
      [thread?.vtid, thread?.vpid, thread?.namespaceStartNs],
      [8, 8, BOOT_NS + 5_000_000_000n],
    )
  })

  it('leaves the start of a pid namespace open when its init is not above', () => {
    proc = fakeProc(processFiles({pid: 60, parent: 61, inner: [8]}))
    assert.equal(readThread(proc.source(), 60, NOTHING)?.thread.namespaceStartNs, 0n)
  })

  it('survives parents that form a circle', () => {
    proc = fakeProc({
      ...processFiles({pid: 60, parent: 61, inner: [8]}),
      ...processFiles({pid: 61, parent: 60, inner: [9]}),
    })
    assert.equal(readThread(proc.source(), 60, NOTHING)?.thread.namespaceStartNs, 0n)
  })

  it('knows a program that runs from memory', () => {
    proc = fakeProc({...processFiles({pid: 7}), '7/exe': '-> /memfd:x (deleted)'})
    const thread = readThread(proc.source(), 7, NOTHING)?.thread
    assert.deepEqual([thread?.exeFromMemory, thread?.exePath], [true, '/memfd:x (deleted)'])
  })
})

describe('reading descriptors from /proc', () => {
  let proc: FakeProc
  afterEach(() => proc.remove())
  const info = (flags: string, mount = 21): string =>
    `pos:\t0\nflags:\t${flags}\nmnt_id:\t${mount}\nino:\t77\n`

  it('reads every kind', () => {
    proc = fakeProc({...processFiles({pid: 7}), 'target/file': '', 'target/folder/x': ''})
    const target = join(proc.folder, 'target')
    proc.write({
      '7/fd/0': `-> ${target}/file`,
      '7/fdinfo/0': info('02100001'),
      '7/fd/1': `-> ${target}/folder`,
      '7/fdinfo/1': info('0100000'),
      '7/fd/2': '-> pipe:[5]',
      '7/fdinfo/2': info('02004001'),
      '7/fd/3': '-> anon_inode:[eventfd]',
      '7/fdinfo/3': info('02'),
      '7/fd/4': '-> socket:[55]',
      '7/fdinfo/4': info('02004002'),
      '7/fd/5': '-> socket:[56]',
      '7/fd/six': 'x',
      '7/net/tcp': 'head\n 0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 55 1\n',
    })
    const found = procLookup(proc.folder, () => 0n).thread(7, {fds: true, env: false})
    assert.deepEqual(found?.fds, [
      {
        fd: 0,
        type: 16,
        inode: 77,
        name: `${target}/file`,
        openFlags: 2 | 4096,
        device: 0x801,
        protocol: 0,
      },
      {
        fd: 1,
        type: 2,
        inode: 77,
        name: `${target}/folder`,
        openFlags: 1,
        device: 0x801,
        protocol: 0,
      },
      {fd: 2, type: 7, inode: 5, name: 'pipe:[5]', openFlags: 4096, device: 0, protocol: 0},
      {fd: 3, type: 9, inode: 77, name: '', openFlags: 0, device: 0, protocol: 0},
      {
        fd: 4,
        type: 5,
        inode: 55,
        name: '',
        openFlags: 4096,
        device: 0,
        protocol: 2,
        listens: {address: '\x7f\0\0\x01', port: 22},
      },
    ])
  })

  it('does not ask a file system that may not answer', () => {
    proc = fakeProc({...processFiles({pid: 7}), 'target/x': ''})
    const target = join(proc.folder, 'target')
    proc.write({'7/fd/0': `-> ${target}`, '7/fdinfo/0': info('0100000', 22)})
    // The folder is one, but to see that its file system has to be asked.
    assert.equal(readFd(proc.source(), 7, 0)?.type, 16)
    proc.write({'7/fdinfo/0': info('0300000', 22)})
    assert.equal(readFd(proc.source(), 7, 0)?.type, 2)
  })

  it('gives nothing for a closed descriptor', () => {
    proc = fakeProc(processFiles({pid: 7}))
    assert.equal(procLookup(proc.folder, () => 0n).fd(7, 3), undefined)
  })
})
