import type {Register} from './register.ts'

/** What each byte of a stack slot holds. */
export type ByteKind = 'none' | 'misc' | 'zero' | 'spill'

/** 8 bytes of stack; byte 0 is the lowest address. */
export interface StackSlot {
  readonly bytes: readonly ByteKind[]
  /** The register that was stored, where `bytes` say so. */
  readonly spilled?: Register
  /** Whether any path read it since, shared by all versions of the content: what nobody reads need not match. */
  readonly usage: {read: boolean}
}

/** One function's registers and stack. */
export interface Frame {
  readonly registers: Register[]
  /** Index 0 is the slot at offset -8. */
  readonly stack: StackSlot[]
  readonly subprogram: number
  /** The call that it returns behind; of callbacks, the call that it returns to. */
  readonly callSite: number
  readonly isCallback: boolean
  /** How often a callback ran for the call being walked in this frame. */
  callbackDepth: number
}

/** Slots of a frame. */
export const STACK_SLOTS = 64

/** Most functions active at a time, the main program included (linux v6.18 bpf_verifier.h, MAX_CALL_FRAMES). */
export const MAX_FRAMES = 8

/** Everything that a path knows. */
export interface State {
  readonly frames: Frame[]
  /** References to be released, with the slot that got them. */
  references: ReadonlyMap<number, number>
  mayGotoDepth: number
}

/** A new function's frame. */
export function newFrame(subprogram: number, callSite: number, isCallback: boolean): Frame {
  return {
    registers: new Array<Register>(11).fill(undefined),
    stack: Array.from({length: STACK_SLOTS}, () => emptySlot()),
    subprogram,
    callSite,
    isCallback,
    callbackDepth: 0,
  }
}

function emptySlot(): StackSlot {
  return {bytes: NOTHING, usage: {read: false}}
}

/** The bytes of a slot that nothing was written to. */
export const NOTHING: readonly ByteKind[] = new Array<ByteKind>(8).fill('none')

/** A copy that can go its own way. Contents are shared: they do not change. */
export function cloneState(state: State): State {
  return {
    frames: state.frames.map(frame => ({
      ...frame,
      registers: [...frame.registers],
      stack: [...frame.stack],
    })),
    references: state.references,
    mayGotoDepth: state.mayGotoDepth,
  }
}

/** The function being walked. */
export function currentFrame(state: State): Frame {
  return state.frames.at(-1)!
}

/** Replaces every register and stored register of all frames, those of the current function first. */
export function mapRegisters(
  state: State,
  replace: (register: NonNullable<Register>) => Register,
): void {
  for (const frame of state.frames.toReversed()) {
    frame.registers.forEach((register, index) => {
      if (register !== undefined) frame.registers[index] = replace(register)
    })
    frame.stack.forEach((slot, index) => {
      if (slot.spilled === undefined) return
      const next = replace(slot.spilled)
      if (next !== slot.spilled) frame.stack[index] = {...slot, spilled: next}
    })
  }
}
