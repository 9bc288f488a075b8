import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {Assembler} from '../../src/bpf/assembler.ts'
import {encode} from '../../src/bpf/instruction.ts'
import type {VerifierMap} from '../../src/verifier/input.ts'
import type {Rule} from '../../src/verifier/problem.ts'
import {verify} from '../../src/verifier/verify.ts'

const VALUES: VerifierMap = {type: 'array', keySize: 4, valueSize: 16, maxEntries: 1}

const raw = (...words: readonly string[]): Buffer => Buffer.from(words.join(''), 'hex')
const EXIT = 'b700000000000000' + '9500000000000000'

const CASES: readonly {readonly name: string; readonly code: Buffer; readonly rule: Rule}[] = [
  {
    name: 'a read of stack that was never written',
    code: raw('79a0f8ff00000000', EXIT),
    rule: 'portability',
  },
  {
    name: 'a pointer that is returned',
    code: raw('bfa0000000000000', '9500000000000000'),
    rule: 'return-value',
  },
  {
    name: 'a pointer that is stored in a map',
    code: raw('1826000000000000', '0000000000000000', '7ba6000000000000', EXIT),
    rule: 'portability',
  },
  {
    name: 'a lookup that is trusted to hit',
    code: raw(
      '620afcff00000000',
      'bfa2000000000000',
      '07020000fcffffff',
      '1811000000000000',
      '0000000000000000',
      '8500000001000000',
      '7100000000000000',
      EXIT,
    ),
    rule: 'null-dereference',
  },
  {
    name: 'an instruction of version 4',
    code: raw('b700000005000000', 'bf00080000000000', EXIT),
    rule: 'portability',
  },
]

describe('strict verdicts', () => {
  for (const {name, code, rule} of CASES) {
    it(`refuse ${name}`, () => {
      const input = {code, type: 'raw_tracepoint', license: 'GPL', maps: [VALUES]} as const
      assert.deepEqual(verify(input).problem, undefined)
      assert.equal(verify(input, {strict: true}).problem?.rule, rule)
    })
  }

  it('accept what nobody minds', () => {
    const code = encode(new Assembler().movImm(0, 0).exit().finish())
    const input = {code, type: 'raw_tracepoint', license: 'GPL', maps: []} as const
    assert.ok(verify(input, {strict: true}).ok)
  })
})
