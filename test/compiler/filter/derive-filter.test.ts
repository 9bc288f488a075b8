import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {deriveFilter} from '../../../src/compiler/filter/derive-filter.ts'
import {passesFilter} from '../../../src/compiler/filter/interpret-filter.ts'
import type {KernelFilter} from '../../../src/compiler/filter/kernel-filter.ts'
import {SLOT_FLAG} from '../../../src/schema/record-layout.ts'
import {arbitraryConditions, arbitraryRecord, mkCondition} from './arbitrary-filters.ts'
import {createJudge} from './judge.ts'
import {layoutNamed, type MadeRecord, type MadeValue, madeRecord} from './made-record.ts'
import {MUTATIONS} from './mutations.ts'

const opened = (name: string, values: Readonly<Record<string, MadeValue>> = {}): MadeRecord => ({
  kind: 'openat',
  values: {fd: 3n, dirfd: -100n, name: {bytes: name}, ...values},
})

function passes(condition: string, record: MadeRecord): boolean {
  const filter = deriveFilter(layoutNamed(record.kind), [mkCondition(condition)])
  return passesFilter(filter, madeRecord(record))
}

/** The first record that a rule accepts and the changed filter does not pass. */
function findLoss(change: (filter: KernelFilter) => KernelFilter, runs: number, seed: number) {
  const judge = createJudge()
  const following = createJudge({fds: true, env: false})
  return fc.check(
    fc.property(
      arbitraryConditions,
      fc.array(arbitraryRecord, {minLength: 1, maxLength: 8}),
      (texts, records) => {
        const conditions = texts.map(mkCondition)
        for (const record of records) {
          const filter = change(deriveFilter(layoutNamed(record.kind), conditions))
          const bytes = madeRecord(record)
          if (passesFilter(filter, bytes)) continue
          for (const condition of conditions) {
            if (judge.accepts(condition, bytes)) return false
            if (following.accepts(condition, bytes)) return false
          }
        }
        return true
      },
    ),
    {numRuns: runs, seed},
  )
}

describe('deriveFilter', function () {
  this.timeout(60_000)

  it('passes whatever a rule accepts', () => {
    const found = findLoss(filter => filter, 4000, Number(process.env['FC_SEED'] ?? 20_261_122))
    assert.equal(
      found.failed,
      false,
      `${found.errorInstance} ${JSON.stringify([found.seed, found.counterexample], bigText)}`,
    )
  })

  for (const {name, change} of MUTATIONS) {
    it(`would not, ${name}`, () => {
      const found = findLoss(change, 4000, 20_261_122)
      assert.match(String(found.errorInstance), /returning false/)
    })
  }

  const cases: readonly {name: string; condition: string; record: MadeRecord; want: boolean}[] = [
    {
      name: 'another name',
      condition: 'fd.name = /etc/shadow',
      record: opened('/etc/hosts'),
      want: false,
    },
    {
      name: 'the name',
      condition: 'fd.name = /etc/shadow',
      record: opened('/etc/shadow'),
      want: true,
    },
    {
      name: 'a relative name',
      condition: 'fd.name = /etc/shadow',
      record: opened('hosts'),
      want: true,
    },
    {
      name: 'a doubled slash',
      condition: 'fd.name = /etc/shadow',
      record: opened('/etc//x'),
      want: true,
    },
    {name: 'a dot part', condition: 'fd.name = /etc/shadow', record: opened('/x/./y'), want: true},
    {
      name: 'a closing slash',
      condition: 'fd.name = /etc/shadow',
      record: opened('/x/y/'),
      want: true,
    },
    {
      name: 'a name that was cut',
      condition: 'fd.name = /etc/shadow',
      record: opened('', {name: {bytes: '/x', flags: SLOT_FLAG.cut}}),
      want: true,
    },
    {
      name: 'a name that could not be read',
      condition: 'fd.name = /etc/shadow',
      record: opened('', {name: {bytes: '', flags: SLOT_FLAG.fault}}),
      want: true,
    },
    {
      name: 'reading where writing is asked for',
      condition: 'evt.is_open_write = true and proc.name = sh',
      record: opened('/x', {flags: 0n}),
      want: false,
    },
    {
      name: 'writing where writing is asked for',
      condition: 'evt.is_open_write = true and proc.name = sh',
      record: opened('/x', {flags: 1n}),
      want: true,
    },
    {
      name: 'a folder beside the wanted ones',
      condition: 'fd.name pmatch (/etc, /usr/bin)',
      record: opened('/etcx/y'),
      want: false,
    },
    {
      name: 'a name of another folder',
      condition: 'fd.directory in (/bin, /usr/bin)',
      record: opened('/usr/binx'),
      want: false,
    },
    {
      name: 'a failed call where success is asked for',
      condition: 'fd.num >= 0 and evt.is_open_read = true',
      record: opened('/x', {fd: -2n}),
      want: false,
    },
    {
      name: 'another request',
      condition: 'evt.type = ptrace and evt.arg.request in (PTRACE_ATTACH, PTRACE_SEIZE)',
      record: {kind: 'ptrace', values: {request: 0n}},
      want: false,
    },
    {
      name: 'another user',
      condition: 'evt.type = mkdir and user.uid = 0',
      record: {kind: 'mkdir', uid: 1, values: {path: {bytes: '/x'}}},
      want: false,
    },
    {
      name: 'anything where only the process decides',
      condition: 'evt.type = openat and proc.name = sh',
      record: opened('/x'),
      want: true,
    },
  ]
  for (const {name, condition, record, want} of cases) {
    it(`${want ? 'passes' : 'drops'} ${name}: ${condition}`, () => {
      assert.equal(passes(condition, record), want)
    })
  }

  it('keeps whole what stands beside many names', () => {
    const many = `evt.is_open_write = true and (${namedOr(10_000)})`
    assert.equal(passes(many, opened('/x7', {flags: 1n})), true)
    assert.equal(passes(many, opened('/x7', {flags: 0n})), false)
    assert.equal(passes(many, opened('/other', {flags: 1n})), false)
  })

  it('asks less beside names when there are too many questions', () => {
    const many = namedOr(4000, at => `evt.rawres = ${at} and not fd.name endswith x${at}`)
    assert.equal(passes(many, opened('/other')), false)
    // The guard is the first thing to go, so another result passes as well.
    assert.equal(passes(many, opened('/7')), true)
  })

  it('gives up names, then everything, when there are too many questions', () => {
    const asked = (count: number): string =>
      Array.from({length: count}, (_, at) => `(evt.rawres > ${at} and fd.num < ${at})`).join(' or ')
    assert.equal(passes(`evt.is_open_write = true and (${asked(1000)})`, opened('/x')), false)
    assert.equal(passes(asked(1000), opened('/x', {fd: -2n})), true)
  })
})

/** A condition with so many names. */
function namedOr(count: number, beside?: (at: number) => string): string {
  const names = Array.from({length: count}, (_, at) => {
    const name = `(fd.name = /${at} or fd.name startswith /x${at})`
    return beside === undefined ? name : `(${name} and ${beside(at)})`
  })
  return names.join(' or ')
}

function bigText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
