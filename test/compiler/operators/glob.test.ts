import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {compileGlob} from '../../../src/compiler/operators/glob.ts'

const cases: readonly [pattern: string, value: string, want: boolean][] = [
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', '/a/.b', true],
  ['?', '', false],
  ['?', '\xff', true],
  ['/p?/q?', '/p\xff/q\xff', true],
  ['a*', '/a', false],
  ['*a', 'ba', true],
  ['*a*', 'xay', true],
  ['a**b', 'ab', true],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'aXbY', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[^a-c]x', 'dx', true],
  ['[]a]', ']', true],
  ['[!]a]', 'b', true],
  ['[a-]', '-', true],
  ['[-a]', '-', true],
  ['[z-a]', 'b', false],
  ['[[:alpha:]]', 'Q', true],
  ['[[:digit:][:upper:]]', 'q', false],
  ['[[:nonsense:]]', 'a', false],
  ['[[.-.]]', '-', true],
  ['[[=a=]]', 'a', true],
  ['[\\]]', ']', true],
  ['[a\\-z]', '-', true],
  ['[a\\-z]', 'b', false],
  ['[a/b]', '/', true],
  ['[a', '[a', true],
  ['[', '[', true],
  ['x[', 'x[', true],
  ['[!', '[!', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['\\a', 'a', true],
  ['a\\', 'a\\', false],
  ['A', 'a', false],
]

const folded: readonly [pattern: string, value: string, want: boolean][] = [
  ['A*', 'abc', true],
  ['[A-C]x', 'Bx', true],
  ['[a-c]x', 'BX', true],
  ['[[:upper:]]', 'a', true],
  ['[!a]', 'A', false],
  ['\xc9', '\xe9', false],
]

/** The definition, word by word: exponential, but right. */
function matches(pattern: string, value: string): boolean {
  if (pattern === '') return value === ''
  const rest = pattern.slice(1)
  if (pattern[0] === '*')
    return Array.from(`${value} `, (_, i) => i).some(i => matches(rest, value.slice(i)))
  return (
    value !== '' && (pattern[0] === '?' || pattern[0] === value[0]) && matches(rest, value.slice(1))
  )
}

describe('glob', () => {
  for (const [pattern, value, want] of cases) {
    it(`${JSON.stringify(pattern)} on ${JSON.stringify(value)} is ${want}`, () => {
      assert.equal(compileGlob(pattern, false)(value), want)
    })
  }
  for (const [pattern, value, want] of folded) {
    it(`without case ${JSON.stringify(pattern)} on ${JSON.stringify(value)} is ${want}`, () => {
      assert.equal(compileGlob(pattern, true)(value), want)
    })
  }

  it('agrees with the plain definition of * and ?', () => {
    const pattern = fc.string({unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8})
    const value = fc.string({unit: fc.constantFrom('a', 'b'), maxLength: 8})
    fc.assert(
      fc.property(pattern, value, (p, v) => {
        assert.equal(compileGlob(p, false)(v), matches(p, v))
      }),
      {numRuns: 2000},
    )
  })

  it('takes no exponential time', () => {
    const glob = compileGlob(`${'*a'.repeat(100)}*b`, false)
    const start = performance.now()
    assert.equal(glob('a'.repeat(20_000)), false)
    assert.ok(performance.now() - start < 2000)
  })
})
