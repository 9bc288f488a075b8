import type {Slot} from '../../schema/record-layout.ts'
import type {CheckedTest} from '../checked.ts'
import {ANY_RUN, type GlobStep, literalOf, parseGlob} from '../operators/glob-pattern.ts'
import {ALWAYS, type Bounds, both, exact, NEVER, not, UNKNOWN} from './bounds.ts'
import {
  DROP,
  hasFoldedPart,
  isNormalPath,
  type KernelFilter,
  PASS,
  TEXT_FILTER_MAX,
  type TextForm,
  type TextTest,
} from './kernel-filter.ts'
import {rarePair} from './text/rare-pair.ts'

/** Most constants that one test is compared with: with more nothing is decided. */
export const MOST_CONSTANTS = 65_536

/** A text that a test compares: a slot, in a form, and where the field is there. */
export interface TextPlace {
  readonly slot: Slot
  readonly form: TextForm
  readonly defined: Bounds
}

/** What some tests of a text say of the slot. */
export function matchesAny(slot: Slot, form: TextForm, tests: readonly TextTest[]): KernelFilter {
  if (tests.length === 0) return DROP
  // Where none of them can match, the question stays: a text that is not known may be any.
  const possible = tests.filter(test => canMatch(test, form))
  return textLiteral(slot, form, possible)
}

function textLiteral(slot: Slot, form: TextForm, tests: readonly TextTest[]): KernelFilter {
  return {kind: 'literal', atom: {kind: 'text', offset: slot.offset, form, tests}, want: true}
}

/** Whether a text of the form can pass the test. */
function canMatch({how, text}: TextTest, form: TextForm): boolean {
  if (text.length > TEXT_FILTER_MAX) return false
  if (how === 'top') return true
  if (form === 'raw' || (form === 'absolute' && how !== 'equal' && how !== 'prefix')) return true
  if (how === 'equal') return form === 'normal' ? isNormalPath(text) : text.startsWith('/')
  // Everything begins and ends with nothing.
  if (text === '') return true
  if (how === 'prefix' && !text.startsWith('/')) return false
  if (form === 'absolute') return true
  if (how === 'suffix') return text === '/' || !(text.endsWith('/') || hasFoldedPart(text))
  // Behind a constant that ends like this more may follow.
  return !hasFoldedPart(text.replace(/[^/]*$/, ''))
}

/** Any of the texts stands somewhere in the slot: known by two bytes of each, so only what may match. */
function containsAny(slot: Slot, form: TextForm, texts: readonly string[]): Bounds {
  const possible = texts.filter(text => canMatch({how: 'contains', text}, form))
  const pairs = possible.map(rarePair)
  if (!pairs.every(pair => pair !== undefined)) return UNKNOWN
  const tests = pairs.map(text => ({how: 'contains', text}) as const)
  return {may: textLiteral(slot, form, tests), must: DROP}
}

/** A test of a text against constants. */
export function textTest(test: CheckedTest, {slot, form, defined}: TextPlace): Bounds {
  if (test.op === 'exists') return defined
  const texts = test.constants as readonly string[]
  if (texts.length > MOST_CONSTANTS || test.right !== undefined) return UNKNOWN
  if (test.modifier !== undefined && test.modifier !== 'anyof') return both(defined, UNKNOWN)
  return both(defined, comparison(test, texts, slot, form))
}

/** A test of a text that is the same in every record. */
export function constantTextTest(test: CheckedTest, text: string): Bounds {
  if (test.modifier !== undefined) return UNKNOWN
  if (test.op === '=' || test.op === 'in') return test.constants.includes(text) ? ALWAYS : NEVER
  if (test.op === '!=') return test.constants.includes(text) ? NEVER : ALWAYS
  return UNKNOWN
}

function comparison(
  test: CheckedTest,
  texts: readonly string[],
  slot: Slot,
  form: TextForm,
): Bounds {
  const all = (how: TextTest['how']): Bounds => {
    const tests = texts.map(text => ({how, text}))
    return exact(matchesAny(slot, form, tests))
  }
  switch (test.op) {
    case '=':
    case 'in':
    case 'intersects':
      return all('equal')
    case '!=':
      return test.modifier === undefined ? not(all('equal')) : UNKNOWN
    case 'startswith':
      return all('prefix')
    case 'endswith':
      return all('suffix')
    case 'contains':
      return containsAny(slot, form, texts)
    case 'glob':
      return texts.map(text => globTest(text, slot, form)).reduce(eitherOf, NEVER)
    case 'pmatch':
      return form === 'normal'
        ? texts.map(text => pathTest(text, slot)).reduce(eitherOf, NEVER)
        : UNKNOWN
    default:
      return UNKNOWN
  }
}

/** Joins tests of the same slot into one atom where both are exact, which keeps the program small. */
function eitherOf(left: Bounds, right: Bounds): Bounds {
  return {may: union(left.may, right.may), must: union(left.must, right.must)}
}

function union(left: KernelFilter, right: KernelFilter): KernelFilter {
  if (left.kind === 'drop') return right
  if (right.kind === 'drop') return left
  const joins =
    left.kind === 'literal' &&
    right.kind === 'literal' &&
    left.atom.kind === 'text' &&
    right.atom.kind === 'text'
  if (!joins) return PASS
  return {...left, atom: {...left.atom, tests: [...left.atom.tests, ...right.atom.tests]}}
}

function globTest(pattern: string, slot: Slot, form: TextForm): Bounds {
  const steps = parseGlob(pattern, false)
  if (steps === undefined) return NEVER
  const one = (how: TextTest['how'], text: string): KernelFilter =>
    matchesAny(slot, form, [{how, text}])
  const whole = literalOf(steps, false)
  if (whole !== undefined) return exact(one('equal', whole))
  const front = steps.at(-1) === ANY_RUN ? literalOf(steps.slice(0, -1), false) : undefined
  if (front !== undefined) return exact(one('prefix', front))
  const back = steps[0] === ANY_RUN ? literalOf(steps.slice(1), false) : undefined
  if (back !== undefined) return exact(one('suffix', back))
  const runs = literalRuns(steps)
  const impossible = runs.find(text => !canMatch({how: 'contains', text}, form))
  if (impossible !== undefined) return containsAny(slot, form, [impossible])
  const isOpen = steps[0] === ANY_RUN || typeof steps[0] !== 'number' || steps[0] > 255
  if (!isOpen) return {may: one('prefix', runs[0]!), must: DROP}
  const [longest] = runs.sort((a, b) => b.length - a.length)
  return longest === undefined ? UNKNOWN : containsAny(slot, form, [longest])
}

/** The parts of a pattern that stand for themselves. */
function literalRuns(steps: readonly GlobStep[]): string[] {
  const text = steps.map(step =>
    typeof step === 'number' && step > 0 && step < 256 ? String.fromCharCode(step) : '\0',
  )
  return text
    .join('')
    .split('\0')
    .filter(run => run !== '')
}

/** The path is this one or lies below it; parts with wildcards are left open. */
function pathTest(path: string, slot: Slot): Bounds {
  const parts = path.split('/').filter(part => part !== '')
  const open = parts.findIndex(part => /[?*[]/.test(part))
  const fixed = open < 0 ? parts : parts.slice(0, open)
  const text = fixed.map(part => `/${part}`).join('')
  if (open < 0)
    return exact(
      matchesAny(slot, 'normal', [
        {how: 'equal', text},
        {how: 'prefix', text: `${text}/`},
      ]),
    )
  return {may: matchesAny(slot, 'normal', [{how: 'prefix', text: `${text}/`}]), must: DROP}
}
