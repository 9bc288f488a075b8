import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {detectorMetrics} from '../../../src/app/metrics/detector-metrics.ts'
import {exposition} from '../../../src/app/metrics/exposition.ts'
import {parseExposition, sampleOf} from '../../support/parse-exposition.ts'
import {mkReport} from '../../support/status-report.ts'

function samplesOf(report = mkReport()) {
  return parseExposition(exposition(detectorMetrics(report)))
}

describe('metrics', () => {
  it('are a page that a strict reader takes, with the numbers of the status', () => {
    const samples = samplesOf()
    const wants: [string, Record<string, string>, number][] = [
      ['detector_info', {version: '1.2.3', kernel: '6.18.0'}, 1],
      ['detector_state', {state: 'watching'}, 1],
      ['detector_state', {state: 'starting'}, 0],
      ['detector_uptime_seconds', {}, 3723],
      ['detector_rules', {}, 3],
      ['detector_events_seen_total', {kind: 'openat'}, 100],
      ['detector_events_filtered_total', {kind: 'openat'}, 60],
      ['detector_events_passed_total', {kind: 'openat'}, 38],
      ['detector_events_read_total', {kind: 'openat'}, 37],
      ['detector_events_dropped_total', {kind: 'openat'}, 2],
      ['detector_events_matched_total', {kind: 'openat'}, 5],
      ['detector_alerts_total', {rule: 'opens'}, 6],
      ['detector_missed_total', {cause: 'ring_full', group: 'lost', unit: 'events'}, 2],
      ['detector_missed_kind_total', {cause: 'ring_full', kind: 'openat'}, 2],
      ['detector_missed_rules', {cause: 'ring_full'}, 1],
      ['detector_lane_bytes', {lane: 'bulk'}, 8_388_608],
      ['detector_output_alerts_total', {output: 'stdout', fate: 'delivered'}, 6],
      ['detector_kernel_filter', {}, 1],
      ['process_cpu_seconds_total', {}, 2],
    ]
    for (const [name, labels, want] of wants)
      assert.equal(sampleOf(samples, name, labels), want, name)
  })

  it('hold before detection has answered', () => {
    const samples = samplesOf(mkReport({detection: null, state: 'starting'}))
    assert.equal(sampleOf(samples, 'detector_state', {state: 'starting'}), 1)
    assert.ok(!samples.some(({name}) => name === 'detector_events_seen_total'))
  })

  it('keep names that try to break out of their line', () => {
    const rule = 'a"} 1\nevil_total{x="\\'
    const {detection} = mkReport()
    const samples = samplesOf(
      mkReport({detection: {...detection!, alerts: {...detection!.alerts, by_rule: {[rule]: 3}}}}),
    )
    assert.equal(sampleOf(samples, 'detector_alerts_total', {rule}), 3)
  })

  it('give 500 rules samples of their own, those with most alerts, and the rest one together', () => {
    const by_rule = Object.fromEntries(Array.from({length: 700}, (_, i) => [`r${i}`, i + 1]))
    const {detection} = mkReport()
    const samples = samplesOf(
      mkReport({detection: {...detection!, alerts: {...detection!.alerts, by_rule}}}),
    ).filter(({name}) => name === 'detector_alerts_total')
    assert.equal(samples.length, 501)
    assert.equal(sampleOf(samples, 'detector_alerts_total', {rule: 'r699'}), 700)
    assert.equal(sampleOf(samples, 'detector_alerts_total', {rule: ''}), (200 * 201) / 2)
  })
})
