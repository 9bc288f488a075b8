import {captureMaps} from '../../src/compiler/bpf/capture-maps.ts'
import type {CapturePlan} from '../../src/compiler/bpf/capture-plan.ts'
import {type HookChoice, planHooks} from '../../src/compiler/bpf/hook-plan.ts'
import {kernelPrograms} from '../../src/compiler/bpf/kernel-programs.ts'
import type {RingSizes} from '../../src/compiler/bpf/lane.ts'
import {MAP_NAME} from '../../src/compiler/bpf/map-names.ts'
import type {SensorSetting} from '../../src/compiler/bpf/sensor-setting.ts'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import {checkKernel, readHookFacts} from '../../src/sensor/capabilities.ts'
import {ownKernelPid} from '../../src/sensor/own-process.ts'
import {Sensor} from '../../src/sensor/sensor.ts'

/** What a test captures with. */
export interface SensorChoice {
  readonly hooks?: HookChoice
  readonly rings?: RingSizes
}

/** The kinds of record that a sensor captures. */
export type WantedKinds = Pick<CapturePlan, 'kinds' | 'entryCopies'>

/** Every kind of record with everything that it can carry; `entryCopies` copies at entry as well. */
export function everyKind({entryCopies = false} = {}): WantedKinds {
  const request = {onDemand: new Set(CAPTURES.flatMap(({onDemand}) => onDemand ?? []))}
  const copied = entryCopies ? ['open', 'openat', 'openat2', 'creat', 'connect'] : []
  return {
    kinds: new Map(
      CAPTURES.map(({kind}, index) => [
        index,
        {...request, everyCall: true, entryCopy: copied.includes(kind)},
      ]),
    ),
    entryCopies: new Set(CAPTURES.flatMap(({kind}, index) => (copied.includes(kind) ? index : []))),
  }
}

/** The setting of a sensor for these kinds on this machine. */
export function sensorSetting(
  wanted: WantedKinds,
  {hooks = 'auto', rings = {stateBytes: 8 << 20, bulkBytes: 8 << 20}}: SensorChoice = {},
): SensorSetting {
  const btf = checkKernel()
  return {
    btf,
    selfPid: ownKernelPid(),
    hooks: planHooks(wanted, readHookFacts(btf), hooks),
    rings,
  }
}

/** Opens a sensor with the programs for these kinds installed, not yet attached. The caller closes it. */
export function openSensor(wanted: WantedKinds, choice: SensorChoice = {}): Sensor {
  const setting = sensorSetting(wanted, choice)
  const sensor = Sensor.open({
    maps: captureMaps(setting.rings),
    rings: {state: MAP_NAME.state, bulk: MAP_NAME.bulk},
    active: MAP_NAME.active,
    btf: setting.btf,
  })
  try {
    sensor.install(kernelPrograms(wanted, setting))
    return sensor
  } catch (error) {
    sensor.close()
    throw error
  }
}
