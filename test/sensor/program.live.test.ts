import assert from 'node:assert/strict'
import {existsSync, rmSync} from 'node:fs'
import {dirname} from 'node:path'
import {describe, it} from 'mocha'
import {Assembler} from '../../src/bpf/assembler.ts'
import type {ProgramSpec} from '../../src/bpf/specs.ts'
import {CodedError} from '../../src/diagnostics/error.ts'
import {readKernelBtf} from '../../src/sensor/kernel-btf.ts'
import {BpfProgram, verifierSummary} from '../../src/sensor/program.ts'
import {requireLive} from '../support/live.ts'

const spec = (asm: Assembler, tracepoint = 'sys_exit'): ProgramSpec => ({
  name: 'det_test',
  attach: {kind: 'tp_btf', tracepoint},
  instructions: asm.finish(),
  license: 'GPL',
})

describe('BpfProgram', () => {
  it('tells why the kernel refused a program, and keeps its whole log', function () {
    requireLive(this, {feature: 'program loading'})
    const readsUnsetRegister = new Assembler().mov(0, 5).exit()
    assert.throws(
      () => BpfProgram.load(spec(readsUnsetRegister), new Map(), readKernelBtf()),
      (error: unknown) => {
        assert.ok(error instanceof CodedError)
        assert.equal(error.code, 'SENSOR_REFUSED')
        assert.match(error.message, /det_test: R5 !read_ok/)
        const file = /log is in (\S+);/.exec(error.hint ?? '')?.[1] ?? ''
        assert.ok(existsSync(file), file)
        rmSync(dirname(file), {recursive: true})
        return true
      },
    )
  })

  it('says so when the kernel has no such tracepoint', function () {
    requireLive(this, {feature: 'program loading'})
    const empty = new Assembler().movImm(0, 0).exit()
    assert.throws(
      () => BpfProgram.load(spec(empty, 'no_such_tracepoint'), new Map(), readKernelBtf()),
      (error: unknown) => error instanceof CodedError && error.code === 'SENSOR_UNSUPPORTED',
    )
  })
})

describe('verifierSummary', () => {
  const logs: readonly {name: string; log: string; want: string}[] = [
    {
      name: 'the line before the statistics',
      log: '0: (bf) r0 = r5\nR5 !read_ok\nprocessed 1 insns (limit 1000000)\n',
      want: 'R5 !read_ok',
    },
    {name: 'the last line of a log without statistics', log: 'a\nb\n\n', want: 'b'},
    {name: 'a word for an empty log', log: '', want: 'the kernel gave no reason'},
  ]
  for (const {name, log, want} of logs)
    it(`is ${name}`, () => assert.equal(verifierSummary(log), want))
})
