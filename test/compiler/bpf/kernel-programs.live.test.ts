import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {encode} from '../../../src/bpf/instruction.ts'
import {attachNames, type HookKind, type ProgramSpec} from '../../../src/bpf/specs.ts'
import {kernelPrograms} from '../../../src/compiler/bpf/kernel-programs.ts'
import {requireLive} from '../../support/live.ts'
import {everyKind, sensorSetting} from '../../support/open-sensor.ts'

const wanted = everyKind({entryCopies: true})

describe('kernelPrograms', () => {
  for (const hooks of ['tp_btf', 'raw_tp', 'tracepoint'] as const satisfies readonly HookKind[]) {
    const programs = (): ProgramSpec[] => kernelPrograms(wanted, sensorSetting(wanted, {hooks}))

    it(`gives the same bytes for the same plan, by ${hooks}`, function () {
      requireLive(this, {feature: 'the types of the kernel'})
      const bytes = (specs: readonly ProgramSpec[]): string[] =>
        specs.map(({name, instructions}) => `${name} ${encode(instructions).toString('hex')}`)
      assert.deepEqual(bytes(programs()), bytes(programs()))
    })

    it(`jumps only through arrays that programs of its own kind fill, by ${hooks}`, function () {
      requireLive(this, {feature: 'the types of the kernel'})
      const fillers = new Map<string, string>()
      const slots = new Set<string>()
      for (const {name, attach} of programs()) {
        if (attach.kind !== 'tail_call') {
          assert.ok(attachNames(attach).length > 0, name)
          continue
        }
        const filler = `${attach.hook}/${attach.hook === 'tp_btf' ? attach.tracepoint : ''}`
        assert.equal(fillers.get(attach.map) ?? filler, filler, attach.map)
        fillers.set(attach.map, filler)
        assert.ok(attach.slot < attach.halfSize, name)
        assert.ok(!slots.has(`${attach.map}/${attach.slot}`), `${name} shares its slot`)
        slots.add(`${attach.map}/${attach.slot}`)
      }
    })
  }
})
