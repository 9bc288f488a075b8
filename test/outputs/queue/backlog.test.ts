import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {createBacklog, type Entry, RANKS} from '../../../src/outputs/queue/backlog.ts'

const ALL = {count: Number.POSITIVE_INFINITY, bytes: 1e12, upTo: 1e15, skip: new Set<number>()}

describe('the backlog', () => {
  it('hands out by priority and number, within bounds', () => {
    const backlog = createBacklog()
    for (const [number, rank] of [3, 1, 3, 0].entries()) backlog.add(rank, number + 1, 10, 1)
    const numbers = (changes: Partial<typeof ALL>): number[] =>
      backlog.next(0, {...ALL, ...changes}).map(entry => entry.number)
    assert.deepEqual(numbers({}), [4, 2, 1, 3])
    assert.deepEqual(numbers({count: 2}), [4, 2])
    assert.deepEqual(numbers({bytes: 25}), [4, 2])
    assert.deepEqual(numbers({bytes: 1}), [4])
    assert.deepEqual(numbers({upTo: 2}), [2, 1])
    assert.deepEqual(numbers({skip: new Set([2])}), [4, 1, 3])
  })

  it('agrees with a plain list, whatever is done to it', () => {
    const step = fc.record({
      kind: fc.constantFrom('add', 'add', 'add', 'done', 'evict'),
      rank: fc.integer({min: 0, max: RANKS - 1}),
      sinks: fc.integer({min: 1, max: 7}),
      sink: fc.integer({min: 0, max: 2}),
      many: fc.integer({min: 1, max: 700}),
    })
    const check = (steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) => {
      const backlog = createBacklog()
      const older = createBacklog()
      let plain: {rank: number; number: number; left: number}[] = []
      let number = 0
      // Half goes into what an earlier run left.
      for (let index = 0; index < 1500; index++) {
        older.add(index % 3, ++number, 5, 5)
        plain.push({rank: index % 3, number, left: 5})
      }
      backlog.add(0, ++number, 5, 2)
      plain.push({rank: 0, number, left: 2})
      backlog.putBefore(older)
      const finish = (entry: Entry, sink: number): void => {
        const item = plain.find(each => each.number === entry.number)!
        item.left &= ~(1 << sink)
        assert.equal(backlog.done(entry, sink), item.left === 0)
        plain = plain.filter(each => each.left !== 0)
      }
      for (const {kind, rank, sinks, sink, many} of steps) {
        if (kind === 'add') {
          for (let index = 0; index < many; index++) {
            backlog.add(rank, ++number, 5, sinks)
            plain.push({rank, number, left: sinks})
          }
        } else if (kind === 'done') {
          for (const entry of backlog.next(sink, {...ALL, count: many})) finish(entry, sink)
        } else {
          const entry = backlog.expendable(-1, () => false)
          const lowest = Math.max(...plain.map(each => each.rank))
          assert.equal(entry?.number, plain.find(each => each.rank === lowest)?.number)
          if (entry !== undefined)
            for (const each of [0, 1, 2])
              if ((backlog.sinksOf(entry) >> each) & 1) finish(entry, each)
        }
        assert.equal(backlog.count, plain.length)
        assert.equal(backlog.bytes, plain.length * 5)
        for (const each of [0, 1, 2]) {
          const wanted = plain
            .filter(({left}) => (left >> each) & 1)
            .sort((a, b) => a.rank - b.rank || a.number - b.number)
            .map(item => item.number)
          assert.deepEqual(
            backlog.next(each, ALL).map(entry => entry.number),
            wanted,
          )
          assert.equal(backlog.waiting(each), wanted.length)
          for (let at = 0; at < RANKS; at++) {
            const first = plain.find(item => item.rank === at && (item.left >> each) & 1)
            const cursor = backlog.cursor(each, at)
            if (first !== undefined) assert.equal(cursor, first.number - 1)
          }
        }
      }
    }
    fc.assert(fc.property(fc.array(step, {maxLength: 12}), check), {numRuns: 25})
  })
})
