import assert from 'node:assert/strict'
import fc from 'fast-check'
import {after, before, describe, it} from 'mocha'
import type {Instruction} from '../../../../src/bpf/instruction.ts'
import {passesFilter} from '../../../../src/compiler/filter/interpret-filter.ts'
import {CodedError} from '../../../../src/diagnostics/error.ts'
import {requireLive} from '../../../support/live.ts'
import {filterCode, type KernelRun, openKernelRun} from '../kernel-run.ts'
import {madeRecord} from '../made-record.ts'
import {recordFor, textFilter} from './arbitrary-texts.ts'
import {CODE_MUTATIONS} from './emit-mutations.ts'

const RUNS = 500

const filterAndRecords = textFilter
  .filter(({kind}) => kind !== 'pass' && kind !== 'drop')
  .chain(filter =>
    fc.tuple(fc.constant(filter), fc.array(recordFor(filter), {minLength: 12, maxLength: 24})),
  )

describe('questions to texts in the kernel', function () {
  this.timeout(120_000)
  let kernel: KernelRun

  before(function () {
    requireLive(this as never, {feature: 'program loading'})
    kernel = openKernelRun()
  })

  after(() => kernel?.close())

  /** Whether the kernel says of some records what the interpreter does not, or refuses the program. */
  function check(change: (instruction: Instruction) => Instruction, seed: number) {
    const answers = {passed: 0, dropped: 0}
    const found = fc.check(
      fc.property(filterAndRecords, ([filter, records]) => {
        const code = filterCode(filter)
        const made = records.map(madeRecord)
        const wanted = made.map(bytes => passesFilter(filter, bytes))
        const changed = {...code, instructions: code.instructions.map(change)}
        const judged = kernel.judge(changed, made)
        for (const passed of judged) answers[passed ? 'passed' : 'dropped']++
        assert.deepEqual(judged, wanted)
      }),
      {numRuns: RUNS, seed, endOnFailure: true},
    )
    return {found, answers}
  }

  it('are answered as their interpreter answers them', () => {
    const {found, answers} = check(
      instruction => instruction,
      Number(process.env['FC_SEED'] ?? 20_261_122),
    )
    assert.equal(
      found.failed,
      false,
      `${found.errorInstance} ${JSON.stringify([found.seed, found.counterexample])}`,
    )
    assert.ok(answers.passed > 1000 && answers.dropped > 1000, JSON.stringify(answers))
  })

  for (const {name, change} of CODE_MUTATIONS) {
    it(`would not be, ${name}`, () => {
      const {found} = check(change, 20_261_122)
      const error = found.errorInstance
      assert.ok(
        error instanceof assert.AssertionError || error instanceof CodedError,
        String(error),
      )
    })
  }
})
