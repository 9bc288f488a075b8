import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {didYouMean} from '../../src/diagnostics/did-you-mean.ts'

describe('didYouMean', () => {
  const candidates = ['priority', 'output', 'condition', 'proc.name', 'proc.pname', 'tags', 'Info']
  const cases: readonly {name: string; input: string; want: string | undefined}[] = [
    {name: 'a doubled letter', input: 'prioritty', want: 'priority'},
    {name: 'a missing letter', input: 'ouput', want: 'output'},
    {name: 'swapped neighbours', input: 'conditoin', want: 'condition'},
    {name: 'the nearer of two', input: 'proc.nam', want: 'proc.name'},
    {name: 'another letter case', input: 'PRIORITY', want: 'priority'},
    {name: 'a short word with one edit', input: 'tag', want: 'tags'},
    {name: 'no short word with two edits', input: 'ag', want: undefined},
    {name: 'nothing far away', input: 'something', want: undefined},
    {name: 'not the word itself', input: 'tags', want: undefined},
    {name: 'nothing for the empty word', input: '', want: undefined},
    {name: 'nothing for long words', input: 'p'.repeat(101), want: undefined},
  ]
  for (const {name, input, want} of cases) {
    it(`finds ${name}`, () => assert.equal(didYouMean(input, candidates), want))
  }

  it('is quick with many candidates', () => {
    const many = Array.from({length: 100_000}, (_, i) => `candidate${i}`)
    assert.equal(didYouMean('candidatee99999', many), 'candidate99999')
  })
})
