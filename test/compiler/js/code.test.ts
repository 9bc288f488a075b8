import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {
  type Code,
  code,
  codeName,
  codeNumber,
  joinCode,
  makeFunction,
} from '../../../src/compiler/js/code.ts'

describe('code', () => {
  it('joins names and code to a function', () => {
    const [a, b] = [codeName('a', 0), codeName('b', 1)]
    const sum = makeFunction([a, b], code`return ${a} + (${joinCode([b, codeNumber(2)], ' && ')})`)
    assert.equal(sum(40, true), 42)
  })

  it('takes no text from elsewhere, whatever it pretends to be', () => {
    const pretenders = [
      'alert()',
      {text: 'alert()'},
      JSON.parse('{"text":"x","isName":true}'),
      null,
      1,
    ]
    for (const pretender of pretenders) {
      assert.throws(() => code`${pretender as unknown as Code}`)
      assert.throws(() => joinCode([pretender as unknown as Code], '\n'))
    }
  })

  it('makes plain names and numbers only', () => {
    assert.throws(() => codeName('a;b', 0))
    assert.throws(() => codeName('a', -1))
    assert.throws(() => codeName('a', 1.5))
    assert.throws(() => codeNumber(Number.NaN))
    assert.throws(() => codeNumber('1' as unknown as number))
  })
})
