import {captureMaps} from '../../compiler/bpf/capture-maps.ts'
import type {CapturePlan} from '../../compiler/bpf/capture-plan.ts'
import {COUNTER, SOCKETCALL_COUNTER} from '../../compiler/bpf/drop-counters.ts'
import {type HookChoice, planHooks} from '../../compiler/bpf/hook-plan.ts'
import {kernelPrograms} from '../../compiler/bpf/kernel-programs.ts'
import type {RingSizes} from '../../compiler/bpf/lane.ts'
import {MAP_NAME} from '../../compiler/bpf/map-names.ts'
import type {SensorSetting} from '../../compiler/bpf/sensor-setting.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {checkKernel, readHookFacts} from '../../sensor/capabilities.ts'
import {ownKernelPid} from '../../sensor/own-process.ts'
import {Sensor} from '../../sensor/sensor.ts'

/** A sensor with what its programs are made from, as long as it runs. */
export interface KernelSide {
  readonly sensor: Sensor
  readonly setting: SensorSetting
  /** Why the programs are attached as they are. */
  readonly hookReason: string
}

/** What the kernel counted of one kind of record. */
export interface KernelCounts {
  readonly seen: number
  readonly passed: number
  readonly full: number
  readonly tooLarge: number
  readonly fault: number
  readonly cut: number
  readonly filtered: number
}

/**
 * Loads everything that a plan needs; nothing is attached yet.
 * @throws CodedError SENSOR_… with nothing left in the kernel.
 */
export function openKernelSide(
  plan: CapturePlan,
  choice: HookChoice,
  rings: RingSizes,
): KernelSide {
  const btf = checkKernel()
  const hooks = planHooks(plan, readHookFacts(btf), choice)
  const setting: SensorSetting = {btf, selfPid: ownKernelPid(), hooks, rings}
  const sensor = Sensor.open({
    maps: captureMaps(rings),
    rings: {state: MAP_NAME.state, bulk: MAP_NAME.bulk},
    active: MAP_NAME.active,
    btf,
  })
  try {
    sensor.install(kernelPrograms(plan, setting))
  } catch (error) {
    sensor.close()
    throw error
  }
  return {sensor, setting, hookReason: hooks.reason}
}

/** Reads the counters of a kind of record. */
export function readCounts(sensor: Sensor, kindIndex: number): KernelCounts {
  const words = sensor.sum(MAP_NAME.counters, kindIndex)
  const at = (offset: number): number => Number(words[offset / 8] ?? 0n)
  return {
    seen: at(COUNTER.seen),
    passed: at(COUNTER.passed),
    full: at(COUNTER.full),
    tooLarge: at(COUNTER.tooLarge),
    fault: at(COUNTER.fault),
    cut: at(COUNTER.cut),
    filtered: at(COUNTER.filtered),
  }
}

/** 32-bit `socketcall`s that no program looked at. */
export function readSocketcalls(sensor: Sensor): number {
  return readCounts(sensor, SOCKETCALL_COUNTER).seen
}

/** The counters of all kinds that were seen, by the index of the kind. */
export function readAllCounts(sensor: Sensor): Map<number, KernelCounts> {
  const all = new Map<number, KernelCounts>()
  for (const index of CAPTURES.keys()) {
    const counts = readCounts(sensor, index)
    if (counts.seen > 0) all.set(index, counts)
  }
  return all
}
