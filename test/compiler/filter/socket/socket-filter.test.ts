import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import type {CheckedCondition} from '../../../../src/compiler/checked.ts'
import {deriveFilter} from '../../../../src/compiler/filter/derive-filter.ts'
import {passesFilter} from '../../../../src/compiler/filter/interpret-filter.ts'
import type {KernelFilter} from '../../../../src/compiler/filter/kernel-filter.ts'
import {evaluate} from '../../../../src/compiler/interpret.ts'
import {fieldBinder} from '../../../../src/engine/field-binder.ts'
import {MatchContext} from '../../../../src/engine/match-context.ts'
import {RecordEvent} from '../../../../src/sensor/decoder.ts'
import {HostState} from '../../../../src/state/host-state.ts'
import {mkCondition} from '../arbitrary-filters.ts'
import {layoutNamed, madeRecord} from '../made-record.ts'
import {arbitrarySocketCondition, arbitrarySocketRecord, SOCKET_KINDS} from './arbitrary-sockets.ts'
import {SOCKET_MUTATIONS} from './socket-mutations.ts'

/** A state that takes records one after the other; each tells which conditions accept it. */
function createHost(fds: boolean) {
  const state = new HostState({maxThreads: 100})
  state.follow({fds, env: false})
  const netmask = '\xff\0\0\0'
  state.networkInterface({name: 'eth0', address: '\x0a\0\0\x05', netmask} as never)
  const context = new MatchContext(state)
  const event = new RecordEvent({bootNs: 1_700_000_000_000_000_000n})
  const binder = fieldBinder({hostname: 'host'})
  return (conditions: readonly CheckedCondition[], record: Buffer): boolean[] => {
    event.moveTo(record, 0, record.length)
    context.begin(event)
    const accepted = conditions.map(condition => evaluate(condition, context, binder))
    context.end()
    return accepted
  }
}

function findLoss(change: (filter: KernelFilter) => KernelFilter, runs: number, seed: number) {
  let dropped = 0
  const found = fc.check(
    fc.property(
      fc.array(arbitrarySocketCondition, {minLength: 1, maxLength: 4}),
      fc.array(arbitrarySocketRecord, {minLength: 1, maxLength: 10}),
      (texts, records) => {
        const conditions = texts.map(mkCondition)
        const hosts = [createHost(true), createHost(false)]
        for (const record of records) {
          const bytes = madeRecord(record)
          const verdicts = hosts.map(host => host(conditions, bytes))
          if (!SOCKET_KINDS.has(record.kind)) continue
          for (const [index, condition] of conditions.entries()) {
            const filter = change(deriveFilter(layoutNamed(record.kind), [condition]))
            if (passesFilter(filter, bytes)) continue
            dropped++
            if (verdicts.some(accepted => accepted[index] === true)) return false
          }
        }
        return true
      },
    ),
    {numRuns: runs, seed},
  )
  return {found, dropped}
}

describe('filters of sockets', function () {
  this.timeout(120_000)

  it('pass whatever a rule accepts, whatever was known of the descriptor', () => {
    const {found, dropped} = findLoss(
      filter => filter,
      3000,
      Number(process.env['FC_SEED'] ?? 20_261_122),
    )
    assert.equal(
      found.failed,
      false,
      `${found.errorInstance} ${JSON.stringify([found.seed, found.counterexample], bigText)}`,
    )
    assert.ok(dropped > 3000, `only ${dropped} dropped`)
  })

  for (const {name, change} of SOCKET_MUTATIONS) {
    it(`would not, ${name}`, () => {
      const {found} = findLoss(change, 6000, 20_261_122)
      assert.match(String(found.errorInstance), /returning false/)
    })
  }
})

function bigText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
