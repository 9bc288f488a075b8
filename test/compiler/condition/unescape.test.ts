import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {closingQuote, unescapeQuoted} from '../../../src/compiler/condition/unescape.ts'

describe('unescapeQuoted', () => {
  const accepted: readonly {name: string; input: string; quote?: "'"; hex: string}[] = [
    {name: 'plain text', input: 'ab', hex: '6162'},
    {name: 'control escapes', input: '\\b\\f\\n\\r\\t', hex: '080c0a0d09'},
    {name: 'backslash and slash', input: '\\\\\\/', hex: '5c2f'},
    {name: 'backslash-blank as one backslash', input: 'a\\ b', hex: '615c62'},
    {name: 'the double quote', input: '\\"', hex: '22'},
    {name: 'the single quote', input: "\\'", quote: "'", hex: '27'},
    {name: 'any byte by number', input: '\\x00\\xFf', hex: '00ff'},
    {name: 'other characters as UTF-8', input: 'é\\x41', hex: 'c3a941'},
  ]
  for (const {name, input, quote = '"', hex} of accepted) {
    it(`decodes ${name}`, () => {
      const result = unescapeQuoted(input, quote)
      assert.ok(result.ok)
      assert.equal(Buffer.from(result.bytes, 'latin1').toString('hex'), hex)
    })
  }

  const refused: readonly {input: string; quote?: "'"; at: number}[] = [
    {input: '\\q', at: 0},
    {input: 'ab\\', at: 2},
    {input: "\\'", at: 0},
    {input: '\\"', quote: "'", at: 0},
    {input: '\\x', at: 0},
    {input: '\\x4', at: 0},
    {input: '\\x4g', at: 0},
    {input: 'a\\x 1', at: 1},
    {input: '\\\t', at: 0},
  ]
  for (const {input, quote = '"', at} of refused) {
    it(`refuses ${quote}${input}${quote}`, () => {
      const result = unescapeQuoted(input, quote)
      assert.ok(!result.ok)
      assert.equal(result.at, at)
    })
  }
})

describe('closingQuote', () => {
  const cases = [
    {name: 'the empty text', input: '""', want: 1},
    {name: 'the first equal quote', input: '"a\'b"c"', want: 4},
    {name: 'past an escaped quote', input: '"a\\"b"', want: 5},
    {name: 'past a quote after an escaped backslash', input: '"a\\\\"b"', want: 6},
    {name: 'nowhere', input: '"a\\"', want: -1},
  ]
  for (const {name, input, want} of cases) {
    it(`finds ${name}`, () => assert.equal(closingQuote(input, 0), want))
  }
})
