import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import type {Btf} from '../../src/bpf/btf.ts'
import {packageRoot} from '../../src/paths.ts'
import {readKernelBtf} from '../../src/sensor/kernel-btf.ts'
import {reportText} from '../../src/verifier/report.ts'
import {type VerifierResult, verify} from '../../src/verifier/verify.ts'
import {requireLive} from '../support/live.ts'
import {type KernelJudge, kernelJudge} from './differential/kernel-verdict.ts'
import {RANDOM_MAPS, type RandomProgram, randomProgram} from './differential/random-program.ts'

const FOUND = join(packageRoot, 'test/testdata/verifier/found.json')
const DEFAULT_COUNT = 1000
/** Ours gives up earlier than the kernel: a refusal is never wrong. */
const MAX_VISITS = 20_000

interface FoundProgram {
  readonly name: string
  readonly type: RandomProgram['type']
  readonly attach?: string
  readonly starts: readonly number[]
  /** The instructions, hexadecimal. */
  readonly code: string
}

describe('the verifier and the kernel', function () {
  this.timeout(0)
  let kernel: KernelJudge
  let btf: Btf

  before(function () {
    requireLive(this, {feature: "the kernel's verdicts"})
    btf = readKernelBtf()
    kernel = kernelJudge(RANDOM_MAPS, btf)
  })
  after(() => kernel?.close())

  const ours = (program: RandomProgram): VerifierResult =>
    verify({...program, license: 'GPL', maps: RANDOM_MAPS, btf}, {maxVisits: MAX_VISITS})

  const disagreement = (program: RandomProgram, seed: string): string =>
    `${seed}\n${reportText(program.code, ours(program))}${kernel.log(program)}`

  for (const found of JSON.parse(readFileSync(FOUND, 'utf8')) as FoundProgram[]) {
    it(`agree where they did not: ${found.name}`, () => {
      const program = {...found, code: Buffer.from(found.code, 'hex')}
      if (ours(program).ok !== kernel.accepts(program))
        assert.fail(disagreement(program, found.name))
    })
  }

  it('never disagree in that ours accepts what the kernel refuses', () => {
    const count = Number(process.env['FUZZ'] ?? DEFAULT_COUNT)
    const first = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000)
    const both = {accepted: 0, refused: 0, stricter: 0}
    for (let seed = first; seed < first + count; seed++) {
      const program = randomProgram(seed)
      const {ok} = ours(program)
      const accepted = kernel.accepts(program)
      if (accepted === undefined) continue
      if (ok && !accepted) assert.fail(disagreement(program, `seed ${seed}`))
      if (ok) both.accepted++
      else if (accepted) both.stricter++
      else both.refused++
    }
    console.log(
      `      seeds from ${first}: both accept ${both.accepted}, both refuse ${both.refused}, only the kernel accepts ${both.stricter}`,
    )
    assert.ok(both.accepted > 0 && both.refused > 0)
  })
})
