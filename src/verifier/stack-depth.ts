import {TAIL_CALL_HELPER} from './helpers.ts'
import type {VerifierInput} from './input.ts'
import {STACK_BYTES} from './machine/stack.ts'
import {MAX_FRAMES} from './machine/state.ts'
import {Refusal} from './problem.ts'
import {isCallbackLoad, isLocalCall, OPCODE, type Program, subprogramAt} from './program.ts'

/** Stack of the callers of a function that makes tail calls (linux v6.18 verifier.c, check_max_stack_depth_subprog). */
const TAIL_CALL_STACK = 256
/** Functions with at least this much stack get one of their own (verifier.c, BPF_PRIV_STACK_MIN_SIZE; since v6.13, x86_64). */
const OWN_STACK_MIN = 64

/**
 * Checks what all active functions together use of the stack.
 * @throws Refusal
 */
export function checkStackDepth(
  input: VerifierInput,
  program: Program,
  stackBytes: readonly number[],
  strict: boolean,
): void {
  const {slots, starts} = program
  const calls = starts.map(() => new Set<number>())
  const tailCalls = new Set<number>()
  slots.forEach((slot, at) => {
    const from = subprogramAt(starts, at)
    if (isLocalCall(slot) || isCallbackLoad(slot))
      calls[from]!.add(subprogramAt(starts, at + 1 + slot.imm))
    if (slot.opcode === OPCODE.call && slot.src === 0 && slot.imm === TAIL_CALL_HELPER)
      tailCalls.add(from)
  })
  // Only since Linux 6.13.
  const ownStacks = !strict && input.type !== 'socket_filter' && tailCalls.size === 0
  const seen = new Set<string>()
  const visit = (index: number, above: number, depth: number): void => {
    const key = `${index} ${above} ${depth}`
    if (seen.has(key)) return
    seen.add(key)
    if (index !== 0 && tailCalls.has(index) && above >= TAIL_CALL_STACK)
      throw new Refusal('stack', `a tail call under ${above} bytes of stack`)
    const own = Math.ceil(Math.max(1, stackBytes[index]!) / 16) * 16
    const total = ownStacks && own >= OWN_STACK_MIN ? above : above + own
    if (total > STACK_BYTES || own > STACK_BYTES)
      throw new Refusal('stack', `the functions together use ${total} bytes of stack`, {
        hint: 'at most 512 bytes, each function rounded up to 16',
      })
    for (const callee of calls[index]!) {
      if (depth >= MAX_FRAMES)
        throw new Refusal('call-depth', `more than ${MAX_FRAMES} functions call each other`)
      visit(callee, total, depth + 1)
    }
  }
  visit(0, 0, 1)
}
