import type {ProgramSpec} from '../../bpf/specs.ts'
import {capturePrograms} from './capture.ts'
import type {CapturePlan} from './capture-plan.ts'
import type {SensorSetting} from './sensor-setting.ts'
import {entryPrograms} from './tracepoint-entries.ts'

/** Every program that a plan needs: those attached to tracepoints, and those that they jump to. */
export function kernelPrograms(
  plan: Pick<CapturePlan, 'kinds' | 'entryCopies'>,
  setting: SensorSetting,
): ProgramSpec[] {
  const captures = [...plan.kinds].flatMap(([index, request]) =>
    capturePrograms(index, request, setting),
  )
  return [...entryPrograms(plan, setting), ...captures]
}
