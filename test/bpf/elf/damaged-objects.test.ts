import assert from 'node:assert/strict'
import {after, before, describe, it} from 'mocha'
import {disassemble} from '../../../src/bpf/disassembler.ts'
import {relocateProgram} from '../../../src/bpf/elf/core.ts'
import {guarded} from '../../../src/bpf/elf/invalid-object.ts'
import {parseObject} from '../../../src/bpf/elf/object.ts'
import {formatValue} from '../../../src/bpf/format-value.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {objectInput} from '../../../src/verifier/object-input.ts'
import {verify} from '../../../src/verifier/verify.ts'
import {type Objects, objectFolder, requireClang} from '../../support/compile-bpf.ts'

/** A generator of numbers from 0 up to a bound: the same seed gives the same numbers. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const ROUNDS = 600
/** Longest time for one damaged object, in milliseconds. */
const LONGEST_MS = 2000

describe('damaged objects', () => {
  let objects: Objects
  let samples: Buffer[]

  before(function () {
    this.timeout(60_000)
    requireClang(this)
    objects = objectFolder()
    samples = ['maps', 'core', 'refused', 'verdicts/loops', 'verdicts/maps'].map(name =>
      objects.bytes(`test/testdata/bpf/${name}.bpf.c`),
    )
    samples.push(objects.bytes('test/testdata/bpf/legacy.bpf.c', {debug: false}))
  })
  after(() => objects?.remove())

  /** Everything that looks at an object without a kernel; says whether it was taken. */
  const isTaken = (bytes: Buffer): boolean => {
    try {
      const object = parseObject(bytes)
      for (const {valueType, data} of object.maps) {
        if (data === undefined || object.btf === undefined || valueType === 0) continue
        const {types} = object.btf
        guarded('a value', () => formatValue(types, valueType, data))
      }
      for (const program of object.programs) {
        disassemble(program.instructions)
        if (object.btf === undefined) continue
        const {types} = object.btf
        relocateProgram(program, types, types)
        // Kernel types that are as damaged would be no kernel's: only what needs none is judged.
        const input = objectInput(program, object, () => types)
        if (!('notJudged' in input) && input.btf === undefined) verify(input, {maxVisits: 5000})
      }
      return true
    } catch (error) {
      if (error instanceof CodedError && error.code === 'OBJECT_INVALID') return false
      throw error
    }
  }

  const check = (
    name: string,
    damage: (sample: Buffer, next: (below: number) => number) => Buffer,
  ) => {
    it(`${name} give a clear error or an object`, function () {
      this.timeout(60_000)
      const seed = Date.now() >>> 0
      const next = numbersFrom(seed)
      let refused = 0
      for (let round = 0; round < ROUNDS; round++) {
        const sample = samples[round % samples.length]!
        const bytes = damage(sample, next)
        const started = Date.now()
        try {
          if (!isTaken(bytes)) refused++
        } catch (error) {
          throw new Error(`seed ${seed}, round ${round}: ${String(error)}`, {cause: error})
        }
        assert.ok(Date.now() - started < LONGEST_MS, `seed ${seed}, round ${round}: too slow`)
      }
      console.log(`      seed ${seed}: ${refused} of ${ROUNDS} refused`)
      assert.ok(refused > 0)
    })
  }

  check('cut files', (sample, next) => Buffer.from(sample.subarray(0, next(sample.length))))
  check('single flipped bits', (sample, next) => {
    const copy = Buffer.from(sample)
    const at = next(copy.length)
    copy[at] = copy[at]! ^ (1 << next(8))
    return copy
  })
  check('many overwritten bytes', (sample, next) => {
    const copy = Buffer.from(sample)
    for (let count = 1 + next(40); count > 0; count--) copy[next(copy.length)] = next(256)
    return copy
  })
  check('overwritten words', (sample, next) => {
    const copy = Buffer.from(sample)
    const words = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, copy.length]
    for (let count = 1 + next(6); count > 0; count--)
      copy.writeUInt32LE(words[next(words.length)]!, next(copy.length / 4 - 1) * 4)
    return copy
  })
})
