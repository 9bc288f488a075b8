import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {passesFilter} from '../../../src/compiler/filter/interpret-filter.ts'
import {
  anyOfBounded,
  createFilterSizes,
  joinFilters,
  PAIRS_MAX,
  PROGRAM_MAX,
  programSize,
} from '../../../src/compiler/filter/join-filters.ts'
import {
  allOf,
  anyOf,
  type KernelFilter,
  type TextAtom,
} from '../../../src/compiler/filter/kernel-filter.ts'
import {createFilterNames, mergeQuestions} from '../../../src/compiler/filter/merge-questions.ts'
import {isOneOf} from '../../../src/compiler/filter/number-tests.ts'
import {planTexts} from '../../../src/compiler/filter/text/text-plan.ts'
import {layoutNamed, madeRecord} from './made-record.ts'
import {recordFor, textFilter} from './text/arbitrary-texts.ts'

const SLOTS = layoutNamed('renameat2').slots
const RESULT = SLOTS.find(({name}) => name === 'res')!.offset
const OLD = SLOTS.find(({name}) => name === 'oldpath')!.offset

const ask = (how: TextAtom['tests'][number]['how'], ...texts: readonly string[]): KernelFilter => ({
  kind: 'literal',
  atom: {kind: 'text', offset: OLD, form: 'absolute', tests: texts.map(text => ({how, text}))},
  want: true,
})
const result = (value: number): KernelFilter => isOneOf({offset: RESULT, width: 8}, [BigInt(value)])

const port = (...ends: readonly bigint[]): KernelFilter => {
  const ranges = ends.flatMap((first, at) =>
    at % 2 === 0 ? [[first, ends[at + 1]!] as const] : [],
  )
  const place = {offset: OLD, form: 'block', isPeerNamed: false} as const
  const question = {ask: 'port', end: 'remote', ranges} as const
  return {kind: 'literal', atom: {kind: 'socket', ...place, question}, want: true}
}

/** The filter, with results of calls beside its questions to texts. */
const mixed = fc
  .tuple(textFilter, fc.array(fc.integer({min: 0, max: 2}), {maxLength: 3}))
  .map(([filter, values]) => {
    const numbers = values.map(result)
    return values.length % 2 === 0 ? allOf([filter, ...numbers]) : anyOf([filter, ...numbers])
  })
const filtersAndRecords = fc
  .array(mixed, {minLength: 2, maxLength: 6})
  .chain(filters =>
    fc.tuple(
      fc.constant(filters),
      fc.array(recordFor(anyOf(filters)), {minLength: 8, maxLength: 20}),
      fc.integer({min: 0, max: 2}),
    ),
  )
  .map(([filters, records, res]) => ({
    filters,
    records: records.map(record =>
      madeRecord({...record, values: {...record.values, res: BigInt(res)}}),
    ),
  }))

describe('mergeQuestions', () => {
  it('changes no answer', () => {
    fc.assert(
      fc.property(filtersAndRecords, ({filters, records}) => {
        const plain = anyOf(filters)
        const merged = mergeQuestions(plain, createFilterNames())
        for (const record of records)
          assert.equal(passesFilter(merged, record), passesFilter(plain, record))
      }),
      {numRuns: 500},
    )
  })

  it('makes one question of those beside the same others', () => {
    const filters = [1, 2, 3, 4].map(at => allOf([result(at % 2), ask('equal', `/${at}`)]))
    const merged = mergeQuestions(anyOf(filters), createFilterNames())
    const wanted = [
      allOf([result(1), ask('equal', '/1', '/3')]),
      allOf([result(0), ask('equal', '/2', '/4')]),
    ]
    assert.deepEqual(merged, anyOf(wanted))
  })

  it('makes one question of numbers and of ports', () => {
    const numbers = anyOf([result(1), result(2), ask('equal', '/x'), result(2)])
    const values = isOneOf({offset: RESULT, width: 8}, [1n, 2n])
    assert.deepEqual(
      mergeQuestions(numbers, createFilterNames()),
      anyOf([values, ask('equal', '/x')]),
    )
    const ports = anyOf([port(22n, 22n), port(80n, 90n), port(23n, 23n), port(85n, 95n)])
    assert.deepEqual(mergeQuestions(ports, createFilterNames()), port(22n, 23n, 80n, 95n))
  })

  it('leaves out what another child makes idle', () => {
    const filter = anyOf([result(1), allOf([result(1), ask('equal', '/x')]), result(1)])
    assert.deepEqual(mergeQuestions(filter, createFilterNames()), result(1))
  })
})

