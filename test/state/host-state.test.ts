import assert from 'node:assert/strict'
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {HostState} from '../../src/state/host-state.ts'
import {type EventParts, mkEvent} from '../support/events.ts'

const AT_FDCWD = -100
const O_RDONLY = 1
const O_CLOEXEC = 4096
const START = 1_000_000_000n

describe('HostState', () => {
  let procRoot: string
  let state: HostState

  beforeEach(() => {
    procRoot = mkdtempSync(join(tmpdir(), 'detector-proc-'))
    state = new HostState({procRoot, maxThreads: 1000, bootNs: () => 0n})
  })
  afterEach(() => rmSync(procRoot, {recursive: true}))

  /** Writes what /proc shows of a process that started one second after boot. */
  function mkProc(
    pid: number,
    comm: string,
    options: {ppid?: number; cmdline?: string; startTicks?: number} = {},
  ): void {
    const {ppid = 1, cmdline = `${comm}\0`, startTicks = 100} = options
    const folder = join(procRoot, String(pid))
    mkdirSync(join(folder, 'fd'), {recursive: true})
    mkdirSync(join(folder, 'fdinfo'))
    const rest = `S ${ppid} ${pid} ${pid} 34816 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${startTicks} 0 0`
    writeFileSync(join(folder, 'stat'), `${pid} (${comm}) ${rest}`)
    writeFileSync(
      join(folder, 'status'),
      'CapInh:\t0000000000000000\nCapPrm:\t0000000000000003\nCapEff:\t0000000000000001\n',
    )
    writeFileSync(join(folder, 'cmdline'), cmdline)
    writeFileSync(join(folder, 'loginuid'), '4294967295')
    symlinkSync(`/usr/bin/${comm}`, join(folder, 'exe'))
    symlinkSync('/srv', join(folder, 'cwd'))
  }

  function apply(parts: EventParts): ReturnType<HostState['before']> {
    const event = mkEvent(parts)
    const thread = state.before(event)
    state.after(event, thread)
    return thread
  }

  const fork = (pid: number, from: number, extra: Record<string, number> = {}): EventParts => ({
    kind: 'new_task',
    name: 'clone',
    pid,
    startNs: START,
    values: {$maker: from, ptid: from, comm: 'sh', $sharesFiles: 0, $sharesFs: 0, ...extra},
  })
  const exec = (pid: number, argv: readonly string[], exePath: string): EventParts => ({
    kind: 'exec',
    name: 'execve',
    pid,
    startNs: START,
    values: {
      comm: exePath.slice(exePath.lastIndexOf('/') + 1),
      exe: argv[0]!,
      args: argv
        .slice(1)
        .map(word => `${word}\0`)
        .join(''),
      trusted_exepath: exePath,
      cwd: '/work',
      ptid: 1,
    },
  })
  const exit = (pid: number, reaper: number, live = 0): EventParts => ({
    kind: 'procexit',
    pid,
    startNs: START,
    values: {$liveThreads: live, reaper_tid: reaper},
  })
  const openAt = (pid: number, fd: number, name: string, flags = O_RDONLY): EventParts => ({
    kind: 'openat',
    pid,
    startNs: START,
    values: {fd, dirfd: AT_FDCWD, name, flags},
  })

  it('reads the processes of the host', () => {
    mkProc(1, 'init', {ppid: 0})
    mkProc(20, 'a (b) c', {cmdline: 'prog\0--flag\0x y\0'})
    state.scan({fds: false, env: false})
    const process = state.table.process(20)!
    assert.equal(process.comm, 'a (b) c')
    assert.deepEqual([process.exe, ...process.args], ['prog', '--flag', 'x y'])
    assert.equal(process.cwd.path, '/srv')
    assert.equal(process.tty, 34816)
    assert.deepEqual(process.capabilities, {inheritable: 0, permitted: 3, effective: 1})
    assert.deepEqual(
      [...state.table.ancestors(process)].map(({comm}) => comm),
      ['init'],
    )
  })

  it('gives a new process what its parent had, and an exec what is its own', () => {
    mkProc(1, 'init', {ppid: 0})
    state.scan({fds: false, env: false})
    apply(fork(50, 1))
    assert.equal(state.table.process(50)?.exePath, '/usr/bin/init')
    const thread = apply(exec(50, ['ls', '-l'], '/usr/bin/ls'))
    assert.deepEqual([thread.comm, thread.process.exe, ...thread.process.args], ['ls', 'ls', '-l'])
    assert.equal(thread.process.exePath, '/usr/bin/ls')
    assert.equal(thread.process.cwd.path, '/work')
  })

  it('shows an exec’s name to the rules and keeps an exiting process until they have seen it', () => {
    apply(fork(50, 1))
    const event = mkEvent(exit(50, 1))
    assert.equal(state.before(event).process.pid, 50)
    assert.ok(state.table.process(50))
    state.after(event, state.before(event))
    assert.equal(state.table.process(50), undefined)
  })

  it('gives the children of an exiting process to the reaper', () => {
    mkProc(1, 'init', {ppid: 0})
    state.scan({fds: false, env: false})
    apply(fork(50, 1))
    apply(fork(51, 50))
    apply(exit(50, 1))
    assert.equal(state.table.process(51)?.parentPid, 1)
    assert.ok(state.table.process(1)?.children.has(51))
  })

  it('keeps a process whose main thread ended before the others', () => {
    apply(fork(50, 1))
    apply({
      kind: 'new_task',
      name: 'clone',
      pid: 50,
      tid: 55,
      startNs: START,
      values: {$maker: 50, comm: 'worker'},
    })
    apply(exit(50, 1, 1))
    assert.ok(state.table.process(50))
    assert.equal(state.table.thread(55)?.comm, 'worker')
    apply({...exit(50, 1, 0), tid: 55})
    assert.equal(state.table.process(50), undefined)
    assert.equal(state.table.threadCount, 0)
  })

  it('drops the other threads at an exec', () => {
    apply(fork(50, 1))
    apply({
      kind: 'new_task',
      name: 'clone',
      pid: 50,
      tid: 55,
      startNs: START,
      values: {$maker: 50, comm: 'worker'},
    })
    apply(exec(50, ['ls'], '/usr/bin/ls'))
    assert.equal(state.table.thread(55), undefined)
  })

  it('does not take a reused id for the old process', () => {
    apply(fork(50, 1))
    apply(exec(50, ['old'], '/usr/bin/old'))
    mkProc(50, 'new', {startTicks: 900})
    const thread = state.before(
      mkEvent({kind: 'close', pid: 50, startNs: 9_000_000_000n, values: {res: 0, fd: 3}}),
    )
    assert.equal(thread.process.comm, 'new')
  })

  it('counts a process of which nothing can be known, and names it so', () => {
    const thread = apply({kind: 'close', pid: 77, values: {res: 0, fd: 3}})
    assert.equal(thread.comm, '<NA>')
    assert.equal(state.unknownThreads, 1)
  })

  it('follows the working directory', () => {
    apply(fork(50, 1))
    apply({kind: 'chdir', pid: 50, startNs: START, values: {res: 0, $cwd: '/var/log'}})
    apply({kind: 'chdir', pid: 50, startNs: START, values: {res: -2, $cwd: '/nowhere'}})
    const event = mkEvent(openAt(50, 3, '../x'))
    assert.equal(state.fdOf(event, state.before(event).process)?.name, '/var/x')
  })

  it('resolves a name below a directory descriptor', () => {
    apply(fork(50, 1))
    const event = mkEvent({
      kind: 'openat',
      pid: 50,
      startNs: START,
      values: {fd: 4, dirfd: 9, name: 'x', flags: O_RDONLY, $dir: '/mnt/d'},
    })
    assert.equal(state.fdOf(event, state.before(event).process)?.name, '/mnt/d/x')
  })

  describe('descriptors', () => {
    const nameOf = (pid: number, fd: number): string | undefined =>
      state.table.process(pid)?.fds.get(fd)?.name

    beforeEach(() => {
      state.scan({fds: true, env: false})
      apply(fork(50, 1))
      apply(openAt(50, 3, '/a'))
      apply(openAt(50, 4, '/b', O_RDONLY | O_CLOEXEC))
    })

    it('are known by what opened them, to others of the process too', () => {
      const event = mkEvent({kind: 'write', pid: 50, startNs: START, values: {res: 1, fd: 3}})
      assert.equal(state.fdOf(event, state.before(event).process)?.name, '/a')
    })

    it('are not opened by a call that failed', () => {
      apply(openAt(50, -2, '/none'))
      assert.equal(state.table.process(50)?.fds.size, 2)
    })

    it('end with close, after the rules saw it', () => {
      const event = mkEvent({kind: 'close', pid: 50, startNs: START, values: {res: 0, fd: 3}})
      const thread = state.before(event)
      assert.equal(state.fdOf(event, thread.process)?.name, '/a')
      state.after(event, thread)
      assert.equal(nameOf(50, 3), undefined)
    })

    it('are copied by dup2 and by fcntl, without close-on-exec', () => {
      apply({kind: 'dup2', pid: 50, startNs: START, values: {res: 1, oldfd: 4, newfd: 1}})
      apply({kind: 'fcntl', pid: 50, startNs: START, values: {res: 10, fd: 4, cmd: 1}})
      apply({kind: 'fcntl', pid: 50, startNs: START, values: {res: 11, fd: 4, cmd: 26}})
      apply(exec(50, ['x'], '/bin/x'))
      assert.deepEqual(
        [1, 3, 4, 10, 11].map(fd => nameOf(50, fd)),
        ['/b', '/a', undefined, '/b', undefined],
      )
    })

    it('obey F_SETFD', () => {
      apply({kind: 'fcntl', pid: 50, startNs: START, values: {res: 0, fd: 3, cmd: 3, arg: 1}})
      apply(exec(50, ['x'], '/bin/x'))
      assert.equal(nameOf(50, 3), undefined)
    })

    it('are copied at fork, and shared by CLONE_FILES', () => {
      apply(fork(60, 50))
      apply(fork(61, 50, {$sharesFiles: 1}))
      apply({kind: 'close', pid: 50, startNs: START, values: {res: 0, fd: 3}})
      assert.deepEqual([nameOf(60, 3), nameOf(61, 3)], ['/a', undefined])
    })

    it('end in ranges', () => {
      apply({
        kind: 'close_range',
        pid: 50,
        startNs: START,
        values: {res: 0, first: 3, last: 3, flags: 0},
      })
      assert.deepEqual([nameOf(50, 3), nameOf(50, 4)], [undefined, '/b'])
    })

    it('carry both ends of a connection', () => {
      const sockaddr = Buffer.from('020001bb0a000001', 'hex').toString('latin1')
      apply({
        kind: 'connect',
        pid: 50,
        startNs: START,
        values: {res: -111, fd: 7, addr: `${sockaddr}${'\0'.repeat(8)}`, tuple: ''},
      })
      assert.equal(nameOf(50, 7), undefined, 'a refused connection leaves nothing')
      const event = mkEvent({
        kind: 'connect',
        pid: 50,
        startNs: START,
        values: {res: -111, fd: 7, addr: sockaddr, tuple: ''},
      })
      const info = state.fdOf(event, state.before(event).process)
      assert.deepEqual(
        [info?.type, info?.name, info?.connection?.server.port],
        ['ipv4', '0.0.0.0:0->10.0.0.1:443', 443],
      )
    })
  })

  it('gives up the oldest threads when the table is full, and counts them', () => {
    const small = new HostState({procRoot, maxThreads: 10, bootNs: () => 0n})
    for (let pid = 100; pid < 130; pid++) small.before(mkEvent(fork(pid, 1)))
    assert.equal(small.table.threadCount, 10)
    assert.equal(small.table.evicted, 20)
    assert.ok(small.table.process(129))
  })
})
