import type {Label, Reg} from '../../bpf/assembler.ts'
import {type CaptureContext, emitKernelRead, STACK} from './capture-context.ts'
import type {Step} from './kernel-access.ts'

/**
 * `target =` a number reached from the address in `r3` along the steps, by copies: for objects whose type the kernel's
 * verifier does not know, where a plain load is not allowed. Loses r0–r5. Jumps when an address on the way is bad.
 */
export function emitReads(
  cx: CaptureContext,
  target: Reg,
  steps: readonly Step[],
  onFault: Label,
): void {
  const {asm} = cx
  for (const [index, step] of steps.entries()) {
    if (step.offset !== 0) asm.aluImm('add', 3, step.offset)
    emitKernelRead(cx, STACK.read, step.width, onFault)
    const isLast = index === steps.length - 1
    const register = isLast ? target : 3
    asm.load(step.width, register, 10, STACK.read)
    if (isLast && step.bits !== undefined) {
      asm.aluImm('rsh', register, step.bits.shift)
      asm.aluImm('and', register, 2 ** step.bits.width - 1)
    }
  }
}
