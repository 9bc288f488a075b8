import type {VerifierInput, VerifierOptions} from './input.ts'
import {kindOf} from './machine/register.ts'
import {currentFrame, type State} from './machine/state.ts'
import {Refusal, type Rule} from './problem.ts'
import {type Program, readProgram} from './program.ts'
import {checkStackDepth} from './stack-depth.ts'
import {constOf} from './values/value.ts'
import {walkProgram} from './walk.ts'

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

const DEFAULT_VISITS = 1_000_000

/** Judges a program as the kernel would, from its input alone: any bytes get a verdict. */
export function verify(input: VerifierInput, options: VerifierOptions = {}): VerifierResult {
  let program: Program
  try {
    program = readProgram(input.code)
  } catch (error) {
    return refusedEarly(error)
  }
  const walked = walkProgram(input, program, options.maxVisits ?? DEFAULT_VISITS)
  const stats = {visits: walked.visits, states: walked.kept, peak: walked.peakPending}
  if (walked.refusal !== undefined) {
    const {rule, message, hint} = walked.refusal
    const registers = registerTexts(walked.state)
    const problem = {at: walked.at, rule, message, registers, path: walked.path}
    return {ok: false, problem: hint === undefined ? problem : {...problem, hint}, stats}
  }
  try {
    checkStackDepth(input, program, walked.stackBytes)
  } catch (error) {
    return {...refusedEarly(error), stats}
  }
  return {ok: true, stats}
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
