/** Why a program is refused: the name of the rule that it breaks. Stable: tools may compare them. */
export type Rule =
  | 'encoding'
  | 'flow'
  | 'loop'
  | 'complexity'
  | 'uninitialised'
  | 'frame-pointer'
  | 'pointer-arithmetic'
  | 'bad-dereference'
  | 'null-dereference'
  | 'bounds'
  | 'stack'
  | 'read-only'
  | 'context'
  | 'helper'
  | 'argument'
  | 'map'
  | 'reference'
  | 'call-depth'
  | 'return-value'
  | 'kernel-type'
  | 'portability'

/** Ends the walk: thrown by a check, caught by `verify`, which adds the place and the path. */
export class Refusal extends Error {
  readonly rule: Rule
  readonly hint: string | undefined
  /** The slot, where it is not the instruction being walked. */
  readonly slot: number | undefined

  constructor(rule: Rule, message: string, details: {hint?: string; slot?: number} = {}) {
    super(message)
    this.rule = rule
    this.hint = details.hint
    this.slot = details.slot
  }
}
