import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {encode} from '../../src/bpf/instruction.ts'
import {captureMaps} from '../../src/compiler/bpf/capture-maps.ts'
import {kernelPrograms} from '../../src/compiler/bpf/kernel-programs.ts'
import {reportText} from '../../src/verifier/report.ts'
import {verify} from '../../src/verifier/verify.ts'
import {requireLive} from '../support/live.ts'
import {everyKind, sensorSetting} from '../support/open-sensor.ts'

describe('the programs that the compiler writes for this kernel', function () {
  this.timeout(120_000)
  it('are accepted', function () {
    requireLive(this, {feature: 'the verdict on generated programs'})
    const setting = sensorSetting(everyKind())
    const maps = captureMaps(setting.rings)
    for (const program of kernelPrograms(everyKind(), setting)) {
      const {attach} = program
      const hook = attach.kind === 'tail_call' ? attach.hook : attach.kind
      const code = encode(program.instructions, name => maps.findIndex(map => map.name === name))
      const result = verify({
        code,
        type: hook === 'raw_tp' ? 'raw_tracepoint' : hook,
        attach: attach.tracepoint,
        license: program.license,
        maps,
        btf: setting.btf,
      })
      assert.ok(result.ok, `${program.name}: ${reportText(code, result)}`)
    }
  })
})
