import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import type {JmpOp} from '../../src/bpf/opcodes.ts'
import {compute32, compute64, type TrackedOp} from '../../src/verifier/values/arithmetic.ts'
import {decided, opposite, refined} from '../../src/verifier/values/condition.ts'
import {
  constValue,
  contains,
  signedValue,
  synced,
  UNKNOWN,
  type Value,
} from '../../src/verifier/values/value.ts'

const OPERATIONS: Readonly<Record<TrackedOp, (a: bigint, b: bigint, bits: 32 | 64) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  lsh: (a, b, bits) => a << (b & BigInt(bits - 1)),
  rsh: (a, b, bits) => BigInt.asUintN(bits, a) >> (b & BigInt(bits - 1)),
  arsh: (a, b, bits) => BigInt.asIntN(bits, a) >> (b & BigInt(bits - 1)),
}

const COMPARISONS: Readonly<Record<JmpOp, (a: bigint, b: bigint, bits: 32 | 64) => boolean>> = {
  jeq: (a, b) => a === b,
  jne: (a, b) => a !== b,
  jgt: (a, b) => a > b,
  jge: (a, b) => a >= b,
  jlt: (a, b) => a < b,
  jle: (a, b) => a <= b,
  jset: (a, b) => (a & b) !== 0n,
  jsgt: (a, b, bits) => BigInt.asIntN(bits, a) > BigInt.asIntN(bits, b),
  jsge: (a, b, bits) => BigInt.asIntN(bits, a) >= BigInt.asIntN(bits, b),
  jslt: (a, b, bits) => BigInt.asIntN(bits, a) < BigInt.asIntN(bits, b),
  jsle: (a, b, bits) => BigInt.asIntN(bits, a) <= BigInt.asIntN(bits, b),
}

const near = fc.constantFrom(0n, 1n, 7n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 63n)
const number = fc
  .oneof(
    fc.bigInt(0n, (1n << 64n) - 1n),
    fc.tuple(near, fc.bigInt(-3n, 3n)).map(([a, b]) => a + b),
  )
  .map(value => BigInt.asUintN(64, value))

/** A number and a set that holds it. */
const member = fc
  .tuple(number, number, fc.bigInt(0n, 1n << 40n), fc.constantFrom('const', 'bits', 'range', 'any'))
  .map(([value, mask, spread, kind]): {readonly value: bigint; readonly set: Value} => {
    const signed = BigInt.asIntN(64, value)
    switch (kind) {
      case 'const':
        return {value, set: constValue(value)}
      case 'bits':
        return {value, set: synced({value: value & ~mask, mask}, UNKNOWN.wide, UNKNOWN.low)}
      case 'range': {
        const least = signed - spread < -(1n << 63n) ? -(1n << 63n) : signed - spread
        return {value, set: signedValue(least, signed)}
      }
      default:
        return {value, set: UNKNOWN}
    }
  })
const bitWidth = fc.constantFrom<32 | 64>(32, 64)

describe('values of the verifier', () => {
  for (const [name, run] of Object.entries(OPERATIONS)) {
    it(`${name} holds every result`, () => {
      fc.assert(
        fc.property(member, member, bitWidth, (a, b, bits) => {
          const result = BigInt.asUintN(
            bits,
            run(BigInt.asUintN(bits, a.value), BigInt.asUintN(bits, b.value), bits),
          )
          const compute = bits === 64 ? compute64 : compute32
          assert.ok(contains(compute(name as TrackedOp, a.set, b.set), constValue(result)))
        }),
      )
    })
  }
  for (const [name, run] of Object.entries(COMPARISONS)) {
    it(`${name} is decided and refined as it turns out`, () => {
      fc.assert(
        fc.property(member, member, bitWidth, (a, b, bits) => {
          const op = name as JmpOp
          const holds = run(BigInt.asUintN(bits, a.value), BigInt.asUintN(bits, b.value), bits)
          assert.ok([undefined, holds].includes(decided(op, a.set, b.set, bits)))
          const [x, y] = refined(holds ? op : opposite(op), a.set, b.set, bits)
          assert.ok(contains(x, constValue(a.value)) && contains(y, constValue(b.value)))
        }),
      )
    })
  }
})
