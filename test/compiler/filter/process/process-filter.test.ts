import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {deriveFilter} from '../../../../src/compiler/filter/derive-filter.ts'
import {passesFilter} from '../../../../src/compiler/filter/interpret-filter.ts'
import {
  type ProcessAnswers,
  type ProcessNow,
  processAnswers,
} from '../../../../src/compiler/filter/process/interpret-process.ts'
import {collectPredicates} from '../../../../src/compiler/filter/process/predicate-set.ts'
import {
  encodeProcessEntry,
  type ProcessEntry,
} from '../../../../src/compiler/filter/process/process-entry.ts'
import {mkCondition} from '../arbitrary-filters.ts'
import {layoutNamed, madeRecord} from '../made-record.ts'
import {arbitraryProcessCondition} from './arbitrary-process-conditions.ts'
import {knownJudge, knownState, plainAnswers, TID} from './process-state.ts'

const opened = (name: string, flags = 0n): Buffer =>
  madeRecord({kind: 'openat', values: {fd: 3n, dirfd: -100n, flags, name: {bytes: name}}})
const RECORDS = [opened('/etc/shadow'), opened('/x', 1n), opened('')]

/** How an entry may differ from the thread that it is looked up for. */
const CHANGES: readonly (keyof ProcessEntry)[] = ['start', 'execId', 'set', 'version', 'epoch']

const NOW: ProcessNow = {tid: TID, start: 5n, execId: 2n, set: 7n, version: 3n, epoch: 9n}

const arbitraryCase = fc.record({
  conditions: fc.array(arbitraryProcessCondition, {minLength: 1, maxLength: 3}),
  comm: fc.constantFrom('sh', 'bash', 'cat', ''),
  parentTid: fc.constantFrom(600, 1),
  stale: fc.option(fc.constantFrom(...CHANGES)),
  isMissing: fc.constantFrom(false, false, false, true),
  noise: fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
})

/** Looks for a record that a rule accepts and the filter drops; `read` reads entries. */
function findLoss(read: (entry: Buffer | undefined, bits: bigint) => ProcessAnswers) {
  const dropped = {count: 0}
  const found = fc.check(
    fc.property(arbitraryCase, ({conditions: texts, comm, parentTid, stale, isMissing, noise}) => {
      const conditions = texts.map(mkCondition)
      const predicates = collectPredicates()
      const filter = deriveFilter(layoutNamed('openat'), conditions, predicates)
      const judge = knownJudge(knownState({comm, parentTid}))
      // What an entry says that is good for nothing any more is anything.
      const bits = stale === null ? judge.bits(predicates.finish()) : noise
      const entry: ProcessEntry = {...NOW, bits}
      const written =
        stale === null
          ? entry
          : {...entry, [stale]: NOW[stale as 'epoch'] + 1n, ...ownBits(stale, judge, predicates)}
      const bytes = isMissing ? undefined : encodeProcessEntry(TID, written)
      for (const record of RECORDS) {
        if (passesFilter(filter, record, 0, read(bytes, written.bits))) continue
        dropped.count++
        if (conditions.some(condition => judge.accepts(condition, record))) return false
      }
      return true
    }),
    {numRuns: 4000, seed: 20_261_122},
  )
  return {...found, dropped: dropped.count}
}

/** In an entry of another epoch only what hangs on other processes is noise. */
function ownBits(
  stale: keyof ProcessEntry,
  judge: ReturnType<typeof knownJudge>,
  collector: ReturnType<typeof collectPredicates>,
): Partial<ProcessEntry> {
  if (stale !== 'epoch') return {}
  const set = collector.finish()
  const own = set.predicates.filter(({kin}) => !kin)
  return {bits: judge.bits({...set, predicates: own})}
}

describe('filters that ask for processes', function () {
  this.timeout(60_000)

  it('pass whatever a rule accepts, with entries that are good, outdated or missing', () => {
    const found = findLoss(entry => processAnswers(entry, NOW))
    assert.equal(
      found.failed,
      false,
      `${found.errorInstance} ${JSON.stringify(String(found.counterexample))}`,
    )
    assert.ok(found.dropped > 500, `only ${found.dropped} records were dropped`)
  })

  for (const member of CHANGES) {
    it(`would not, if ${member} were not compared`, () => {
      const found = findLoss(entry => {
        if (entry === undefined) return processAnswers(entry, NOW)
        const fitting = Buffer.from(entry)
        const at = {start: 0, execId: 8, set: 16, version: 24, epoch: 32}[member as 'start']
        const now = {...NOW, [member]: fitting.readBigUInt64LE(at)}
        return processAnswers(fitting, now)
      })
      assert.match(String(found.errorInstance), /returning false/)
    })
  }

  it('would not, if the bits were read as they are', () => {
    const found = findLoss((_entry, bits) => plainAnswers(bits))
    assert.match(String(found.errorInstance), /returning false/)
  })

  const cases: readonly {
    readonly name: string
    readonly condition: string
    readonly comm?: string
    readonly want: boolean
  }[] = [
    {name: 'another program', condition: 'proc.name = cat', want: false},
    {name: 'the program', condition: 'proc.name = sh', want: true},
    {
      name: 'another parent',
      condition: 'proc.pname = sshd and evt.is_open_read = true',
      want: false,
    },
    {name: 'no ancestor', condition: 'proc.aname in (sshd, cron)', want: false},
    {name: 'the host', condition: 'container.id != host', want: false},
    {
      name: 'a program beside what cannot be told',
      condition: 'proc.name = cat and user.name = root and fd.name contains x',
      want: false,
    },
    {
      name: 'the other program of two',
      condition: '(proc.name = cat and fd.name = /x) or (proc.name = sh and fd.name = /y)',
      want: false,
    },
    {name: 'names of users', condition: 'user.name = nobody', want: true},
    {name: 'working directories', condition: 'proc.cwd = /nowhere', want: true},
    {name: 'times', condition: 'proc.duration < 0', want: true},
  ]
  for (const {name, condition, want} of cases) {
    it(`${want ? 'pass' : 'drop'} ${name}: ${condition}`, () => {
      const predicates = collectPredicates()
      const filter = deriveFilter(layoutNamed('openat'), [mkCondition(condition)], predicates)
      const bits = knownJudge(knownState()).bits(predicates.finish())
      const answers = processAnswers(encodeProcessEntry(TID, {...NOW, bits}), NOW)
      assert.equal(passesFilter(filter, opened('/other'), 0, answers), want)
    })
  }
})
