import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {Generations} from '../../../../src/app/detection/rules/generations.ts'
import {GENERATIONS} from '../../../../src/schema/record-layout.ts'

const set = (generation: number): {generation: number} => ({generation})

describe('Generations', () => {
  it('finds the set of a record, whether it is in force or not', () => {
    const generations = new Generations<{generation: number}, number>(set(7))
    generations.add(set(8), 100)
    generations.add(set(9), 200)
    assert.deepEqual(
      [7, 8, 9].map(stamp => generations.of(stamp).generation),
      [7, 8, 9],
    )
    assert.throws(() => generations.of(6), /6 .*over/)
    assert.throws(() => generations.of(10), /10 .*over/)
  })

  it('goes by what the header of a record has room for', () => {
    const generations = new Generations<{generation: number}, number>(set(GENERATIONS - 1))
    generations.add(set(GENERATIONS), 100)
    assert.equal(generations.of(GENERATIONS - 1).generation, GENERATIONS - 1)
    assert.equal(generations.of(0).generation, GENERATIONS)
  })

  const cases = [
    {name: 'nothing was read yet', read: 0, over: []},
    {name: 'a record of the oldest is left', read: 99, over: []},
    {name: 'the oldest was read to its end', read: 100, over: [1]},
    {name: 'two are over', read: 200, over: [1, 2]},
    {name: 'the one in force has no end', read: 1e9, over: [1, 2]},
  ]
  for (const {name, read, over} of cases) {
    it(`gives up no set too early: ${name}`, () => {
      const generations = new Generations<{generation: number}, number>(set(1))
      generations.add(set(2), 100)
      generations.add(set(3), 200)
      const gone = generations.retire(end => read >= end)
      assert.deepEqual(
        gone.map(({generation}) => generation),
        over,
      )
      const living = [1, 2, 3].filter(generation => !over.includes(generation))
      assert.deepEqual(
        generations.living.map(({generation}) => generation),
        living,
      )
      assert.equal(generations.hasOld, living.length > 1)
      assert.equal(generations.newest.generation, 3)
    })
  }
})
