import {FOR_EACH_HELPER, LOOP_HELPER} from '../helpers.ts'
import type {GlobalFunction} from '../input.ts'
import {
  anyNumber,
  kindOf,
  markPrecise,
  type Pointer,
  pointer,
  type Register,
} from '../machine/register.ts'
import {cloneState, currentFrame, MAX_FRAMES, newFrame, type State} from '../machine/state.ts'
import {Refusal} from '../problem.ts'
import {subprogramAt} from '../program.ts'
import {constOf} from '../values/value.ts'
import type {StepContext, WalkContext} from '../walk-context.ts'
import {callHelper} from './helper-call.ts'
import {passMemory} from './memory.ts'

/** Enters a subprogram; gives its first slot. */
export function callFunction(context: WalkContext, entry: number): number {
  const caller = currentFrame(context.state)
  const global = context.input.globals?.get(entry)
  if (global !== undefined) {
    passGlobal(context, global)
    context.callGlobal(entry)
    for (let number = 1; number <= 5; number++) caller.registers[number] = undefined
    caller.registers[0] = anyNumber()
    return context.at + 1
  }
  const callee = enter(context, context.state, entry, false)
  for (let number = 1; number <= 5; number++) callee.registers[number] = caller.registers[number]
  for (let number = 0; number <= 5; number++) caller.registers[number] = undefined
  return entry
}

/** Checks the arguments of a function that is judged by itself, for whatever its types allow. */
function passGlobal(context: WalkContext, {args, returnsNumber}: GlobalFunction): void {
  if (!returnsNumber)
    throw new Refusal('return-value', 'a global function returns no number', {
      hint: 'make it static, or return int',
    })
  args.forEach((argument, index) => {
    const register = currentFrame(context.state).registers[index + 1]
    if (argument === 'unknown' || register === undefined)
      throw new Refusal('argument', `r${index + 1} of a global function is not supported`, {
        hint: 'make the function static',
      })
    if (argument !== 'number') {
      const use = {size: argument.bytes, writes: true, isWhole: false, orNothing: false}
      if (register.kind === 'scalar' && constOf(register.value) === 0n) return
      passMemory(context, register, index + 1, use)
    } else if (register.kind !== 'scalar')
      throw new Refusal('argument', `r${index + 1} of a global function must be a number`)
  })
}

function enter(context: WalkContext, state: State, entry: number, isCallback: boolean) {
  if (state.frames.length >= MAX_FRAMES)
    throw new Refusal('call-depth', `more than ${MAX_FRAMES} functions call each other`)
  const subprogram = subprogramAt(context.program.starts, entry)
  const frame = newFrame(subprogram, context.at, isCallback)
  frame.registers[10] = pointer('stack', {frame: state.frames.length})
  state.frames.push(frame)
  return frame
}

/** Walks a helper call; a callback's body is put off as one more iteration, and the path goes on behind the call. */
export function walkHelper(context: WalkContext, id: number): number {
  const before = cloneState(context.state)
  const {callback} = callHelper(context, id)
  if (callback !== undefined) runCallback(context, before, callback, id)
  return context.at + 1
}

function runCallback(context: WalkContext, before: State, callback: Pointer, id: number): void {
  const caller = currentFrame(before)
  const args = [...caller.registers]
  const count = args[1]
  if (id === LOOP_HELPER && count?.kind === 'scalar') {
    markPrecise(count)
    if (BigInt(caller.callbackDepth) >= count.value.wide.umax) {
      currentFrame(context.state).callbackDepth = 0
      return
    }
  }
  caller.callbackDepth++
  const frame = enter(context, before, callback.entry!, true)
  if (id === FOR_EACH_HELPER && args[1]?.kind === 'pointer') {
    const {map} = args[1]
    const details = map === undefined ? {} : {map}
    frame.registers[1] = args[1]
    frame.registers[2] = pointer('map-key', details)
    frame.registers[3] = pointer('map-value', details)
    frame.registers[4] = args[3]
  } else {
    frame.registers[1] = anyNumber()
    frame.registers[2] = args[3]
  }
  context.fork(before, callback.entry!, `${context.at}: the callback runs`)
}

/** Checks what the program, or a function that is judged by itself, returns. */
function checkResult(
  {input, strict}: WalkContext,
  value: NonNullable<Register>,
  isGlobal: boolean,
): void {
  if (value.kind === 'pointer') {
    if (isGlobal || strict || input.type === 'iter')
      throw new Refusal('return-value', `a ${kindOf(value)} is returned`)
    return
  }
  if (isGlobal || input.type !== 'iter') return
  if (value.value.wide.smin < 0n || value.value.wide.smax > 1n)
    throw new Refusal('return-value', 'a program of an iterator must return 0 or 1')
  markPrecise(value)
}

/** Leaves a function; gives where the caller goes on, undefined at the end of the main program. */
export function leaveFunction(context: StepContext): number | undefined {
  const {state} = context
  const frame = currentFrame(state)
  const value = frame.registers[0]
  // A static function may return nothing; its caller then has nothing in r0.
  const mayLack = state.frames.length > 1 && !frame.isCallback
  if (value === undefined && !mayLack)
    throw new Refusal('return-value', 'r0 was never written', {hint: 'set r0 before exit'})
  if (state.frames.length === 1) {
    const leaked = [...state.references.values()][0]
    if (leaked !== undefined)
      throw new Refusal('reference', `the record reserved at ${leaked} is not released`, {
        hint: 'submit or discard it on every path',
      })
    checkResult(context, value!, frame.subprogram !== 0)
    return undefined
  }
  if (frame.isCallback) {
    if (value?.kind !== 'scalar' || value.value.wide.smin < 0n || value.value.wide.smax > 1n)
      throw new Refusal('return-value', `a callback must return 0 or 1, not: ${kindOf(value)}`)
    markPrecise(value)
    state.frames.pop()
    context.widen(state, frame.callSite)
    return frame.callSite
  }
  if (value?.kind === 'pointer' && value.target === 'stack')
    throw new Refusal('return-value', 'a stack pointer is returned to the caller')
  state.frames.pop()
  currentFrame(state).registers[0] = value
  return frame.callSite + 1
}
