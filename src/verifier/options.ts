import type {State} from './machine/state.ts'

/** How strict the verdict is, and who watches. */
export interface VerifierOptions {
  /** Most instructions walked over all paths; default 1,000,000 as in the kernel. */
  readonly maxVisits?: number
  /**
   * Refuses too what this kernel accepts but what leaks memory or addresses, or what older kernels refuse: reads of stack that was
   * never written, pointers stored in maps or returned, lookups trusted to hit, instructions of version 4 (before Linux 6.6).
   * Default false.
   */
  readonly strict?: boolean
  /** Is told of each instruction before it is walked, with the state there, which it must not change. */
  readonly trace?: (at: number, state: State) => void
}