describe('joinFilters', () => {
  it('passes what one of the filters passes', () => {
    fc.assert(
      fc.property(
        filtersAndRecords,
        fc.integer({min: 1, max: 400}),
        ({filters, records}, copies) => {
          // Copies that differ in what they ask make it too large for a program.
          const many = Array.from({length: copies}, (_, at) =>
            filters.map(filter => anyOf([allOf([filter, result(at)]), filter])),
          ).flat()
          const joined = joinFilters(many)
          for (const record of records) {
            if (filters.some(filter => passesFilter(filter, record)))
              assert.ok(passesFilter(joined, record))
          }
        },
      ),
      {numRuns: 60},
    )
  })

  const cases: readonly {
    name: string
    filter: (at: number) => KernelFilter
    passes: readonly [path: string, res: number][]
    drops: readonly [path: string, res: number][]
  }[] = [
    {
      name: 'names that stand beside the same',
      filter: at => allOf([result(1), ask('equal', `/n${at}`)]),
      passes: [['/n7', 1]],
      drops: [
        ['/n7', 2],
        ['/other', 1],
      ],
    },
    {
      name: 'names that stand beside something of their own',
      filter: at => allOf([result(at), ask('prefix', `/n${at}/`)]),
      passes: [['/n7/x', 7]],
      drops: [
        ['/n7', 7],
        ['/other', 7],
      ],
    },
    {
      name: 'names beside the same and something of their own',
      filter: at =>
        allOf([result(1), isOneOf({offset: 16, width: 4}, [BigInt(at)]), ask('suffix', `/n${at}`)]),
      passes: [['/x/n7', 1]],
      drops: [
        ['/x/n7', 2],
        ['/x/m7', 1],
      ],
    },
  ]
  for (const {name, filter, passes, drops} of cases) {
    it(`keeps apart ${name}, 10,000 of them`, () => {
      const joined = joinFilters(Array.from({length: 10_000}, (_, at) => filter(at)))
      assert.ok(programSize(joined, createFilterSizes()) <= PROGRAM_MAX)
      const record = ([path, res]: readonly [string, number]): Buffer =>
        madeRecord({kind: 'renameat2', values: {oldpath: {bytes: path}, res: BigInt(res)}})
      for (const each of passes) assert.ok(passesFilter(joined, record(each)), String(each))
      for (const each of drops) assert.ok(!passesFilter(joined, record(each)), String(each))
    })
  }

  it('keeps what a program has room for as it is', () => {
    const filters = Array.from({length: 60}, (_, at) =>
      allOf([result(at), ask('equal', `/a${at}`), ask('contains', 'ab')]),
    )
    assert.deepEqual(joinFilters(filters), anyOfBounded(filters))
  })

  it('does not search for too many pairs of bytes', () => {
    const pairs = Array.from({length: PAIRS_MAX + 1}, (_, at) =>
      String.fromCharCode(97 + at).repeat(2),
    )
    const few = joinFilters([ask('contains', ...pairs.slice(1))])
    assert.deepEqual(few, ask('contains', ...pairs.slice(1)))
    assert.deepEqual(joinFilters([ask('contains', ...pairs)]), {kind: 'pass'})
  })

  it('puts the largest sets into a table and leaves the others', () => {
    const many = Array.from({length: 1000}, (_, at) => `/usr/lib/file${at}`)
    const joined = joinFilters([
      allOf([result(1), ask('equal', ...many)]),
      allOf([result(2), ask('equal', '/etc/shadow')]),
    ])
    const [plan] = [...planTexts(joined).values()]
    assert.deepEqual(
      plan!.sets.map(({tests}) => tests.length),
      [1000],
    )
    assert.deepEqual(
      plan!.tests.map(({text}) => text),
      ['/etc/shadow'],
    )
  })
})
