import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {RunSummary} from '../../src/app/detector-run.ts'
import {createLedger, type LedgerChange} from '../../src/app/ledger/ledger.ts'
import {summaryJson, summaryText} from '../../src/cli/run-summary.ts'
import {mkQueueStats} from '../support/queue-stats.ts'

function mkSummary(changes: readonly LedgerChange[], extra: Partial<RunSummary> = {}): RunSummary {
  const ledger = createLedger()
  for (const change of changes) ledger.take(change)
  return {
    durationMs: 1500,
    detection: {
      alerts: 1,
      byRule: {r: 1},
      byPriority: {Notice: 1},
      byKind: {},
      drops: {ring_full: 3},
      socketcalls: 0,
      evictedThreads: 0,
      unknownThreads: 0,
      mendedThreads: 0,
      containers: {},
      recording: undefined,
      hooks: [],
      rules: 1,
      generation: 1,
      imbalances: [],
    },
    queue: mkQueueStats(),
    restarts: 0,
    blindMs: 0,
    missed: ledger.view(5000),
    ...extra,
  }
}

const EXPECTED: readonly LedgerChange[] = [
  {
    change: 'begin',
    cause: 'start',
    count: 1,
    atMs: 0,
    generation: 1,
    affected: {rules: ['r'], total: 1},
  },
  {change: 'end', cause: 'start', atMs: 900},
]
const LOST: LedgerChange = {
  change: 'add',
  cause: 'ring_full',
  kind: 'openat',
  count: 3,
  atMs: 1000,
  generation: 1,
  affected: {rules: ['a', 'b', 'c', 'd'], total: 12},
}

describe('the summary of a run', () => {
  it('says nothing of misses when there were none but the start', () => {
    const text = summaryText(mkSummary(EXPECTED))
    assert.equal(
      text,
      '1.5 s: 0 events seen, 0 passed by the kernel, 3 dropped, 1 alerts\n  1 × r\n',
    )
  })

  it('says what was missed and whom it concerns', () => {
    const lines = summaryText(mkSummary([...EXPECTED, LOST])).split('\n')
    assert.deepEqual(lines.slice(2), [
      'what was missed:',
      "  3 events: the ring buffer was full (openat 3); concerns rules 'a', 'b', 'c' and 9 more",
      '',
    ])
  })

  it('says where counts disagree', () => {
    const summary = mkSummary([])
    const imbalances = [{where: 'openat', what: 'read, of passed', expected: 4, found: 3}]
    const text = summaryText({...summary, detection: {...summary.detection, imbalances}})
    assert.match(text, /counts disagree.*openat: read, of passed: 3 instead of 4/)
  })

  it('has the whole ledger as JSON', () => {
    const {missed, drops} = JSON.parse(summaryJson(mkSummary([...EXPECTED, LOST])))
    assert.deepEqual(
      missed.totals.map(({cause, count, duration_ms, by_kind}: Record<string, unknown>) => [
        cause,
        count,
        duration_ms,
        by_kind,
      ]),
      [
        ['ring_full', 3, 0, {openat: 3}],
        ['start', 1, 900, {}],
      ],
    )
    assert.equal(missed.entries.length, 2)
    assert.equal(drops.total, 3)
  })
})
