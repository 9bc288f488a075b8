import assert from 'node:assert/strict'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {type VerifierCase, verifierInput} from '../../scripts/conformance/verifier.ts'
import {packageRoot} from '../../src/paths.ts'
import {kernelStyleLog} from '../../src/verifier/kernel-log.ts'
import {verify} from '../../src/verifier/verify.ts'
import {type Numbers, numbersFrom} from './differential/numbers.ts'
import {RANDOM_MAPS, randomProgram} from './differential/random-program.ts'

const FILE = join(packageRoot, '../shared/conformance/verifier.json')
const ROUNDS = 4000
const LONGEST_MS = 5000
const MAX_VISITS = 20_000

const DAMAGES: readonly {
  readonly name: string
  readonly damage: (code: Buffer, next: Numbers) => Buffer
}[] = [
  {
    name: 'a flipped bit',
    damage: (code, next) => {
      const at = next(code.length)
      code[at] = code[at]! ^ (1 << next(8))
      return code
    },
  },
  {name: 'a cut', damage: (code, next) => code.subarray(0, next(code.length + 1))},
  {
    name: 'overwritten bytes',
    damage: (code, next) => {
      for (let count = 1 + next(20); count > 0; count--) code[next(code.length)] = next(256)
      return code
    },
  },
  {
    name: 'nothing but chance',
    damage: (code, next) => {
      for (const at of code.keys()) code[at] = next(256)
      return code
    },
  },
]

describe('hostile programs', function () {
  this.timeout(60_000)
  for (const {name, damage} of DAMAGES) {
    it(`get a verdict in bounded time: ${name}`, () => {
      const seed = Date.now() >>> 0
      const next = numbersFrom(seed)
      let refused = 0
      for (let round = 0; round < ROUNDS / DAMAGES.length; round++) {
        const program = randomProgram(next(1_000_000))
        const code = damage(Buffer.from(program.code), next)
        const started = Date.now()
        const log = kernelStyleLog(code)
        const result = verify(
          {type: program.type, code, license: 'GPL', maps: RANDOM_MAPS},
          {maxVisits: MAX_VISITS, strict: next(2) === 0, trace: log.trace},
        )
        assert.ok(log.finish(result).length > 0)
        if (!result.ok) refused++
        assert.ok(Date.now() - started < LONGEST_MS, `seed ${seed}, round ${round}: too slow`)
      }
      assert.ok(refused > 0)
    })
  }

  it('get a verdict for every bit of the suite flipped in turn', function () {
    if (!existsSync(FILE)) {
      console.log('      skipping: no cases here')
      this.skip()
    }
    const cases = JSON.parse(readFileSync(FILE, 'utf8')) as VerifierCase[]
    let count = 0
    for (const testCase of cases.slice(0, 60)) {
      const input = verifierInput(testCase, undefined)
      for (let bit = 0; bit < Math.min(input.code.length, 160) * 8; bit += 3) {
        const code = Buffer.from(input.code)
        code[bit >> 3] = code[bit >> 3]! ^ (1 << (bit & 7))
        assert.equal(typeof verify({...input, code}, {maxVisits: 2000}).ok, 'boolean')
        count++
      }
    }
    assert.ok(count > 1000)
  })

  it('cannot make the walk take more than it may', () => {
    // Calls of each function by all before it, deep and wide: a walk of every way would never end.
    const functions = 40
    const words: Buffer[] = []
    for (let index = 0; index < functions; index++) {
      for (let call = 1; call <= 3; call++) {
        const target = Math.min(index + call, functions - 1)
        if (index < functions - 3) words.push(word(0x85, 0x10, 0, target * 5 - words.length - 1))
        else words.push(word(0xb7, 0, 0, 0))
      }
      words.push(word(0xb7, 0, 0, 0), word(0x95, 0, 0, 0))
    }
    const started = Date.now()
    const result = verify(
      {code: Buffer.concat(words), type: 'raw_tracepoint', license: 'GPL', maps: []},
      {maxVisits: 100_000},
    )
    assert.equal(result.problem?.rule, 'call-depth')
    assert.ok(Date.now() - started < LONGEST_MS)
  })
})

function word(opcode: number, registers: number, off: number, imm: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt8(opcode, 0)
  bytes.writeUInt8(registers, 1)
  bytes.writeInt16LE(off, 2)
  bytes.writeInt32LE(imm, 4)
  return bytes
}
