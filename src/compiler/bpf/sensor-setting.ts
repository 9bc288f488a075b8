import type {Btf} from '../../bpf/btf.ts'
import type {HookKind} from '../../bpf/specs.ts'
import type {HookPlan} from './hook-plan.ts'
import type {RingSizes} from './lane.ts'

/** What a kernel program needs to know of the host. */
export interface HostFacts {
  readonly btf: Btf
  /** The detector's own process id as the kernel's first pid namespace numbers it: its calls are never captured. */
  readonly selfPid: number
}

/** What all programs of one sensor have in common; it stays the same for as long as the sensor runs. */
export interface SensorSetting extends HostFacts {
  readonly hooks: Pick<HookPlan, 'calls' | 'others' | 'watchCompat' | 'callEvents'>
  readonly rings: RingSizes
}

/** The kind of hook that sees 32-bit calls; undefined when nothing has to. */
export function compatHook({
  calls,
  others,
  watchCompat,
}: SensorSetting['hooks']): HookKind | undefined {
  if (calls !== 'tracepoint') return calls
  return watchCompat ? others : undefined
}
