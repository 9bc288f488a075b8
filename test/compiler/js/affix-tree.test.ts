import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {createAffixTree} from '../../../src/compiler/js/affix-tree.ts'

describe('affix tree', () => {
  const text = fc.string({unit: fc.constantFrom('a', 'b', '/', '\xff'), maxLength: 6})
  for (const kind of ['prefix', 'suffix'] as const) {
    it(`finds each ${kind} of a value, and nothing else`, () => {
      fc.assert(
        fc.property(
          fc.array(
            text.filter(each => each !== ''),
            {maxLength: 30},
          ),
          text,
          (affixes, value) => {
            const tree = createAffixTree(kind)
            for (const [i, affix] of affixes.entries()) tree.add(affix, i)
            const found: number[] = []
            tree.visit(value, items => void found.push(...items))
            const fits = (affix: string): boolean =>
              kind === 'prefix' ? value.startsWith(affix) : value.endsWith(affix)
            const want = affixes.flatMap((affix, i) => (fits(affix) ? [i] : []))
            assert.deepEqual(
              found.sort((a, b) => a - b),
              want,
            )
          },
        ),
        {numRuns: 1000},
      )
    })
  }
})
