import type {RecordingSummary} from '../app/detection/recording.ts'
import type {RunSummary} from '../app/detector-run.ts'
import {imbalanceText} from '../app/ledger/imbalance.ts'
import {missedReport} from '../app/status/missed-report.ts'
import type {ProbeCounts} from '../sensor/probes/probe.ts'
import {isRemarkable, missedLine} from './missed-lines.ts'

/** The summary as the JSON object of the command's contract. */
export function summaryJson(summary: RunSummary): string {
  const {detection, queue} = summary
  const reasons = dropsOf(summary)
  return JSON.stringify({
    duration_ms: Math.round(summary.durationMs),
    rules: detection.rules,
    generation: detection.generation,
    hooks: detection.hooks,
    alerts: detection.alerts,
    by_rule: detection.byRule,
    by_priority: detection.byPriority,
    drops: {total: sum(Object.values(reasons)), by_reason: reasons},
    by_kind: detection.byKind,
    unknown_threads: detection.unknownThreads,
    evicted_threads: detection.evictedThreads,
    mended_threads: detection.mendedThreads,
    containers: detection.containers,
    ...(detection.recording && {recording: detection.recording}),
    ...(detection.probes && {probes: probesJson(detection.probes)}),
    missed: missedReport(summary.missed),
    imbalances: detection.imbalances,
    calls_not_examined: {socketcall_32bit: detection.socketcalls},
    restarts: summary.restarts,
    blind_ms: Math.round(summary.blindMs),
    outputs: queue.lanes.map(lane => ({
      sink: lane.sink,
      recovered: lane.recovered,
      delivered: lane.delivered,
      refused: lane.refused,
      dead_lettered: lane.deadLettered,
      dropped: lane.dropped,
      abandoned: lane.abandoned,
      kept: lane.kept,
    })),
  })
}

/** The summary for a person, ending in a newline. */
export function summaryText(summary: RunSummary): string {
  const {detection} = summary
  const kinds = Object.values(detection.byKind)
  const lines = [
    `${(summary.durationMs / 1000).toFixed(1)} s: ` +
      `${sum(kinds.map(({seen}) => seen))} events seen, ` +
      `${sum(kinds.map(({passed}) => passed))} passed by the kernel, ` +
      `${sum(Object.values(dropsOf(summary)))} dropped, ${detection.alerts} alerts`,
    ...Object.entries(detection.byRule)
      .sort(([, a], [, b]) => b - a)
      .map(([rule, count]) => `  ${count} × ${rule}`),
  ]
  const {recording} = detection
  if (recording !== undefined)
    lines.push(`  ${recording.events} events are in ${recording.path}${failureText(recording)}`)
  for (const [name, counts] of Object.entries(detection.probes ?? {}))
    lines.push(
      `  probe ${name}: ${counts.read} records, ${counts.matched} matched, ${counts.overRate} above the rate, ${counts.short} too short`,
    )
  if (summary.restarts > 0) {
    lines.push(
      `  detection was started anew ${summary.restarts} times, blind for ${Math.round(summary.blindMs)} ms`,
    )
  }
  const missed = missedReport(summary.missed).totals.filter(isRemarkable)
  if (missed.length > 0)
    lines.push('what was missed:', ...missed.map(total => `  ${missedLine(total)}`))
  for (const imbalance of detection.imbalances)
    lines.push(`counts disagree, which is a defect: ${imbalanceText(imbalance)}`)
  return `${lines.join('\n')}\n`
}

function probesJson(probes: Readonly<Record<string, ProbeCounts>>): Record<string, unknown> {
  const entries = Object.entries(probes).map(([name, {read, short, overRate, matched}]) => [
    name,
    {read, short, over_rate: overRate, matched},
  ])
  return Object.fromEntries(entries)
}

function failureText({failure}: RecordingSummary): string {
  return failure === undefined ? '' : `, cut short: ${failure}`
}

function dropsOf({detection, queue}: RunSummary): Record<string, number> {
  return {...detection.drops, output_queue_full: queue.refused + queue.dropped}
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
