import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {mergeAffected, rulesAsking} from '../../../src/app/ledger/affected-rules.ts'
import {compileRuleSet} from '../../../src/app/rules/rule-set.ts'
import {CAPTURES} from '../../../src/schema/capture-table.ts'

function mkAsking(rules: Readonly<Record<string, string>>) {
  const content = JSON.stringify(
    Object.entries(rules).map(([rule, condition]) => ({
      rule,
      desc: 'd',
      condition,
      output: 'x',
      priority: 'DEBUG',
    })),
  )
  return rulesAsking(
    compileRuleSet([{name: 'r', content}], {
      appendOutput: [],
      selection: [],
      startOff: false,
      minPriority: 'Debug',
      skipInvalidRules: false,
    }),
  )
}

const indexOf = (kind: string): number => CAPTURES.findIndex(capture => capture.kind === kind)

describe('rules that a miss concerns', () => {
  const asking = mkAsking({
    opens: 'evt.type in (open, openat)',
    mkdirs: 'evt.type = mkdir',
    both: 'evt.type in (mkdir, openat)',
    any: 'proc.name = x',
  })
  const cases: {kind: string | undefined; want: string[]}[] = [
    {kind: 'openat', want: ['opens', 'both', 'any']},
    {kind: 'mkdir', want: ['mkdirs', 'both', 'any']},
    {kind: undefined, want: ['opens', 'mkdirs', 'both', 'any']},
  ]
  for (const {kind, want} of cases) {
    it(`of ${kind ?? 'no kind'} are those that ask for it`, () => {
      const {rules, total} = asking(kind === undefined ? undefined : indexOf(kind))
      assert.deepEqual([...rules].sort(), [...want].sort())
      assert.equal(total, want.length)
    })
  }

  it('are named up to eight, and counted', () => {
    const many = Object.fromEntries(
      Array.from({length: 30}, (_, i) => [`r${i}`, 'evt.type = mkdir']),
    )
    const {rules, total} = mkAsking(many)(indexOf('mkdir'))
    assert.equal(rules.length, 8)
    assert.equal(total, 30)
  })

  it('of two misses are those of both', () => {
    const one = {rules: ['a', 'b'], total: 2}
    assert.deepEqual(mergeAffected(one, {rules: ['b', 'c'], total: 2}), {
      rules: ['a', 'b', 'c'],
      total: 3,
    })
    assert.deepEqual(mergeAffected({rules: [], total: 0}, one), one)
  })
})
