import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {fitsGlob} from '../../../src/outputs/queue/selection.ts'

describe('fitsGlob', () => {
  const cases: readonly [pattern: string, text: string, want: boolean][] = [
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*c', 'abc', true],
    ['a*a', 'a', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['*b*b*', 'ab', false],
    ['a.c', 'abc', false],
    ['**', 'x', true],
  ]
  for (const [pattern, text, want] of cases)
    it(`${pattern} ${want ? 'fits' : 'does not fit'} "${text}"`, () =>
      assert.equal(fitsGlob(pattern, text), want))

  it('takes no time for many stars', () => {
    const started = performance.now()
    assert.equal(fitsGlob('*a'.repeat(1000), 'a'.repeat(4000)), true)
    assert.equal(fitsGlob(`${'*a'.repeat(1000)}b`, 'a'.repeat(4000)), false)
    assert.ok(performance.now() - started < 1000)
  })
})
