import {captureMaps} from '../../compiler/bpf/capture-maps.ts'
import type {CapturePlan} from '../../compiler/bpf/capture-plan.ts'
import {COUNTER, SOCKETCALL_COUNTER} from '../../compiler/bpf/drop-counters.ts'
import {type HookChoice, type HookPlan, planHooks} from '../../compiler/bpf/hook-plan.ts'
import {kernelPrograms} from '../../compiler/bpf/kernel-programs.ts'
import type {RingSizes} from '../../compiler/bpf/lane.ts'
import {MAP_NAME} from '../../compiler/bpf/map-names.ts'
import type {SensorSetting} from '../../compiler/bpf/sensor-setting.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import {checkKernel, readHookFacts} from '../../sensor/capabilities.ts'
import {ownKernelPid} from '../../sensor/own-process.ts'
import {type Installable, Sensor} from '../../sensor/sensor.ts'

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
 * Loads everything that a plan needs, as programs of a generation; nothing is attached yet.
 * @throws CodedError SENSOR_… with nothing left in the kernel.
 */
export function openKernelSide(
  plan: CapturePlan,
  choice: HookChoice,
  rings: RingSizes,
  generation = 1,
): KernelSide {
  const {setting, choice: kernel} = kernelChoice(plan, choice, rings)
  return loadKernelSide(kernelPrograms(plan, setting), kernel, generation)
}

/** What is decided once about the kernel for as long as a detection runs. Plain data. */
export interface KernelChoice extends Omit<SensorSetting, 'btf' | 'hooks'> {
  readonly hooks: HookPlan
}

/**
 * Decides how to capture on this host.
 * @throws CodedError SENSOR_… when the kernel cannot do what is needed
 */
export function kernelChoice(
  plan: CapturePlan,
  hookChoice: HookChoice,
  rings: RingSizes,
): {readonly setting: SensorSetting; readonly choice: KernelChoice} {
  const btf = checkKernel()
  const hooks = planHooks(plan, readHookFacts(btf), hookChoice)
  const choice = {selfPid: ownKernelPid(), hooks, rings}
  return {setting: {btf, ...choice}, choice}
}

/**
 * Loads programs that were made for this host; nothing is attached yet.
 * @throws CodedError SENSOR_… with nothing left in the kernel.
 */
export function loadKernelSide(
  programs: readonly Installable[],
  choice: KernelChoice,
  generation: number,
): KernelSide {
  const btf = checkKernel()
  const sensor = Sensor.open({
    maps: captureMaps(choice.rings),
    rings: {state: MAP_NAME.state, bulk: MAP_NAME.bulk},
    active: MAP_NAME.active,
    btf,
    generation,
  })
  try {
    sensor.install(programs)
  } catch (error) {
    sensor.close()
    throw error
  }
  return {sensor, setting: {btf, ...choice}, hookReason: choice.hooks.reason}
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
