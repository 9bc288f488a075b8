import type {CapturePlan} from '../../../compiler/bpf/capture-plan.ts'
import {CAPTURES} from '../../../schema/capture-table.ts'

/**
 * A plan with everything that tells of the descriptors of processes. Live, what no event told is asked of the host; whoever
 * replays a capture has nobody to ask.
 */
export function recordedPlan(plan: CapturePlan): CapturePlan {
  if (plan.fds) return plan
  const kinds = new Map(plan.kinds)
  for (const [index, {state}] of CAPTURES.entries()) {
    if (state === 'fds' && !kinds.has(index))
      kinds.set(index, {onDemand: new Set(), everyCall: false})
  }
  return {...plan, kinds, fds: true, everyFd: true}
}
