import type {ByteString} from '../../schema/bytes.ts'
import {asciiLower} from '../ascii-case.ts'
import {ANY_BYTE, ANY_RUN, type GlobStep, literalOf, parseGlob} from './glob-pattern.ts'
import type {ScalarOperator} from './operator.ts'

/** Judges a whole byte string. */
export type GlobMatcher = (value: ByteString) => boolean

/**
 * Compiles a POSIX `fnmatch` pattern (no flags): the whole value must match, `*` also matches `/` and leading dots.
 * Worst case value length × pattern length; the common shapes `x*`, `*x` and `*x*` use the built-in searches.
 *
 * @param fold - ignore ASCII case
 */
export function compileGlob(pattern: ByteString, fold: boolean): GlobMatcher {
  const steps = parseGlob(pattern, fold)
  if (steps === undefined) return () => false
  const matcher = simpleShape(steps, fold) ?? (value => matchSteps(steps, value))
  return fold ? value => matcher(asciiLower(value)) : matcher
}

function simpleShape(steps: readonly GlobStep[], fold: boolean): GlobMatcher | undefined {
  const open = steps[0] === ANY_RUN
  const close = steps.length > 1 && steps.at(-1) === ANY_RUN
  const text = literalOf(steps.slice(open ? 1 : 0, close ? -1 : undefined), fold)
  if (text === undefined) return undefined
  if (open && close) return value => value.includes(text)
  if (open) return value => value.endsWith(text)
  return close ? value => value.startsWith(text) : value => value === text
}

/**
 * On a mismatch only the last `*` has to take one more byte: an earlier one could not help, since whatever it would
 * skip the later one can skip too. So there is no exponential backtracking.
 */
function matchSteps(steps: readonly GlobStep[], value: ByteString): boolean {
  let at = 0
  let step = 0
  let runStep = -1
  let runAt = 0
  while (at < value.length) {
    const wanted = steps[step]
    if (wanted === ANY_RUN) {
      runStep = step++
      runAt = at
    } else if (wanted !== undefined && accepts(wanted, value.charCodeAt(at))) {
      step++
      at++
    } else if (runStep >= 0) {
      step = runStep + 1
      at = ++runAt
    } else {
      return false
    }
  }
  while (steps[step] === ANY_RUN) step++
  return step === steps.length
}

function accepts(step: GlobStep, byte: number): boolean {
  return typeof step === 'number' ? step === byte || step === ANY_BYTE : step[byte] === 1
}

/** `glob` */
export const glob: ScalarOperator = {
  kind: 'scalar',
  name: 'glob',
  classes: ['text'],
  fieldRight: true,
  doc: 'The whole value matches the shell pattern; * also matches slashes.',
  bind: constant => compileGlob(constant as string, false) as (value: unknown) => boolean,
}

/** `iglob` */
export const iglob: ScalarOperator = {
  kind: 'scalar',
  name: 'iglob',
  classes: ['text'],
  fieldRight: true,
  doc: 'The whole value matches the shell pattern, whatever the ASCII case.',
  bind: constant => compileGlob(constant as string, true) as (value: unknown) => boolean,
}
