import fc from 'fast-check'
import {
  allOf,
  anyOf,
  type KernelFilter,
  type TextAtom,
  type TextTest,
} from '../../../../src/compiler/filter/kernel-filter.ts'
import {SLOT_FLAG} from '../../../../src/schema/record-layout.ts'
import {layoutNamed, type MadeRecord} from '../made-record.ts'

/*
 * Tests of texts and texts over few bytes, so that they share beginnings and ends, and texts that are made of the constants: cut,
 * made longer, changed in one byte, in a form that is not decided on, or of lengths around the limits.
 */

/** A kind of record with two texts. */
const KIND = 'renameat2'
const SLOTS = ['oldpath', 'newpath'] as const

const letter = fc.constantFrom('a', 'b', '/', '.', 'c', '\xff')
const short = fc.array(letter, {maxLength: 20}).map(parts => parts.join(''))
const stems = ['/', '/aaaaaaa', '/usr/lib/aaaa', '', '/etc/b', `/${'a'.repeat(240)}`] as const
const constant = fc
  .tuple(fc.constantFrom(...stems), short)
  .map(([stem, rest]) => `${stem}${rest}`.slice(0, 258))

const test: fc.Arbitrary<TextTest> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({how: fc.constantFrom('equal', 'prefix', 'suffix'), text: constant}),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      how: fc.constant('contains' as const),
      text: fc.tuple(letter, letter).map(pair => pair.join('')),
    }),
  },
  {weight: 1, arbitrary: fc.constant({how: 'top' as const, text: ''})},
)

const atom: fc.Arbitrary<TextAtom> = fc
  .tuple(
    fc.constantFrom(...SLOTS),
    fc.constantFrom('raw', 'absolute', 'normal'),
    fc.array(test, {maxLength: 12}),
    fc.constantFrom(false, false, true),
  )
  .map(([name, form, tests, approximate]) => ({
    kind: 'text' as const,
    offset: layoutNamed(KIND).slots.find(slot => slot.name === name)!.offset,
    form,
    tests,
    ...(approximate && {approximate}),
  }))

/** Filters that ask for nothing but texts. */
export const textFilter: fc.Arbitrary<KernelFilter> = fc.letrec<{any: KernelFilter}>(tie => ({
  any: fc.oneof(
    {depthSize: 'small'},
    {
      weight: 3,
      arbitrary: fc
        .tuple(atom, fc.boolean())
        // A question that is only known approximately always passes when no is wanted: it is never asked.
        .map(
          ([each, want]): KernelFilter => ({
            kind: 'literal',
            atom: each,
            want: want || each.approximate === true,
          }),
        ),
    },
    fc
      .tuple(fc.boolean(), fc.array(tie('any'), {minLength: 2, maxLength: 6}))
      .map(([joined, children]) => (joined ? allOf(children) : anyOf(children))),
  ),
})).any

/** The constants of a filter. */
function constantsOf(filter: KernelFilter): string[] {
  if (filter.kind === 'and' || filter.kind === 'or') return filter.children.flatMap(constantsOf)
  if (filter.kind !== 'literal' || filter.atom.kind !== 'text') return []
  return filter.atom.tests.map(({text}) => text)
}

const changes: readonly ((text: string, other: string, at: number) => string)[] = [
  text => text,
  text => text,
  text => text.slice(0, -1),
  text => text.slice(1),
  (text, other) => text + other,
  (text, other) => other + text,
  (text, other) => `/${other}b${text}`,
  text => `${text}a`,
  text => `/${text}`,
  (text, other) => `${text}/./${other}`,
  (text, other) => `${text}//${other}`,
  text => text.padEnd(255, 'b'),
  text => text.padEnd(256, 'b'),
  text => text.padStart(255, '/aaaaaaaa').slice(-255),
  () => '',
  (text, _other, at) =>
    at >= text.length ? text : `${text.slice(0, at)}\xfe${text.slice(at + 1)}`,
]

/** A record whose texts are made of the filter's constants. */
export function recordFor(filter: KernelFilter): fc.Arbitrary<MadeRecord> {
  const constants = fc.constantFrom('/usr', ...constantsOf(filter))
  const text = fc
    .tuple(fc.constantFrom(...changes), constants, constants, fc.nat(20))
    .map(([change, one, other, at]) => change(one, other, at))
  const flags = fc.constantFrom(0, 0, 0, 0, 0, 0, SLOT_FLAG.cut, SLOT_FLAG.fault, SLOT_FLAG.none)
  const value = fc.tuple(text, flags).map(([bytes, flag]) => ({bytes, flags: flag}))
  return fc
    .tuple(value, value, fc.constantFrom('', '/', 'a', '\0'))
    .map(([oldpath, newpath, before]) => ({kind: KIND, values: {oldpath, newpath}, before}))
}
