import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {CAPTURES, LIVE_EVENTS} from '../../src/schema/capture-table.ts'
import {EVENT_PAIRS} from '../../src/schema/event-table.ts'

/** Current events of system calls that live detection does not capture, by the reason. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  'stands for calls without an event of their own': ['syscall'],
  'is another event where the call exists on x86_64': [
    'send',
    'recv',
    'stat64',
    'lstat64',
    'fstat64',
    'llseek',
    'mmap2',
    'umount',
  ],
  'only waits, and comes in floods': [
    'futex',
    'epoll_wait',
    'poll',
    'ppoll',
    'select',
    'nanosleep',
  ],
  'tells nothing but the size of the heap, and comes in floods': ['brk'],
}
describe('the capture table', () => {
  it('has every current event of a system call but those left out for a reason', () => {
    const missing = EVENT_PAIRS.filter(
      ({status, class: eventClass, name}) =>
        status === 'current' && eventClass === 'syscall' && !LIVE_EVENTS.has(name),
    ).map(({name}) => name)
    assert.deepEqual([...new Set(missing)].sort(), Object.values(LEFT_OUT).flat().sort())
  })

  it('names each kind once', () => {
    const kinds = CAPTURES.map(({kind}) => kind)
    assert.equal(new Set(kinds).size, kinds.length)
  })
})
