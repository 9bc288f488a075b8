import {CGROUP_SUBSYSTEMS} from '../../../schema/record-layout.ts'
import {SEAL_FACTOR} from '../../filter/process/process-entry.ts'
import {type CaptureContext, STACK} from '../capture-context.ts'
import {emitLoads, type KernelTypes, type Step} from '../kernel-access.ts'

/** The loads that lead from a task to the numbers of its control groups: the kernel gives no number twice. */
function numberSteps(types: KernelTypes): Step[][] {
  const groups = [
    ['dfl_cgrp'],
    ...CGROUP_SUBSYSTEMS.flatMap(subsystem => {
      const index = types.enumerator('cgroup_subsys_id', `${subsystem}_cgrp_id`)
      return index === undefined ? [] : [[`subsys[${index}]`, 'cgroup']]
    }),
  ]
  const steps = groups.map(path => types.steps('task_struct', ['cgroups', ...path, 'kn', 'id']))
  return steps.every(one => one !== undefined) ? steps : []
}

/** Whether this kernel numbers control groups. */
export function hasCgroupKey(types: KernelTypes): boolean {
  return numberSteps(types).length > 0
}

/** `r1 =` what stands for the control groups of the task on the stack. Loses r2 and r3. */
export function emitCgroupKey({asm, types}: CaptureContext): void {
  asm.movImm(3, SEAL_FACTOR).movImm(1, 0)
  for (const steps of numberSteps(types)) {
    asm.load(8, 2, 10, STACK.task)
    emitLoads(asm, 2, 2, steps)
    asm.alu('xor', 1, 2).alu('mul', 1, 3).mov(2, 1).aluImm('rsh', 2, 32).alu('xor', 1, 2)
  }
}
