import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {deriveFilter} from '../../../src/compiler/filter/derive-filter.ts'
import {passesFilter} from '../../../src/compiler/filter/interpret-filter.ts'
import {requireLive} from '../../support/live.ts'
import {arbitraryConditions, arbitraryRecord, mkCondition} from './arbitrary-filters.ts'
import {filterCode, openKernelRun} from './kernel-run.ts'
import {layoutNamed, madeRecord} from './made-record.ts'

describe('filters in the kernel', function () {
  this.timeout(60_000)

  it('say what their interpreter says', function () {
    requireLive(this, {feature: 'program loading'})
    const kernel = openKernelRun()
    const answers = {passed: 0, dropped: 0}
    try {
      fc.assert(
        fc.property(
          arbitraryConditions,
          fc.array(arbitraryRecord, {minLength: 8, maxLength: 12}),
          (texts, records) => {
            const conditions = texts.map(mkCondition)
            const {kind} = records[0]!
            const filter = deriveFilter(layoutNamed(kind), conditions)
            if (filter.kind === 'pass' || filter.kind === 'drop') return
            const made = records.map(record => madeRecord({...record, kind}))
            const judged = kernel.judge(filterCode(filter), made)
            for (const passed of judged) answers[passed ? 'passed' : 'dropped']++
            assert.deepEqual(
              judged,
              made.map(bytes => passesFilter(filter, bytes)),
            )
          },
        ),
        {numRuns: 400},
      )
    } finally {
      kernel.close()
    }
    assert.ok(answers.passed > 100 && answers.dropped > 100, JSON.stringify(answers))
  })
})
