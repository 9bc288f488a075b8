import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {regex} from '../../../src/compiler/operators/regex.ts'
import {dialectProblem} from '../../../src/compiler/operators/regex-dialect.ts'
import {decodeLossy} from '../../../src/compiler/operators/utf8-lossy.ts'

const accepted: readonly [pattern: string, value: string, want: boolean][] = [
  ['abc', 'abc', true],
  ['abc', 'xabc', false],
  ['a|bc', 'bc', true],
  ['a|bc', 'abc', false],
  ['(ab)*', 'abab', true],
  ['[[:digit:]]+', '0123', true],
  ['[^[:space:]]+', 'a b', false],
  ['[]]', ']', true],
  ['[^]]', 'a', true],
  ['a{2,3}', 'aaa', true],
  ['a{2,}', 'a', false],
  ['a{,2}', 'a{,2}', true],
  ['x{', 'x{', true],
  ['a\\.b', 'a.b', true],
  ['a\\.b', 'axb', false],
  ['\\x41\\n', 'A\n', true],
  ['.', '\n', false],
  ['a.b', 'a\nb', false],
  ['[^a]', '\n', true],
  ['a$\n^b', 'a\nb', true],
  ['^abc$', 'abc', true],
  ['', '', true],
  ['()', '', true],
  ['.', '\u00c3\u00a9', true],
  ['.', '\xff', true],
  ['..', '\u00e2\u0082', true],
  ['\\x{1F600}', '\xf0\x9f\x98\x80', true],
  ['.', '\xf0\x9f\x98\x80', true],
  ['Ä', 'Ä', true],
]

const refused = [
  '\\d',
  '\\w',
  '\\s',
  '\\b',
  '\\B',
  '\\A',
  '\\z',
  '\\Q',
  '\\C',
  '\\pL',
  '[\\d]',
  '(?:a)',
  '(?i)a',
  '(?P<n>a)',
  '(?<=a)b',
  '(?!a)',
  'a*?',
  'a+?',
  'a??',
  'a{2}?',
  'a**',
  '*a',
  'a|*',
  '(+)',
  'a{1001}',
  'a{3,2}',
  '(a',
  'a)',
  '[a',
  'a\\',
  '[b-a]',
  '[[:nonsense:]]',
  '((((a{100}){100}){100}){100})',
  '('.repeat(150) + ')'.repeat(150),
]

describe('regex', () => {
  for (const [pattern, value, want] of accepted) {
    it(`${JSON.stringify(pattern)} on ${JSON.stringify(value)} is ${want}`, () => {
      const parsed = regex.parse!('string', pattern)
      assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
      assert.equal(regex.bind(parsed.value, 'text')(value), want)
    })
  }
  for (const pattern of refused) {
    it(`refuses ${pattern.slice(0, 40)}`, () => {
      assert.equal(regex.parse!('string', pattern).ok, false)
    })
  }

  it('stays linear on patterns that make backtracking engines explode', () => {
    for (const pattern of ['(a+)+', '(a|aa)+', '(a*)*b', '(.*)(.*)(.*)(.*)x', '(a{1,30}){1,30}']) {
      const matches = regex.bind(pattern, 'text')
      const start = performance.now()
      assert.equal(matches(`${'a'.repeat(30_000)}!`), false)
      assert.ok(performance.now() - start < 3000, pattern)
    }
  })

  it('never lets text with a NUL or over 255 bytes be a pattern', () => {
    assert.equal(regex.parse!('string', 'a\0').ok, false)
    assert.equal(regex.parse!('string', 'a'.repeat(256)).ok, false)
  })
})

describe('dialectProblem', () => {
  it('bounds what repetitions unfold to', () => {
    assert.equal(dialectProblem('[a-z]{1000}'), undefined)
    assert.match(dialectProblem('(a{1000}){1000}') ?? '', /too much/)
  })
})

describe('decodeLossy', () => {
  const cases: readonly [bytes: string, want: string][] = [
    ['abc', 'abc'],
    ['\xc3\xa9', 'é'],
    ['\xe2\x82\xac', '€'],
    ['\xf0\x9f\x98\x80', '😀'],
    ['\xff', '\ufffd'],
    ['\xe2\x82', '\ufffd\ufffd'],
    ['\xc0\xaf', '\ufffd\ufffd'],
    ['\xed\xa0\x80', '\ufffd\ufffd\ufffd'],
    ['\xf4\x90\x80\x80', '\ufffd\ufffd\ufffd\ufffd'],
    ['a\x80b', 'a\ufffdb'],
  ]
  for (const [bytes, want] of cases) {
    it(`reads ${JSON.stringify(bytes)}`, () => assert.equal(decodeLossy(bytes), want))
  }
})
