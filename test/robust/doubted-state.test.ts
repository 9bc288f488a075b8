import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {Event} from '../../src/schema/event.ts'
import {HostState} from '../../src/state/host-state.ts'
import type {ListedFd} from '../../src/state/metadata.ts'
import {LISTED_THREAD} from '../support/capture-events.ts'
import {type EventParts, mkEvent} from '../support/events.ts'

const STARTED_NS = 1_000_000_000
const FILE: ListedFd = {
  fd: 5,
  type: 1,
  inode: 9,
  name: '/srv/old',
  openFlags: 1,
  device: 1,
  protocol: 0,
}

/** A state of one process with one descriptor; the host shows another one under its number by now. */
function mkState(now: ListedFd | undefined): HostState {
  const state = new HostState({
    maxThreads: 10,
    host: {
      thread: () => undefined,
      fd: (_pid, fd) => (fd === FILE.fd ? now : undefined),
      cwd: pid => (pid === LISTED_THREAD.pid ? '/now' : undefined),
    },
  })
  state.thread({...LISTED_THREAD, startedNs: STARTED_NS})
  state.fd(LISTED_THREAD.tid, FILE)
  return state
}

function mkOwnEvent(kind: string, values: EventParts['values'] = {}): Event {
  return mkEvent({kind, pid: LISTED_THREAD.pid, startedNs: STARTED_NS, values})
}

const WRITE = mkOwnEvent('write', {res: 1, fd: FILE.fd})

describe('a state after events were lost', () => {
  it('has descriptors as they were followed while nothing was lost', () => {
    assert.equal(mkState({...FILE, name: '/srv/new'}).before(WRITE).fd?.name, '/srv/old')
  })

  for (const {name, now, want} of [
    {name: 'asks the host for a descriptor', now: {...FILE, name: '/srv/new'}, want: '/srv/new'},
    {name: 'knows nothing of one that the host does not show', now: undefined, want: undefined},
  ]) {
    it(name, () => {
      const state = mkState(now)
      state.doubtDescriptors()
      assert.equal(state.before(WRITE).fd?.name, want)
    })
  }

  it('keeps what events tell from then on', () => {
    const state = mkState({...FILE, name: '/srv/new'})
    state.doubtDescriptors()
    const opened = {fd: FILE.fd, dirfd: -100, name: '/srv/opened', flags: 1, ino: 3, dev: 1}
    state.before(mkOwnEvent('openat', opened))
    assert.equal(state.before(WRITE).fd?.name, '/srv/opened')
  })

  it('does not ask for a descriptor that the event closed, or that is none', () => {
    const state = mkState({...FILE, name: '/srv/new'})
    state.doubtDescriptors()
    assert.equal(state.before(mkOwnEvent('close', {res: 0, fd: FILE.fd})).fd, undefined)
    assert.equal(state.before(mkOwnEvent('write', {res: -9, fd: FILE.fd})).fd, undefined)
  })

  it('asks where processes stand', () => {
    const state = mkState(undefined)
    state.askPlaces()
    assert.equal(state.table.get(LISTED_THREAD.tid)?.fs.cwd, '/now/')
  })
})
