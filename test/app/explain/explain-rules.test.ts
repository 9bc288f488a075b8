import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {estimateShare} from '../../../src/app/explain/estimate.ts'
import {explainRules} from '../../../src/app/explain/explain-rules.ts'
import {chooseRules} from '../../../src/app/explain/select-rules.ts'
import {compileRuleSet} from '../../../src/app/rules/rule-set.ts'
import {explainFilter} from '../../../src/compiler/explain/explain-filter.ts'
import {arbitraryConditions, mkCondition} from '../../compiler/filter/arbitrary-filters.ts'
import {layoutNamed} from '../../compiler/filter/made-record.ts'

/** Rules R0, R1 … with these conditions; the first one explained for a kind, and the set. */
function explain(conditions: readonly string[], kind: string) {
  const content = JSON.stringify(
    conditions.map((condition, at) => ({
      rule: `R${at}`,
      desc: 'd',
      condition,
      output: 'o',
      priority: 'INFO',
    })),
  )
  const set = compileRuleSet([{name: 'r', content}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  const explained = explainRules(chooseRules(set, []), set, {hooks: 'auto'})
  return {set: explained, kind: explained.rules[0]!.kinds.find(each => each.kind === kind)!}
}

describe('explainRules', () => {
  const cases: readonly {
    name: string
    conditions: readonly string[]
    kind: string
    want: readonly [decided: string, flow: string, forState: boolean, otherRules: number]
  }[] = [
    {
      name: 'a rule that is decided in the kernel',
      conditions: ['evt.type = mkdir and evt.rawres = 0'],
      kind: 'mkdir',
      want: ['all', 'filtered', false, 0],
    },
    {
      name: 'another rule that lets everything pass',
      conditions: ['evt.type = mkdir and evt.rawres = 0', 'evt.type = mkdir'],
      kind: 'mkdir',
      want: ['all', 'every', false, 1],
    },
    {
      name: 'a rule that the kernel knows nothing of',
      conditions: ['evt.type = mkdir and tolower(fs.path.name) = x'],
      kind: 'mkdir',
      want: ['none', 'every', false, 0],
    },
    {
      name: 'a rule that no record can match',
      conditions: ['evt.type = creat and evt.is_open_read = true'],
      kind: 'creat',
      want: ['never', 'none', false, 0],
    },
    {
      name: 'a kind that the state is made of',
      conditions: ['evt.type = chdir and evt.rawres = 0'],
      kind: 'chdir',
      want: ['all', 'every', true, 0],
    },
  ]
  for (const {name, conditions, kind, want} of cases) {
    it(`tells of ${name}`, () => {
      const {decided, flow, forState, otherRules} = explain(conditions, kind).kind
      assert.deepEqual([decided, flow, forState, otherRules], want)
    })
  }

  it('says what is captured on demand, and for which field', () => {
    const {kind} = explain(['evt.type = write and evt.buffer contains x'], 'write')
    const data = kind.values.find(({name}) => name === 'data')
    assert.deepEqual(data?.neededBy, ['evt.buffer'])
    const without = explain(['evt.type = write and evt.rawres > 7'], 'write').kind
    assert.ok(without.leftOut.includes('data'))
    assert.ok(without.values.every(({name}) => name !== 'data'))
  })

  it('follows descriptors because of the rule that looks at them', () => {
    const {set} = explain(['evt.type = mkdir', 'evt.type = write and fd.name = /x'], 'mkdir')
    assert.deepEqual(
      set.state.map(({need, because}) => [need, because]),
      [
        ['life', []],
        ['descriptors', [{rule: 'R1', fields: ['fd.name'], events: ['write']}]],
      ],
    )
    assert.deepEqual(
      set.rules.map(({follows}) => follows?.rule),
      [undefined, 'R1'],
    )
    assert.deepEqual(
      explain(['evt.type = mkdir'], 'mkdir').set.state.map(({need}) => need),
      ['life'],
    )
  })
})

describe('estimateShare', () => {
  it('is a share', () => {
    fc.assert(
      fc.property(
        arbitraryConditions,
        fc.constantFrom('openat', 'mkdir', 'creat'),
        (texts, kind) => {
          for (const text of texts) {
            const part = explainFilter(layoutNamed(kind), mkCondition(text))?.part
            if (part?.kind !== 'condition') continue
            const share = estimateShare(part.tree)
            assert.ok(share >= 0 && share <= 1, `${text}: ${share}`)
          }
        },
      ),
      {numRuns: 500, seed: Number(process.env['FC_SEED'] ?? 20_261_122)},
    )
  })
})
