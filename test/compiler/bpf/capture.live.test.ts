import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {capturePrograms} from '../../../src/compiler/bpf/capture.ts'
import {
  captureMaps,
  entryPrograms,
  MAP_NAME,
  OBJECT_PREFIX,
} from '../../../src/compiler/bpf/tracepoint-entries.ts'
import {CAPTURES} from '../../../src/schema/capture-table.ts'
import {checkKernel} from '../../../src/sensor/capabilities.ts'
import {ownKernelPid} from '../../../src/sensor/own-process.ts'
import {Sensor} from '../../../src/sensor/sensor.ts'
import {requireLive} from '../../support/live.ts'

describe('capture programs in the kernel', () => {
  for (const everything of [false, true]) {
    it(`are all accepted by its verifier ${everything ? 'with' : 'without'} values on demand`, function () {
      requireLive(this, {feature: 'program loading'})
      const btf = checkKernel()
      const host = {btf, selfPid: ownKernelPid()}
      const sensor = Sensor.open({
        maps: captureMaps(1 << 20),
        entries: entryPrograms(host),
        ring: MAP_NAME.events,
        active: MAP_NAME.active,
        btf,
      })
      try {
        const programs = CAPTURES.flatMap((capture, index) =>
          capturePrograms(
            index,
            {onDemand: new Set(everything ? capture.onDemand : []), everyCall: everything},
            host,
          ),
        )
        assert.deepEqual(sensor.install(programs), {loaded: programs.length, removed: 0})
        assert.deepEqual(
          sensor.install(programs),
          {loaded: 0, removed: 0},
          'unchanged programs are left alone',
        )
        assert.deepEqual(sensor.install(programs.slice(1)), {loaded: 0, removed: 1})
        for (const {name} of programs)
          assert.ok(name.startsWith(OBJECT_PREFIX) && name.length <= 15, name)
      } finally {
        sensor.close()
      }
    })
  }
})
