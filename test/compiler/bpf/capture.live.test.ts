import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {captureMaps} from '../../../src/compiler/bpf/capture-maps.ts'
import type {HookChoice} from '../../../src/compiler/bpf/hook-plan.ts'
import {kernelPrograms} from '../../../src/compiler/bpf/kernel-programs.ts'
import {MAP_NAME} from '../../../src/compiler/bpf/map-names.ts'
import {OBJECT_PREFIX} from '../../../src/compiler/bpf/tracepoints.ts'
import {CAPTURES} from '../../../src/schema/capture-table.ts'
import {Sensor} from '../../../src/sensor/sensor.ts'
import {requireLive} from '../../support/live.ts'
import {everyKind, sensorSetting, type WantedKinds} from '../../support/open-sensor.ts'

const plain: WantedKinds = {
  kinds: new Map(
    CAPTURES.map((_, index) => [index, {onDemand: new Set<string>(), everyCall: false}]),
  ),
  entryCopies: new Set(),
}

describe('capture programs in the kernel', function () {
  this.timeout(60_000)
  const cases: readonly {name: string; hooks: HookChoice; wanted: WantedKinds}[] = [
    {name: 'with the least of everything', hooks: 'tp_btf', wanted: plain},
    {name: 'with values on demand', hooks: 'tp_btf', wanted: everyKind()},
    {name: 'with copies at entry', hooks: 'tp_btf', wanted: everyKind({entryCopies: true})},
    {name: 'for raw tracepoints', hooks: 'raw_tp', wanted: everyKind({entryCopies: true})},
    {name: 'for trace events', hooks: 'tracepoint', wanted: everyKind({entryCopies: true})},
  ]
  for (const {name, hooks, wanted} of cases) {
    it(`are all accepted by its verifier ${name}`, function () {
      requireLive(this, {feature: 'program loading'})
      const setting = sensorSetting(wanted, {hooks})
      const sensor = Sensor.open({
        maps: captureMaps(setting.rings),
        rings: {state: MAP_NAME.state, bulk: MAP_NAME.bulk},
        active: MAP_NAME.active,
        btf: setting.btf,
      })
      try {
        const programs = kernelPrograms(wanted, setting)
        const install = (specs: typeof programs): {loaded: number; removed: number} => {
          const {loaded, removed} = sensor.install(specs)
          return {loaded, removed}
        }
        assert.deepEqual(install(programs), {loaded: programs.length, removed: 0})
        assert.deepEqual(
          install(programs),
          {loaded: 0, removed: 0},
          'unchanged programs are left alone',
        )
        assert.deepEqual(install(programs.slice(0, -1)), {loaded: 0, removed: 1})
        for (const {name} of programs)
          assert.ok(name.startsWith(OBJECT_PREFIX) && name.length <= 15, name)
      } finally {
        sensor.close()
      }
    })
  }
})
