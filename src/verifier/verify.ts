import type {VerifierInput} from './input.ts'
import {kindOf} from './machine/register.ts'
import {currentFrame, type State} from './machine/state.ts'
import type {VerifierOptions} from './options.ts'
import {Refusal, type Rule} from './problem.ts'
import {isCallbackLoad, type Program, readProgram} from './program.ts'
import {checkReferences} from './references.ts'
import {checkStackDepth} from './stack-depth.ts'
import {constOf} from './values/value.ts'
import {type WalkResult, walkProgram} from './walk.ts'

/** Why a program is refused. */
export interface VerifierProblem {
  /** Slot of the instruction. */
  readonly at: number
  readonly rule: Rule
  readonly message: string
  readonly hint?: string
  /** What the registers held there, as text. */
  readonly registers: readonly string[]
  /** The last branch outcomes that led there, oldest first. */
  readonly path: readonly string[]
}

/** A verdict. */
export interface VerifierResult {
  readonly ok: boolean
  readonly problem?: VerifierProblem
  readonly stats: {
    /** Instructions walked over all paths. */
    readonly visits: number
    /** States kept for comparison. */
    readonly states: number
    /** Most branches that were open at a time. */
    readonly peak: number
  }
}

/** Judges a program as the kernel would, from its input alone: any bytes get a verdict. */
export function verify(input: VerifierInput, options: VerifierOptions = {}): VerifierResult {
  let program: Program
  try {
    program = readProgram(input.code)
    checkReferences(input, program, options.strict ?? false)
  } catch (error) {
    return refusedEarly(error)
  }
  const stats = {visits: 0, states: 0, peak: 0}
  const stackBytes = program.starts.map(() => 0)
  const walked = new Uint8Array(program.slots.length)
  const entries = [0]
  for (let index = 0; index < entries.length; index++) {
    const walk = walkProgram(input, program, options, entries[index])
    stats.visits += walk.visits
    stats.states += walk.kept
    stats.peak = Math.max(stats.peak, walk.peakPending)
    if (walk.refusal !== undefined) return refusedAt(walk, walk.refusal, stats)
    walk.stackBytes.forEach((bytes, func) => {
      stackBytes[func] = Math.max(stackBytes[func]!, bytes)
    })
    walk.walked.forEach((once, slot) => {
      if (once === 1) walked[slot] = 1
    })
    // The kernel judges global functions after the program, and only those that it calls.
    for (const entry of walk.called) if (!entries.includes(entry)) entries.push(entry)
  }
  try {
    checkCallbacks(program, walked)
    checkStackDepth(input, program, stackBytes, options.strict ?? false)
  } catch (error) {
    return {...refusedEarly(error), stats}
  }
  return {ok: true, stats}
}

function refusedAt(
  walk: WalkResult,
  {rule, message, hint}: Refusal,
  stats: VerifierResult['stats'],
): VerifierResult {
  const registers = registerTexts(walk.state)
  const problem = {at: walk.at, rule, message, registers, path: walk.path}
  return {ok: false, problem: hint === undefined ? problem : {...problem, hint}, stats}
}

/** A function that no path runs is removed by the kernel, which then finds no callback at its address (linux v6.18 verifier.c, jit_subprogs). */
function checkCallbacks({slots, starts}: Program, walked: Uint8Array): void {
  // The addresses in a program without functions are not looked up.
  if (starts.filter(start => walked[start] === 1).length < 2) return
  slots.forEach((slot, at) => {
    if (walked[at] === 1 && isCallbackLoad(slot) && walked[at + 1 + slot.imm] === 0)
      throw new Refusal('flow', 'the callback is never run', {slot: at, hint: 'remove the call'})
  })
}

function refusedEarly(error: unknown): VerifierResult {
  if (!(error instanceof Refusal)) throw error
  const {rule, message, hint, slot} = error
  const problem = {at: slot ?? 0, rule, message, registers: [], path: []}
  return {
    ok: false,
    problem: hint === undefined ? problem : {...problem, hint},
    stats: {visits: 0, states: 0, peak: 0},
  }
}

function registerTexts(state: State): string[] {
  return currentFrame(state).registers.flatMap((register, number) => {
    if (register === undefined) return []
    const value = register.kind === 'scalar' ? register.value : register.variable
    const {smin, smax, umax} = value.wide
    const known = constOf(value)
    const range = known === undefined ? `[${smin}, ${smax}], unsigned to ${umax}` : String(known)
    const base = register.kind === 'pointer' ? `${kindOf(register)} + ${register.off} + ` : ''
    return [`r${number} = ${base}${range}`]
  })
}
