import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {captureMaps} from '../../src/compiler/bpf/capture-maps.ts'
import {COUNTER} from '../../src/compiler/bpf/drop-counters.ts'
import type {HookChoice} from '../../src/compiler/bpf/hook-plan.ts'
import {kernelPrograms} from '../../src/compiler/bpf/kernel-programs.ts'
import {MAP_NAME} from '../../src/compiler/bpf/map-names.ts'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import {readBootClock} from '../../src/sensor/boot-clock.ts'
import {RecordEvent} from '../../src/sensor/decoder.ts'
import {Sensor} from '../../src/sensor/sensor.ts'
import {compileC} from '../support/compile-c.ts'
import {requireLive} from '../support/live.ts'
import {everyKind, sensorSetting, type WantedKinds} from '../support/open-sensor.ts'

const OPENS = 300_000
/** Changes of programs take a tenth of a second; the burst takes less than a second on a quick machine. */
const MAX_ROUNDS = 400
const OPENAT = CAPTURES.findIndex(({kind}) => kind === 'openat')

function wanted(names: readonly string[], entryCopies: boolean): WantedKinds {
  const all = everyKind({entryCopies})
  const chosen = (index: number): boolean => names.includes(CAPTURES[index]!.kind)
  return {
    kinds: new Map([...all.kinds].filter(([index]) => chosen(index))),
    entryCopies: new Set([...all.entryCopies].filter(chosen)),
  }
}

describe('a change of programs while events flow', function () {
  this.timeout(60_000)

  for (const hooks of ['tp_btf', 'raw_tp', 'tracepoint'] as const satisfies readonly HookChoice[]) {
    it(`loses no event and doubles none, by ${hooks}`, async function () {
      requireLive(this, {feature: 'changing programs'})
      const folder = mkdtempSync(join(tmpdir(), 'detector-reload-'))
      const burst = compileC(this as never, 'burst', folder)
      const first = wanted(['openat', 'exec'], false)
      const second = wanted(['openat', 'exec', 'unlink', 'mkdir'], true)
      const setting = sensorSetting(second, {
        hooks,
        rings: {stateBytes: 1 << 20, bulkBytes: 1 << 26},
      })
      const sensor = Sensor.open({
        maps: captureMaps(setting.rings),
        rings: {state: MAP_NAME.state, bulk: MAP_NAME.bulk},
        active: MAP_NAME.active,
        btf: setting.btf,
      })
      try {
        sensor.install(kernelPrograms(first, setting))
        sensor.attach()
        const before = sensor.hooks.length
        const child = spawn(burst, ['open', String(OPENS), burst], {stdio: 'ignore'})
        let status: number | null | undefined
        child.on('close', code => {
          status = code
        })
        let opens = 0
        const event = new RecordEvent(readBootClock())
        const read = (): void => {
          sensor.read((bytes, start, length) => {
            event.moveTo(bytes, start, length)
            const own = event.pid === child.pid && event.kind === 'openat'
            if (own && event.get('name') === burst) opens++
          })
        }
        let rounds = 0
        for (; status === undefined && rounds < MAX_ROUNDS; rounds++) {
          const more = rounds % 2 === 0
          sensor.install(kernelPrograms(more ? second : first, setting))
          assert.equal(sensor.hooks.length > before, more, sensor.hooks.join(' '))
          read()
          await new Promise(resolve => setImmediate(resolve))
        }
        assert.equal(status, 0)
        assert.ok(rounds >= 4, `${rounds} changes`)
        sensor.detach()
        read()
        assert.equal(sensor.sum(MAP_NAME.counters, OPENAT)[COUNTER.full / 8], 0n)
        assert.equal(opens, OPENS)
      } finally {
        sensor.close()
        rmSync(folder, {recursive: true, force: true})
      }
    })
  }
})
