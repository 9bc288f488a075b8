import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import type {Reg} from '../../../src/bpf/assembler.ts'
import {R, SCRATCH_SIZE} from '../../../src/compiler/bpf/capture-context.ts'
import {
  emitKeySetLookup,
  hasKey,
  type KeySet,
  keySetOf,
  placeKeySet,
} from '../../../src/compiler/filter/key-set.ts'
import {requireLive} from '../../support/live.ts'
import {judgingCode, openKernelRun} from './kernel-run.ts'

const unsigned = (key: bigint): bigint => BigInt.asUintN(64, key)

/** The number that an odd one times this is 1 (64 bits). */
function inverse(odd: bigint): bigint {
  let found = odd
  for (let step = 0; step < 6; step++) found = unsigned(found * (2n - odd * found))
  return found
}

/** Keys that come into one bucket with this multiplier, however many buckets there are. */
function crowded(multiplier: bigint, count: number): bigint[] {
  return Array.from({length: count}, (_, at) => unsigned(inverse(multiplier) * BigInt(at + 1)))
}

/** The multipliers that are tried, in order: found by keys that fill a bucket under each that is known. */
function multipliers(): bigint[] {
  const known: bigint[] = []
  for (;;) {
    const set = keySetOf(known.flatMap(multiplier => crowded(multiplier, 9)))
    if (set === undefined) return known
    assert.ok(!known.includes(set.multiplier))
    known.push(set.multiplier)
  }
}

const key = fc.oneof(
  fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
  fc.bigInt({min: 0n, max: 300n}),
  fc.constantFrom(0n, 2n ** 64n - 1n, 2n ** 63n, -1n),
)

describe('keySetOf', () => {
  it('holds its keys and no others', () => {
    fc.assert(
      fc.property(
        fc.array(key, {maxLength: 400}),
        fc.array(key, {maxLength: 50}),
        (keys, others) => {
          const set = keySetOf(keys)!
          const wanted = new Set(keys.map(unsigned))
          for (const each of [...keys, ...others])
            assert.equal(hasKey(set, each), wanted.has(unsigned(each)))
        },
      ),
    )
  })

  it('holds many keys in a table that is not much larger', () => {
    const keys = Array.from({length: 10_000}, (_, at) => BigInt(at) * 7n)
    const set = keySetOf(keys)!
    assert.ok(keys.every(each => hasKey(set, each)))
    assert.ok(!hasKey(set, 3n))
    assert.ok(set.bytes.length <= 1 << 20, `${set.bytes.length} bytes`)
  })

  it('tries another multiplier when a bucket overflows, and gives up at the last', () => {
    const [first, ...others] = multipliers()
    assert.ok(first !== undefined && others.length > 0)
    const full = crowded(first, 8)
    assert.equal(keySetOf(full)!.multiplier, first)
    const moved = keySetOf([...full, ...crowded(first, 9)])!
    assert.equal(moved.multiplier, others[0])
    assert.ok(crowded(first, 9).every(each => hasKey(moved, each)))
  })

  it('grows when every multiplier lets a bucket overflow', () => {
    const tried = multipliers()
    const bits = BigInt(Math.ceil(Math.log2((9 * tried.length) / 2)))
    // With one bit more, the eighth and ninth of them come into another bucket.
    const keys = tried.flatMap(multiplier =>
      Array.from({length: 9}, (_, at) =>
        unsigned(inverse(multiplier) * (BigInt(at + 1) << (60n - bits))),
      ),
    )
    const set = keySetOf(keys)!
    assert.ok(BigInt(set.bucketBits) > bits)
    assert.ok(keys.every(each => hasKey(set, each)))
  })

  it('is large enough for many keys', () => {
    const keys = Array.from({length: 4000}, (_, at) =>
      unsigned(BigInt(at + 1) * 0x1234_5678_9abc_def1n),
    )
    const set = keySetOf(keys)!
    assert.ok(2 ** set.bucketBits >= keys.length / 2)
    assert.ok(keys.every(each => hasKey(set, each)))
  })
})

describe('key sets in the kernel', function () {
  this.timeout(60_000)

  /** Whether the kernel finds each key, which stands where a record begins. */
  function found(
    set: KeySet,
    keys: readonly bigint[],
    registers: readonly [Reg, Reg, Reg],
  ): boolean[] {
    const [register, ...lose] = registers
    const code = judgingCode((asm, drop, data) => {
      const hit = asm.label('hit')
      asm.load(8, register, R.scratch, 0)
      emitKeySetLookup(asm, placeKeySet(set, data), {key: register, lose}, hit)
      asm.jump(drop).place(hit)
    })
    const records = keys.map(each => {
      const record = Buffer.alloc(SCRATCH_SIZE)
      record.writeBigUInt64LE(unsigned(each))
      return record
    })
    const kernel = openKernelRun()
    try {
      return kernel.judge(code, records)
    } finally {
      kernel.close()
    }
  }

  it('are looked up as by hasKey', function () {
    requireLive(this, {feature: 'program loading'})
    fc.assert(
      fc.property(
        fc.array(key, {minLength: 1, maxLength: 200}),
        fc.array(key, {maxLength: 20}),
        fc.constantFrom([0, 4, 5] as const, [1, 2, 3] as const),
        (keys, others, registers) => {
          const set = keySetOf(keys)!
          const asked = [...keys.slice(0, 40), ...others, 0n]
          assert.deepEqual(
            found(set, asked, registers),
            asked.map(each => hasKey(set, each)),
          )
        },
      ),
      {numRuns: 60},
    )
  })

  it('are looked up to the last place of a full bucket', function () {
    requireLive(this, {feature: 'program loading'})
    const [first] = multipliers()
    const keys = crowded(first!, 9)
    const set = keySetOf(keys.slice(0, 8))!
    assert.deepEqual(
      found(set, keys, [1, 2, 3]),
      keys.map((_, at) => at < 8),
    )
  })

  it('of 100,000 keys are loaded', function () {
    requireLive(this, {feature: 'program loading'})
    const keys = Array.from({length: 100_000}, (_, at) => unsigned(BigInt(at) * 0x9e37_79b9n))
    const asked = [keys[1]!, keys[99_999]!, 1n]
    assert.deepEqual(found(keySetOf(keys)!, asked, [3, 1, 2]), [true, true, false])
  })
})
