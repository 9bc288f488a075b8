import {CAUSES} from '../ledger/causes.ts'
import type {DetectionReport, DetectorState, StatusReport} from '../status/status-report.ts'
import type {MetricFamily, Sample} from './exposition.ts'

/** Rules that have a sample of their own; those with the fewest alerts share one beyond that. */
const MAX_RULES = 500
/** The `rule` of that sample: no rule's name, which are never empty. */
const OTHER_RULES = ''

const STATES: readonly DetectorState[] = [
  'starting',
  'watching',
  'restarting',
  'not_answering',
  'stopping',
]

/** What became of alerts at an output. */
const OUTPUT_FATES = [
  'recovered',
  'accepted',
  'refused',
  'delivered',
  'dead_lettered',
  'dropped',
  'abandoned',
  'kept',
] as const

/** The metrics of a status. Names and labels are stable; `docs/operations.md` lists them. */
export function detectorMetrics(report: StatusReport): MetricFamily[] {
  const {detection, missed, outputs} = report
  return [
    gauge('detector_info', 'Always 1: which detector, on which kernel.', [
      {labels: {version: report.detector, kernel: report.kernel}, value: 1},
    ]),
    gauge(
      'detector_state',
      'What the detector does: 1 for one state, 0 for all others.',
      STATES.map(state => ({labels: {state}, value: state === report.state ? 1 : 0})),
    ),
    one('detector_uptime_seconds', 'Time since the start.', report.uptime_ms / 1000),
    one('detector_rules', 'Rules in force.', report.rules),
    one('detector_generation', 'Number of the rule set in force.', report.generation),
    counter('detector_restarts_total', 'Times that detection was started anew.', [
      {value: report.restarts},
    ]),
    ...(detection === null ? [] : detectionMetrics(detection)),
    counter(
      'detector_missed_total',
      'What was missed, by cause and unit; see docs/operations.md.',
      missed.totals.map(({cause, group, unit, count}) => ({
        labels: {cause, group, unit},
        value: count,
      })),
    ),
    counter(
      'detector_missed_kind_total',
      'What was missed, by cause and kind of record.',
      missed.totals.flatMap(({cause, by_kind}) =>
        Object.entries(by_kind).map(([kind, value]) => ({labels: {cause, kind}, value})),
      ),
    ),
    counter(
      'detector_missed_seconds_total',
      'How long intervals of a cause lasted together, those that last included.',
      missed.totals
        .filter(({cause, duration_ms, open}) => isInterval(cause) || duration_ms > 0 || open > 0)
        .map(({cause, duration_ms}) => ({labels: {cause}, value: duration_ms / 1000})),
    ),
    gauge(
      'detector_missed_rules',
      'Rules that a cause concerned, at most at once.',
      missed.totals.map(({cause, rules_total}) => ({labels: {cause}, value: rules_total})),
    ),
    counter(
      'detector_output_alerts_total',
      'Alerts by output and fate.',
      outputs.flatMap(output =>
        OUTPUT_FATES.map(fate => ({
          labels: {output: output.sink, fate},
          value: output[fate],
        })),
      ),
    ),
    gauge(
      'detector_output_pending',
      'Alerts that wait for an output.',
      outputs.map(({sink, pending}) => ({labels: {output: sink}, value: pending})),
    ),
    counter(
      'detector_output_failures_total',
      'Deliveries that failed, for good or not.',
      outputs.map(({sink, failures}) => ({labels: {output: sink}, value: failures})),
    ),
    one(
      'detector_imbalances',
      'Counts of stages that disagree: 0, or a defect.',
      report.imbalances.length,
    ),
    one('process_resident_memory_bytes', 'Memory of the process.', report.process.rss_bytes),
    counter('process_cpu_seconds_total', 'CPU time of the process.', [
      {value: (report.process.cpu_user_ms + report.process.cpu_system_ms) / 1000},
    ]),
  ]
}

function detectionMetrics(detection: DetectionReport): MetricFamily[] {
  const {kinds, lanes, alerts, threads} = detection
  const byKind = (pick: keyof DetectionReport['events']): Sample[] =>
    Object.entries(kinds).map(([kind, counts]) => ({labels: {kind}, value: counts[pick]}))
  return [
    counter(
      'detector_events_seen_total',
      'Calls that reached a program in the kernel.',
      byKind('seen'),
    ),
    counter(
      'detector_events_filtered_total',
      'Left in the kernel: no rule can match.',
      byKind('filtered'),
    ),
    counter('detector_events_passed_total', 'Records that left the kernel.', byKind('passed')),
    counter('detector_events_read_total', 'Records that were read.', byKind('read')),
    counter('detector_events_dropped_total', 'Records that were lost.', byKind('dropped')),
    counter('detector_events_matched_total', 'Events with at least one alert.', byKind('matched')),
    counter('detector_alerts_total', 'Alerts raised, by rule.', rulesOf(alerts.by_rule)),
    counter(
      'detector_alerts_priority_total',
      'Alerts raised, by priority.',
      Object.entries(alerts.by_priority).map(([priority, value]) => ({labels: {priority}, value})),
    ),
    gauge(
      'detector_lane_bytes',
      'Bytes that wait in a ring buffer.',
      Object.entries(lanes).map(([lane, {bytes}]) => ({labels: {lane}, value: bytes})),
    ),
    gauge(
      'detector_lane_size_bytes',
      'Size of a ring buffer.',
      Object.entries(lanes).map(([lane, {size_bytes}]) => ({labels: {lane}, value: size_bytes})),
    ),
    one(
      'detector_kernel_filter',
      'Whether events are filtered in the kernel.',
      Number(detection.kernel_filter),
    ),
    one(
      'detector_state_whole',
      'Whether the state of the host is whole.',
      Number(detection.state_whole),
    ),
    one('detector_threads', 'Threads that are known.', threads.known),
  ]
}

function rulesOf(byRule: Readonly<Record<string, number>>): Sample[] {
  const rules = Object.entries(byRule).sort(([, a], [, b]) => b - a)
  const samples = rules.slice(0, MAX_RULES).map(([rule, value]) => ({labels: {rule}, value}))
  const rest = rules.slice(MAX_RULES).reduce((sum, [, value]) => sum + value, 0)
  return rest === 0 ? samples : [...samples, {labels: {rule: OTHER_RULES}, value: rest}]
}

function isInterval(cause: keyof typeof CAUSES): boolean {
  return CAUSES[cause].group === 'blind' && CAUSES[cause].unit === 'times'
}

function one(name: string, help: string, value: number): MetricFamily {
  return gauge(name, help, [{value}])
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return {name, type: 'gauge', help, samples}
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return {name, type: 'counter', help, samples}
}
