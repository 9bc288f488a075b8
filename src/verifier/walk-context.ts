import type {VerifierInput} from './input.ts'
import type {State} from './machine/state.ts'
import type {Program} from './program.ts'

/** What the checks of one instruction work on. */
export interface WalkContext {
  readonly input: VerifierInput
  readonly program: Program
  /** The state of the path; the instruction changes it. */
  readonly state: State
  readonly at: number
  /** A number that no register was linked by before. */
  readonly newId: () => number
  /** Whether to refuse what only some kernels accept. */
  readonly strict: boolean
  /** Notes that a global function must be judged. */
  readonly callGlobal: (entry: number) => void
  /** Notes how deep a subprogram's stack is used. */
  readonly useStack: (subprogram: number, bytes: number) => void
  /** Puts off a second way to go on. */
  readonly fork: (state: State, at: number, choice: string) => void
}

/** What one instruction is walked with: the checks' context and what only loops need. */
export interface StepContext extends WalkContext {
  /** Forgets numbers of a state that changed since the path was last at a place. */
  readonly widen: (state: State, at: number) => void
}
