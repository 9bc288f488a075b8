import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {createRunLedger, type RunLedger} from '../../../src/app/ledger/run-ledger.ts'
import {compileRuleSet, type RuleSet} from '../../../src/app/rules/rule-set.ts'
import type {LaneStats, QueueStats} from '../../../src/outputs/queue.ts'
import {mkLane, mkQueueStats} from '../../support/queue-stats.ts'

const RULE = (name: string, condition: string, output = 'x') => ({
  rule: name,
  desc: 'd',
  condition,
  output,
  priority: 'DEBUG',
})
const OPEN = RULE('open', 'evt.type = openat')

function mkRules(...rules: readonly object[]): RuleSet {
  const set = compileRuleSet([{name: 'r', content: JSON.stringify(rules)}], {
    appendOutput: [],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  assert.ok(set.usable)
  return set
}

function mkLedger(): {readonly ledger: RunLedger; readonly clock: {ms: number}} {
  const clock = {ms: 1000}
  return {ledger: createRunLedger({startedMs: 100, nowMs: () => clock.ms}), clock}
}

/** Cause, detail, count, duration, whether it lasts, rules. */
function lines(ledger: RunLedger): unknown[][] {
  return ledger
    .view()
    .entries.map(({cause, detail, count, durationMs, open, affected}) =>
      [cause, detail, count, durationMs, open, affected.rules].filter(item => item !== undefined),
    )
}

const START = ['start', 1, 900, false, ['open']]

describe('the ledger of a run', () => {
  it('begins with the time until detection is armed, which concerns every rule', () => {
    const {ledger, clock} = mkLedger()
    assert.deepEqual(lines(ledger), [['start', 1, 900, true, []]])
    ledger.armed(mkRules(OPEN), 1)
    clock.ms = 5000
    assert.deepEqual(lines(ledger), [START])
  })

  it('writes a reload down with the rules that came, went or changed', () => {
    const {ledger, clock} = mkLedger()
    const gone = RULE('gone', 'evt.type = creat')
    ledger.armed(mkRules(OPEN, gone, RULE('same', 'evt.type = mkdir')), 1)
    clock.ms = 2000
    const next = mkRules(
      RULE('open', 'evt.type = openat', 'y'),
      RULE('same', 'evt.type = mkdir'),
      RULE('new', 'evt.type = open'),
    )
    ledger.reloadBegins(next, 1990, 2)
    clock.ms = 2040
    ledger.reloaded(next, 2)
    assert.deepEqual(lines(ledger).slice(1), [['reload', 1, 50, false, ['open', 'new', 'gone']]])
  })

  it('writes down how long refused rules were not in force, and whose', () => {
    const {ledger, clock} = mkLedger()
    ledger.armed(mkRules(OPEN), 1)
    ledger.reloadRefused(1)
    clock.ms = 3000
    assert.deepEqual(lines(ledger).slice(1), [['rules_refused', 1, 2000, true, ['open']]])
    ledger.reloadBegins(mkRules(OPEN), 3000, 2)
    ledger.reloaded(mkRules(OPEN), 2)
    assert.deepEqual(lines(ledger).slice(1), [
      ['rules_refused', 1, 2000, false, ['open']],
      ['reload', 1, 0, false, []],
    ])
  })

  it('writes down a reload that the kernel refused', () => {
    const {ledger, clock} = mkLedger()
    ledger.armed(mkRules(OPEN), 1)
    ledger.reloadBegins(mkRules(OPEN, RULE('new', 'evt.type = open')), 1000, 2)
    clock.ms = 1010
    ledger.reloadRefused(1)
    assert.deepEqual(lines(ledger).slice(1), [
      ['reload', 1, 10, false, ['new']],
      ['rules_refused', 1, 0, true, ['open']],
    ])
  })

  it('writes a restart down, and ends what the old detection thread left open', () => {
    const {ledger, clock} = mkLedger()
    ledger.armed(mkRules(OPEN), 1)
    const affected = {rules: ['open'], total: 1}
    ledger.take([
      {change: 'begin', cause: 'state_incomplete', count: 3, atMs: 1000, generation: 1, affected},
    ])
    clock.ms = 1100
    ledger.restartBegins(1)
    clock.ms = 1350
    ledger.armed(mkRules(OPEN), 1)
    assert.deepEqual(lines(ledger), [
      START,
      ['state_incomplete', 3, 100, false, ['open']],
      ['worker_ended', 1, 0, false, ['open']],
      ['restart', 1, 250, false, ['open']],
    ])
  })

  it('says what live detection cannot serve, as long as such rules are in force', () => {
    const {ledger, clock} = mkLedger()
    const blind = RULE('blind', 'evt.type = openat and evt.pluginname = x')
    ledger.armed(mkRules(OPEN, blind, RULE('never', 'evt.type = swapon')), 1)
    clock.ms = 1500
    ledger.reloadBegins(mkRules(OPEN, blind), 1500, 2)
    ledger.reloaded(mkRules(OPEN, blind), 2)
    clock.ms = 2000
    assert.deepEqual(
      lines(ledger).filter(
        ([cause]) => cause === 'unfilled_field' || cause === 'uncaptured_events',
      ),
      [
        ['unfilled_field', 'evt.pluginname', 1, 1000, true, ['blind']],
        ['uncaptured_events', 1, 500, false, ['never']],
      ],
    )
  })

  it('counts what outputs gave up, once', () => {
    const {ledger} = mkLedger()
    ledger.armed(mkRules(OPEN), 1)
    ledger.outputs(mkStats({refused: 2, deadLettered: 1}), 1)
    ledger.outputs(mkStats({refused: 2, deadLettered: 3, abandoned: 4}), 1)
    assert.deepEqual(lines(ledger).slice(1), [
      ['output_refused', 'hook', 2, 0, false, ['open']],
      ['output_dead_lettered', 'hook', 3, 0, false, ['open']],
      ['output_abandoned', 'hook', 4, 0, false, ['open']],
    ])
  })

  it('adds the alerts that were given up at the very end to those that were told', () => {
    const {ledger} = mkLedger()
    const affected = {rules: [], total: 0}
    ledger.take([
      {change: 'add', cause: 'alert_backlog_full', count: 5, atMs: 1000, generation: 1, affected},
    ])
    ledger.alertsRefused(5, 1)
    ledger.alertsRefused(8, 1)
    assert.equal(ledger.view().totals.find(({cause}) => cause === 'alert_backlog_full')?.count, 8)
  })
})

function mkStats(counts: Partial<LaneStats>): QueueStats {
  return mkQueueStats(mkLane(counts))
}
