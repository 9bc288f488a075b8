import type {Btf} from '../../bpf/btf.ts'
import type {CapturePlan} from '../../compiler/bpf/capture-plan.ts'
import {type HookChoice, type HookPlan, planHooks} from '../../compiler/bpf/hook-plan.ts'
import {CodedError} from '../../diagnostics/error.ts'
import {checkKernel, readHookFacts} from '../../sensor/capabilities.ts'

/** How programs would be attached on this kernel, or why that cannot be told. */
export type HookFacts =
  | {readonly known: true; readonly btf: Btf; readonly plan: HookPlan}
  | {readonly known: false; readonly error: CodedError}

/**
 * Plans the hooks of a capture plan on this kernel. Loads nothing and needs no rights.
 * @throws CodedError SENSOR_UNSUPPORTED when this kernel cannot do what `choice` asks for
 */
export function lookUpHooks(plan: CapturePlan, choice: HookChoice): HookFacts {
  const btf = tryKernel()
  if (btf instanceof CodedError) return {known: false, error: btf}
  return {known: true, btf, plan: planHooks(plan, readHookFacts(btf), choice)}
}

function tryKernel(): Btf | CodedError {
  try {
    return checkKernel()
  } catch (error) {
    if (error instanceof CodedError && error.code !== 'INTERNAL') return error
    throw error
  }
}
