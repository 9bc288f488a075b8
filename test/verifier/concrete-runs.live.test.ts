import assert from 'node:assert/strict'
import {closeSync} from 'node:fs'
import {describe, it} from 'mocha'
import {disassemble} from '../../src/bpf/disassembler.ts'
import {decode} from '../../src/bpf/instruction.ts'
import {BPF_PROG_TYPE} from '../../src/bpf/specs.ts'
import {progLoad, testRun} from '../../src/sensor/bpf-syscall.ts'
import {currentFrame} from '../../src/verifier/machine/state.ts'
import {tnumContains} from '../../src/verifier/values/tnum.ts'
import type {Value} from '../../src/verifier/values/value.ts'
import {verify} from '../../src/verifier/verify.ts'
import {requireLive} from '../support/live.ts'
import {numbersFrom} from './differential/numbers.ts'

const PROGRAMS = 300
const RUNS = 12
const STEPS = 24
/** Operations of the classes ALU (4) and ALU64 (7): add, sub, mul, or, and, lsh, rsh, xor, mov, arsh (linux v6.18 bpf_common.h, bpf.h). */
const OPERATIONS = [0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0]
/** Jumps of the classes JMP (5) and JMP32 (6): eq, gt, ge, set, ne, sgt, sge, lt, le, slt, sle. */
const JUMPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0]
const SHIFTS = [0x60, 0x70, 0xc0]
const EXIT = 0x95
/** Numbers at which bounds break. */
const EDGES = [
  0n,
  1n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  1n << 63n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
]

type Next = (below: number) => number

const instruction = (
  opcode: number,
  dst: number,
  src: number,
  off: number,
  imm: number,
): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes[0] = opcode
  bytes[1] = dst | (src << 4)
  bytes.writeInt16LE(off, 2)
  bytes.writeInt32LE(imm, 4)
  return bytes
}

/**
 * Arithmetic on four numbers of the context. No two paths meet before they end, so nothing is left unwalked because another path covers
 * it: each way out is walked with its own numbers.
 */
function program(next: Next): Buffer {
  const code: Buffer[] = []
  for (let index = 0; index < 4; index++) code.push(instruction(0x79, 2 + index, 1, index * 8, 0))
  const imm = (): number => (next(2) === 0 ? next(70) - 5 : next(0xffff_ffff) - 0x8000_0000)
  const leave = (): Buffer[] => [
    instruction(0xbf, 0, 2 + next(4), 0, 0),
    // The kernel gives back the low half: one of the two halves.
    next(2) === 0 ? instruction(0x77, 0, 0, 0, 32) : instruction(0xbc, 0, 0, 0, 0),
    instruction(EXIT, 0, 0, 0, 0),
  ]
  for (let step = 0; step < STEPS; step++) {
    const dst = 2 + next(4)
    const src = 2 + next(4)
    const byRegister = next(2)
    if (next(3) === 0) {
      const jump = JUMPS[next(JUMPS.length)]! | (next(2) === 0 ? 5 : 6) | (byRegister * 8)
      // Over the way out.
      code.push(
        instruction(jump, dst, byRegister * src, 3, byRegister === 1 ? 0 : imm()),
        ...leave(),
      )
      continue
    }
    const operation = OPERATIONS[next(OPERATIONS.length)]!
    const isWide = next(2) === 0
    const constant = SHIFTS.includes(operation) ? next(isWide ? 64 : 32) : imm()
    const opcode = operation | (isWide ? 7 : 4) | (byRegister * 8)
    code.push(instruction(opcode, dst, byRegister * src, 0, byRegister === 1 ? 0 : constant))
  }
  return Buffer.concat([...code, ...leave()])
}

/** What our verifier says may be given back. */
function results(code: Buffer): Value[] | undefined {
  const values: Value[] = []
  const trace: NonNullable<Parameters<typeof verify>[1]>['trace'] = (at, state) => {
    const result = code[at * 8] === EXIT ? currentFrame(state).registers[0] : undefined
    if (result?.kind === 'scalar') values.push(result.value)
  }
  const {ok} = verify({code, type: 'raw_tracepoint', license: 'GPL', maps: []}, {trace})
  return ok ? values : undefined
}

const holds = ({tnum, wide, low}: Value, number: bigint): boolean =>
  number >= wide.umin &&
  number <= wide.umax &&
  number >= low.umin &&
  number <= low.umax &&
  BigInt.asIntN(32, number) >= low.smin &&
  BigInt.asIntN(32, number) <= low.smax &&
  tnumContains(tnum, {value: number, mask: 0n})

describe('the numbers of programs that run', function () {
  this.timeout(60_000)
  it('lie in the ranges that the verifier gave them', function () {
    requireLive(this, {feature: 'test runs of programs'})
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)
    const next = numbersFrom(seed)
    let runs = 0
    let narrow = 0
    for (let count = 0; count < PROGRAMS; count++) {
      const code = program(next)
      const values = results(code)
      if (values === undefined) continue
      const load = progLoad({
        type: BPF_PROG_TYPE.raw_tracepoint,
        name: 'det_ranges',
        instructions: code,
        license: 'GPL',
        expectedAttachType: 0,
        attachBtfId: 0,
        logLevel: 0,
        log: Buffer.alloc(0),
      })
      assert.ok(load.value >= 0, `seed ${seed}: errno ${load.errno}`)
      try {
        for (let run = 0; run < RUNS; run++) {
          const context = Buffer.alloc(32)
          for (let index = 0; index < 4; index++) {
            const wild = BigInt(next(0xffff_ffff)) << BigInt(next(33))
            const value = next(2) === 0 ? EDGES[next(EDGES.length)]! : wild
            context.writeBigUInt64LE(BigInt.asUintN(64, value), index * 8)
          }
          const {value, retval} = testRun(load.value, context)
          assert.ok(value >= 0)
          const result = BigInt.asUintN(32, BigInt(retval))
          runs++
          if (values.some(range => range.wide.umax < 0xffff_ffffn)) narrow++
          assert.ok(
            values.some(range => holds(range, result)),
            `seed ${seed}: ${result} of context ${context.toString('hex')}\n${disassemble(decode(code)).join('\n')}`,
          )
        }
      } finally {
        closeSync(load.value)
      }
    }
    console.log(
      `      seed ${seed}: ${runs} runs, ${narrow} of them of programs with bounded results`,
    )
    assert.ok(runs > PROGRAMS && narrow > 0)
  })
})
