import {bytesOf} from '../../schema/bytes.ts'
import {type Priority, priorityRank} from '../../schema/priority.ts'
import {compileGlob} from '../operators/glob.ts'
import type {LoadedRule} from './loaded-rule.ts'

/** One step of switching rules on or off; a later step outranks an earlier one. */
export interface SelectionStep {
  readonly op: 'enable' | 'disable'
  /**
   * How rules are found. `wildcard`: the whole name, `*` for any text; an empty pattern finds none. `tag`: rules that
   * have exactly this tag. `substring`, `exact`: in or as the name; an empty pattern finds every rule.
   */
  readonly match: 'wildcard' | 'tag' | 'substring' | 'exact'
  readonly pattern: string
}

/** Settings of {@link selectRules}. */
export interface SelectionOptions {
  /** Before the first step: each rule's own `enabled`, or all off. Default: `rules`. */
  readonly start?: 'rules' | 'none'
  /** Less severe rules never run. Default: debug, that is, all run. */
  readonly minPriority?: Priority
}

type Selectable = Pick<LoadedRule<unknown, unknown>, 'name' | 'tags' | 'enabled' | 'priority'>

/**
 * The rules that run, in the order in which they are tried: that of the input, but a rule that a step switches on goes
 * to the end.
 */
export function selectRules<R extends Selectable>(
  rules: readonly R[],
  steps: readonly SelectionStep[],
  {start = 'rules', minPriority = 'Debug'}: SelectionOptions = {},
): readonly R[] {
  const on = new Set(start === 'rules' ? rules.filter(rule => rule.enabled) : [])
  for (const {op, match, pattern} of steps) {
    for (const rule of rules) {
      if (!fits(rule, match, pattern)) continue
      if (op === 'enable') on.add(rule)
      else on.delete(rule)
    }
  }
  const limit = priorityRank(minPriority)
  return [...on].filter(rule => priorityRank(rule.priority) <= limit)
}

function fits({name, tags}: Selectable, match: SelectionStep['match'], pattern: string): boolean {
  switch (match) {
    case 'wildcard':
      return pattern !== '' && matchesWildcard(name, pattern)
    case 'tag':
      return tags.includes(pattern)
    case 'substring':
      return name.includes(pattern)
    case 'exact':
      return pattern === '' || name === pattern
  }
}

/** Whether a pattern fits a whole text; `*` stands for any text. Takes at most the product of the lengths. */
export function matchesWildcard(text: string, pattern: string): boolean {
  const glob = pattern.replace(/[?[\\]/g, '\\$&')
  return compileGlob(bytesOf(glob), false)(bytesOf(text))
}
