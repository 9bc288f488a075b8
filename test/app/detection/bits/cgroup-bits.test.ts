import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {CgroupBits} from '../../../../src/app/detection/bits/cgroup-bits.ts'
import {cgroupKey, encodeCgroupEntry} from '../../../../src/compiler/filter/process/cgroup-entry.ts'
import type {PredicateSet} from '../../../../src/compiler/filter/process/predicate-set.ts'
import type {Thread} from '../../../../src/state/thread.ts'
import {mkCondition} from '../../../compiler/evaluation.ts'
import {knownState, mkThread} from '../../../compiler/filter/process/process-state.ts'

const [HOST, OTHER] = [0x1234n, 0xffff_0000_0000_0001n]
const condition = mkCondition('container.id != host')
const use = {kin: false, container: true}
const SET: PredicateSet = {
  id: 77n,
  bits: new Map(),
  predicates: [
    {condition, bit: 3, ...use, cgroup: true},
    {condition, bit: 200, ...use, cgroup: true},
    {condition, bit: 5, kin: false, container: false, cgroup: false},
  ],
}
const ALL = 2n ** 256n - 1n
const MASK = (1n << 3n) | (1n << 200n)

describe('what is known of control groups', () => {
  function begin() {
    const state = knownState()
    const entries = new Map<string, Buffer>()
    const writes: string[] = []
    const bits = new CgroupBits(state, {
      tryUpdate: (key: Buffer, value: Buffer) => {
        writes.push(key.toString('hex'))
        entries.set(key.toString('hex'), Buffer.from(value))
        return true
      },
    })
    bits.follow(SET)
    const thread = (tid: number, cgroup: bigint, containerId = ''): Thread => {
      state.thread(mkThread(tid, {parentTid: 1}))
      const made = state.table.get(tid)!
      made.cgroupKey = cgroup
      made.containerId = containerId
      return made
    }
    const settle = () => bits.settle(state.revision, () => () => ALL)
    return {state, bits, entries, writes, thread, settle}
  }
  const text = (cgroup: bigint) => cgroupKey(cgroup).toString('hex')

  it('is written once for all threads, and only what hangs on them', () => {
    const {state, bits, entries, writes, thread, settle} = begin()
    const [first, second, third, fourth] = [
      thread(801, HOST),
      thread(802, HOST),
      thread(803, OTHER),
      thread(804, HOST),
    ]
    bits.began(first)
    bits.began(second)
    bits.began(third)
    settle()
    assert.deepEqual(writes.sort(), [text(HOST), text(OTHER)].sort())
    const want = encodeCgroupEntry(cgroupKey(OTHER), {
      set: 77n,
      version: BigInt(state.revision),
      bits: MASK,
    })
    assert.deepEqual(entries.get(text(OTHER)), want)
    bits.began(fourth)
    settle()
    assert.equal(writes.length, 2)
  })

  it('is written again for other conditions, another state and another container', () => {
    const {state, bits, writes, thread, settle} = begin()
    const threads = [801, 802, 803, 804].map(tid => thread(tid, HOST))
    const other = thread(805, HOST, 'abc')
    const began = (one: Thread): number => {
      bits.began(one)
      settle()
      return writes.length
    }
    assert.equal(began(threads[0]!), 1)
    bits.follow({...SET, id: 78n})
    assert.equal(began(threads[1]!), 2)
    state.noteUntold()
    assert.equal(began(threads[2]!), 3)
    assert.equal(began(threads[3]!), 3)
    assert.equal(began(other), 4)
  })

  it('is not written without conditions on containers, for dead threads, or without groups', () => {
    const {bits, writes, thread, settle} = begin()
    const dead = thread(801, HOST)
    bits.began(dead)
    dead.dead = true
    const without = thread(802, HOST)
    without.cgroupKey = undefined
    bits.began(without)
    settle()
    bits.follow({...SET, predicates: SET.predicates.slice(2)})
    bits.began(thread(803, HOST))
    settle()
    assert.deepEqual(writes, [])
  })

  it('is not written while the container is asked for', () => {
    const {state, bits, writes, thread, settle} = begin()
    state.containers.onSeen = () => {}
    state.containers.see({id: 'abc', type: 'docker'} as never, 801)
    const made = thread(801, HOST, 'abc')
    assert.equal(state.containers.stateOf('abc'), 'pending')
    bits.began(made)
    settle()
    assert.deepEqual(writes, [])
  })
})
