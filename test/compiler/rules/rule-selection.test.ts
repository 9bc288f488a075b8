import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {
  matchesWildcard,
  type SelectionOptions,
  type SelectionStep,
  selectRules,
} from '../../../src/compiler/rules/rule-selection.ts'

const RULES = [
  {name: 'read shadow', tags: ['file', 'mitre'], enabled: true, priority: 'Error'},
  {name: 'write shadow', tags: ['file'], enabled: false, priority: 'Notice'},
  {name: 'run shell', tags: ['process'], enabled: true, priority: 'Debug'},
] as const

describe('selectRules', () => {
  const [read, write, run] = RULES.map(({name}) => name)
  const cases: readonly {
    name: string
    steps: readonly string[]
    options?: SelectionOptions
    want: readonly (string | undefined)[]
  }[] = [
    {name: 'takes the flags of the files', steps: [], want: [read, run]},
    {name: 'can start with nothing', steps: [], options: {start: 'none'}, want: []},
    {
      name: 'leaves less severe rules out',
      steps: [],
      options: {minPriority: 'Notice'},
      want: [read],
    },
    {
      name: 'puts what it switches on at the end',
      steps: ['enable exact write shadow'],
      want: [read, run, write],
    },
    {name: 'leaves what is on in its place', steps: ['enable tag file'], want: [read, run, write]},
    {name: 'switches off by tag', steps: ['disable tag file'], want: [run]},
    {name: 'wants the whole tag', steps: ['disable tag fil'], want: [read, run]},
    {
      name: 'lets the later step win',
      steps: ['disable wildcard *', 'enable wildcard r*'],
      want: [read, run],
    },
    {
      name: 'wants the whole name without a star',
      steps: ['disable wildcard read'],
      want: [read, run],
    },
    {name: 'finds a star anywhere', steps: ['disable wildcard *sha*w'], want: [run]},
    {name: 'ignores an empty wildcard', steps: ['disable wildcard '], want: [read, run]},
    {name: 'finds parts of names', steps: ['disable substring shadow'], want: [run]},
    {name: 'takes an empty part for all', steps: ['disable substring '], want: []},
    {name: 'takes an empty name for all', steps: ['disable exact '], want: []},
  ]
  for (const {name, steps, options, want} of cases) {
    it(name, () => {
      const parsed = steps.map(step => {
        const [, op, match, pattern] = /^(\w+) (\w+) (.*)$/.exec(step)!
        return {op, match, pattern} as SelectionStep
      })
      assert.deepEqual(
        selectRules(RULES, parsed, options).map(rule => rule.name),
        want,
      )
    })
  }
})

describe('matchesWildcard', () => {
  it('agrees with a regular expression', () => {
    const text = fc.stringMatching(/^[ab]{0,8}$/)
    const pattern = fc.stringMatching(/^[ab*]{0,6}$/)
    fc.assert(
      fc.property(text, pattern, (value, wildcard) => {
        const expected = new RegExp(`^${wildcard.replaceAll('*', '.*')}$`).test(value)
        assert.equal(matchesWildcard(value, wildcard), expected)
      }),
    )
  })

  it('takes no exponential time', () => {
    assert.equal(matchesWildcard('a'.repeat(5000), `${'*a'.repeat(2000)}b`), false)
  })
})
