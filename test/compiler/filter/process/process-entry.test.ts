import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {processAnswers} from '../../../../src/compiler/filter/process/interpret-process.ts'
import {
  encodeProcessEntry,
  PROCESS_ENTRY,
  type ProcessEntry,
} from '../../../../src/compiler/filter/process/process-entry.ts'

const word = fc.oneof(fc.bigInt({min: 0n, max: 3n}), fc.bigInt({min: 0n, max: 2n ** 64n - 1n}))
const bits = fc.oneof(
  fc.bigInt({min: 0n, max: 2n ** 256n - 1n}),
  fc.integer({min: 0, max: 255}).map(bit => 1n << BigInt(bit)),
)
const arbitraryEntry: fc.Arbitrary<ProcessEntry> = fc.record({
  start: word,
  execId: word,
  set: word,
  version: word,
  epoch: word,
  bits,
})

describe('entries of processes', () => {
  it('answer what was written', () => {
    fc.assert(
      fc.property(arbitraryEntry, fc.integer({min: 0, max: 255}), (entry, bit) => {
        const answers = processAnswers(encodeProcessEntry(9, entry), {tid: 9, ...entry})
        const want = ((entry.bits >> BigInt(bit)) & 1n) === 1n
        assert.equal(answers({kind: 'process', bit, kin: true}), want)
      }),
    )
  })

  it('are not taken for another when their words are mixed', () => {
    fc.assert(
      fc.property(
        arbitraryEntry,
        arbitraryEntry,
        fc.integer({min: 1, max: PROCESS_ENTRY.size / 8 - 1}),
        fc.boolean(),
        (one, other, words, isFirst) => {
          const [left, right] = [encodeProcessEntry(7, one), encodeProcessEntry(8, other)]
          const mixed = Buffer.concat([left.subarray(0, 8 * words), right.subarray(8 * words)])
          const [tid, own, bytes] = isFirst ? [7, one, left] : [8, other, right]
          if (mixed.equals(bytes)) return
          const answers = processAnswers(mixed, {tid, ...own})
          assert.equal(answers({kind: 'process', bit: 0, kin: false}), undefined)
        },
      ),
      {numRuns: 2000},
    )
  })

  it('are those of one thread', () => {
    const entry = {start: 1n, execId: 1n, set: 1n, version: 1n, epoch: 1n, bits: 1n}
    const answers = processAnswers(encodeProcessEntry(7, entry), {tid: 8, ...entry})
    assert.equal(answers({kind: 'process', bit: 0, kin: false}), undefined)
  })
})
