import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {deriveFilter} from '../../../../src/compiler/filter/derive-filter.ts'
import {passesFilter} from '../../../../src/compiler/filter/interpret-filter.ts'
import {requireLive} from '../../../support/live.ts'
import {mkCondition} from '../arbitrary-filters.ts'
import {filterCode, openKernelRun} from '../kernel-run.ts'
import {layoutNamed, madeRecord} from '../made-record.ts'
import {arbitrarySocketCondition, arbitrarySocketRecord, SOCKET_KINDS} from './arbitrary-sockets.ts'

describe('filters of sockets in the kernel', function () {
  this.timeout(60_000)

  it('say what their interpreter says', function () {
    requireLive(this, {feature: 'program loading'})
    const answers = {passed: 0, dropped: 0}
    const record = arbitrarySocketRecord.filter(({kind}) => SOCKET_KINDS.has(kind))
    const run = openKernelRun()
    try {
      fc.assert(
        fc.property(
          fc.array(arbitrarySocketCondition, {minLength: 1, maxLength: 3}),
          fc.array(record, {minLength: 8, maxLength: 16}),
          (texts, records) => {
            const {kind} = records[0]!
            const filter = deriveFilter(layoutNamed(kind), texts.map(mkCondition))
            if (filter.kind === 'pass' || filter.kind === 'drop') return
            const all = records.map(each => {
              const isYielding = kind === 'accept' || kind === 'accept4'
              const res = each.values['res'] ?? each.values['fd'] ?? 0n
              const values = {...each.values, ...(isYielding ? {fd: res} : {res})}
              return madeRecord({...each, kind, values, before: '\0\x02/'})
            })
            const passed = run.judge(filterCode(filter), all)
            for (const one of passed) answers[one ? 'passed' : 'dropped']++
            assert.deepEqual(
              passed,
              all.map(bytes => passesFilter(filter, bytes)),
            )
          },
        ),
        {numRuns: 300},
      )
    } finally {
      run.close()
    }
    assert.ok(answers.passed > 200 && answers.dropped > 200, JSON.stringify(answers))
  })

  const numbers = Array.from({length: 3000}, (_, at) => at)
  const quoted = (items: readonly string[]): string => items.map(item => `"${item}"`).join(', ')
  const lists: readonly {name: string; condition: string}[] = [
    {
      name: 'thousands of addresses',
      condition: `fd.sip in (${quoted([...numbers.map(at => `${at % 250}.${at % 7}.0.${at % 13}`), '8.8.8.8'])})`,
    },
    {
      name: 'thousands of addresses, none of which may be met',
      condition: `not fd.rip in (${quoted(numbers.map(at => `10.0.${at % 250}.${at % 13}`))})`,
    },
    {
      name: 'networks of IPv6',
      condition: `fd.snet in (${quoted(numbers.slice(0, 80).map(at => `2001:db8:${at.toString(16)}::/${48 + (at % 40)}`))})`,
    },
    {
      name: 'thousands of ports',
      condition: `fd.sport in (${numbers.map(at => (at * 20) % 65_536).join(', ')})`,
    },
    {
      name: 'all ports but some',
      condition: `not (${[53, 80, 443].map(at => `fd.port = ${at}`).join(' or ')})`,
    },
    {
      name: 'a port of each of a thousand rules',
      condition: numbers
        .slice(0, 1000)
        .map(at => `fd.sport = ${at * 7}`)
        .join(' or '),
    },
    {name: 'ports that are all there are', condition: 'fd.port < 100 or fd.port >= 100'},
  ]
  for (const {name, condition} of lists) {
    it(`are loaded with ${name}`, function () {
      requireLive(this, {feature: 'program loading'})
      const filter = deriveFilter(layoutNamed('connect'), [mkCondition(condition)])
      assert.notEqual(filter.kind, 'pass')
      const records = fc
        .sample(
          arbitrarySocketRecord.filter(({kind}) => kind === 'connect'),
          {numRuns: 200, seed: 1},
        )
        .map(madeRecord)
      const run = openKernelRun()
      try {
        assert.deepEqual(
          run.judge(filterCode(filter), records),
          records.map(bytes => passesFilter(filter, bytes)),
        )
      } finally {
        run.close()
      }
    })
  }
})
