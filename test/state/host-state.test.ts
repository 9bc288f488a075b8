import assert from 'node:assert/strict'
import {beforeEach, describe, it} from 'mocha'
import type {HostLookup} from '../../src/state/host-lookup.ts'
import {HostState} from '../../src/state/host-state.ts'
import type {ListedThread} from '../../src/state/metadata.ts'
import {blank, type Thread} from '../../src/state/thread.ts'
import {type EventParts, mkEvent, mkFork} from '../support/events.ts'

const AT_FDCWD = -100
const O_RDONLY = 1
const O_CLOEXEC = 4096
const CLONE_THREAD = 8192
const MAIN_PID = 1

describe('HostState', () => {
  /** What the host shows of its threads when asked. */
  let shown: Map<number, ListedThread>
  let state: HostState

  beforeEach(() => {
    shown = new Map()
    const host: HostLookup = {
      thread: tid => {
        const thread = shown.get(tid)
        return thread && {thread, fds: []}
      },
      fd: () => undefined,
    }
    state = new HostState({maxThreads: 1000, host})
    state.thread(mkListed(MAIN_PID, 'init', {parentTid: 0}))
  })

  function mkListed(pid: number, comm: string, parts: Partial<ListedThread> = {}): ListedThread {
    return {
      ...blank(pid),
      pid,
      parentTid: MAIN_PID,
      comm,
      exe: comm,
      exePath: `/usr/bin/${comm}`,
      cwd: '/srv',
      startedNs: 1_000_000_000,
      ...parts,
    }
  }

  function apply(parts: EventParts): Thread | undefined {
    const scope = state.before(mkEvent(parts))
    const {thread} = scope
    state.after(scope)
    return thread
  }

  /** The thread of an event and the descriptor that it is about. */
  function look(parts: EventParts): {thread: Thread | undefined; fdName: string | undefined} {
    const {thread, fd} = state.before(mkEvent(parts))
    return {thread, fdName: fd?.name}
  }

  const exec = (pid: number, argv: readonly string[], exePath: string): EventParts => ({
    kind: 'exec',
    name: 'execve',
    pid,
    values: {
      res: 0,
      pid,
      comm: exePath.slice(exePath.lastIndexOf('/') + 1),
      exe: argv[0]!,
      args: argv
        .slice(1)
        .map(word => `${word}\0`)
        .join(''),
      trusted_exepath: exePath,
      cwd: '/work',
      ptid: MAIN_PID,
    },
  })
  const exit = (pid: number, tid = pid): EventParts => ({
    kind: 'procexit',
    pid,
    tid,
    values: {reaper_tid: MAIN_PID},
  })
  const openAt = (pid: number, fd: number, name: string, flags = O_RDONLY): EventParts => ({
    kind: 'openat',
    pid,
    values: {fd, dirfd: AT_FDCWD, name, flags},
  })
  const thread = (pid: number, tid: number): EventParts =>
    mkFork(pid, MAIN_PID, {$maker: pid, comm: 'worker', flags: CLONE_THREAD}, {tid})

  it('gives a new process what its maker had, and an exec what is its own', () => {
    apply(mkFork(50, MAIN_PID))
    assert.equal(state.table.get(50)?.exePath, '/usr/bin/init')
    assert.equal(state.table.get(50)?.exe, 'init')
    const after = apply(exec(50, ['ls', '-l'], '/usr/bin/ls'))!
    assert.deepEqual([after.comm, after.exe, ...after.args], ['ls', 'ls', '-l'])
    assert.equal(after.exePath, '/usr/bin/ls')
    assert.equal(after.fs.cwd, '/work/')
  })

  it('shows an exec’s name to the rules and keeps an exiting process until they have seen it', () => {
    apply(mkFork(50, MAIN_PID))
    const scope = state.before(mkEvent(exit(50)))
    assert.equal(scope.thread?.pid, 50)
    assert.ok(state.table.get(50))
    state.after(scope)
    assert.equal(state.table.get(50), undefined)
  })

  it('gives the children of an exiting process to the reaper', () => {
    apply(mkFork(50, MAIN_PID))
    apply(mkFork(51, 50))
    apply(exit(50))
    assert.equal(state.table.get(51)?.parentTid, MAIN_PID)
    assert.ok(state.table.get(MAIN_PID)?.children.has(state.table.get(51)!))
  })

  it('keeps a process whose main thread ended before the others', () => {
    apply(mkFork(50, MAIN_PID))
    apply(thread(50, 55))
    apply(exit(50))
    assert.ok(state.table.get(50))
    assert.equal(state.table.get(55)?.comm, 'worker')
    apply(exit(50, 55))
    assert.equal(state.table.get(50), undefined)
    assert.equal(state.table.size, 1)
  })

  it('drops the other threads at an exec', () => {
    apply(mkFork(50, MAIN_PID))
    apply(thread(50, 55))
    apply(exec(50, ['ls'], '/usr/bin/ls'))
    assert.equal(state.table.get(55), undefined)
  })

  it('does not take a reused id for the old process', () => {
    apply(mkFork(50, MAIN_PID))
    apply(exec(50, ['old'], '/usr/bin/old'))
    shown.set(50, mkListed(50, 'new', {startedNs: 9_000_000_000}))
    const seen = look({kind: 'close', pid: 50, startedNs: 9_000_000_000, values: {res: 0, fd: 3}})
    assert.equal(seen.thread?.comm, 'new')
  })

  it('counts a process of which nothing can be known, and names it so', () => {
    const unmet = apply({kind: 'close', pid: 77, values: {res: 0, fd: 3}})
    assert.equal(unmet?.comm, '<NA>')
    assert.equal(state.unknownThreads, 1)
  })

  it('follows the working directory', () => {
    apply(mkFork(50, MAIN_PID))
    apply({kind: 'chdir', pid: 50, values: {res: 0, $cwd: '/var/log'}})
    apply({kind: 'chdir', pid: 50, values: {res: -2, $cwd: '/nowhere'}})
    assert.equal(look(openAt(50, 3, '../x')).fdName, '/var/x')
  })

  it('resolves a name below a directory descriptor', () => {
    apply(mkFork(50, MAIN_PID))
    const seen = look({
      kind: 'openat',
      pid: 50,
      values: {fd: 4, dirfd: 9, name: 'x', flags: O_RDONLY, $dir: '/mnt/d'},
    })
    assert.equal(seen.fdName, '/mnt/d/x')
  })

  describe('descriptors', () => {
    const nameOf = (pid: number, fd: number): string | undefined =>
      state.table.get(pid)?.fds.get(fd)?.name

    beforeEach(() => {
      apply(mkFork(50, MAIN_PID))
      apply(openAt(50, 3, '/a'))
      apply(openAt(50, 4, '/b', O_RDONLY | O_CLOEXEC))
    })

    it('are known by what opened them, to others of the process too', () => {
      assert.equal(look({kind: 'write', pid: 50, values: {res: 1, fd: 3}}).fdName, '/a')
    })

    it('are not opened by a call that failed', () => {
      apply(openAt(50, -2, '/none'))
      assert.equal(state.table.get(50)?.fds.size, 2)
    })

    it('end with close, after the rules saw it', () => {
      const scope = state.before(mkEvent({kind: 'close', pid: 50, values: {res: 0, fd: 3}}))
      assert.equal(scope.fd?.name, '/a')
      state.after(scope)
      assert.equal(nameOf(50, 3), undefined)
    })

    it('are copied by dup2 and by fcntl, without close-on-exec', () => {
      apply({kind: 'dup2', pid: 50, values: {res: 1, oldfd: 4, newfd: 1}})
      apply({kind: 'fcntl', pid: 50, values: {res: 10, fd: 4, cmd: 1}})
      apply({kind: 'fcntl', pid: 50, values: {res: 11, fd: 4, cmd: 26}})
      apply(exec(50, ['x'], '/bin/x'))
      assert.deepEqual(
        [1, 3, 4, 10, 11].map(fd => nameOf(50, fd)),
        ['/b', '/a', undefined, '/b', undefined],
      )
    })

    it('obey F_SETFD', () => {
      apply({kind: 'fcntl', pid: 50, values: {res: 0, fd: 3, cmd: 3, arg: 1}})
      apply(exec(50, ['x'], '/bin/x'))
      assert.equal(nameOf(50, 3), undefined)
    })

    it('are copied at fork, and shared by CLONE_FILES', () => {
      apply(mkFork(60, 50))
      apply(mkFork(61, 50, {$sharesFiles: 1}))
      apply({kind: 'close', pid: 50, values: {res: 0, fd: 3}})
      assert.deepEqual([nameOf(60, 3), nameOf(61, 3)], ['/a', undefined])
    })

    it('end in ranges', () => {
      apply({
        kind: 'close_range',
        pid: 50,
        values: {res: 0, first: 3, last: 3, flags: 0},
      })
      assert.deepEqual([nameOf(50, 3), nameOf(50, 4)], [undefined, '/b'])
    })

    it('are not kept when no rule needs them, but known to the event that opens them', () => {
      state.setNeeds({fds: false, env: false})
      assert.equal(look(openAt(50, 5, '/c')).fdName, '/c')
      assert.equal(state.table.get(50)?.fds.size, 0)
    })

    it('carry both ends of a connection whose socket was not followed', () => {
      const addr = Buffer.from('020a000001bb01', 'hex').toString('latin1')
      const scope = state.before(
        mkEvent({kind: 'connect', pid: 50, values: {res: -111, fd: 7, addr, tuple: ''}}),
      )
      assert.deepEqual([scope.fd?.name, scope.fd?.role], ['0.0.0.0:0->10.0.0.1:443', 'client'])
      assert.equal(nameOf(50, 7), undefined, 'a refused connection leaves nothing')
    })

    it('lose what a copy of an unknown one replaced', () => {
      apply({kind: 'dup2', pid: 50, values: {res: 3, oldfd: 44, newfd: 3}})
      assert.equal(nameOf(50, 3), undefined)
    })
  })

  it('gives up the oldest threads when the table is full, and counts them', () => {
    const small = new HostState({maxThreads: 10})
    for (let pid = 100; pid < 130; pid++) small.before(mkEvent(mkFork(pid, pid - 1)))
    assert.equal(small.table.size, 10)
    assert.ok(small.table.evicted >= 20)
    assert.ok(small.table.get(129))
  })
})
