/** One step of switching rules on or off. Steps apply in order; a later one outranks an earlier one. */
export interface RuleSelection {
  readonly op: 'enable' | 'disable'
  /**
   * `wildcard`: the whole name, `*` for any text; `tag`: rules with exactly this tag; `substring`: anywhere in the name.
   */
  readonly match: 'wildcard' | 'tag' | 'substring'
  readonly pattern: string
}
