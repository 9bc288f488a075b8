import type {RecordingSummary} from '../app/detection/recording.ts'
import type {RunSummary} from '../app/detector.ts'

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
    calls_not_examined: {socketcall_32bit: detection.socketcalls},
    restarts: summary.restarts,
    blind_ms: Math.round(summary.blindMs),
    outputs: queue.lanes.map(({sink, delivered, refused, deadLettered, abandoned}) => ({
      sink,
      delivered,
      refused,
      dead_lettered: deadLettered,
      abandoned,
    })),
  })
}

/** The summary for a person, ending in a newline. */
export function summaryText(summary: RunSummary): string {
  const {detection} = summary
  const kinds = Object.values(detection.byKind)
  const reasons = Object.entries(dropsOf(summary)).filter(([, count]) => count > 0)
  const lines = [
    `${(summary.durationMs / 1000).toFixed(1)} s: ` +
      `${sum(kinds.map(({seen}) => seen))} events seen, ` +
      `${sum(kinds.map(({passed}) => passed))} passed by the kernel, ` +
      `${sum(reasons.map(([, count]) => count))} dropped, ${detection.alerts} alerts`,
    ...reasons.map(([reason, count]) => `  dropped: ${count} (${reason})`),
    ...Object.entries(detection.byRule)
      .sort(([, a], [, b]) => b - a)
      .map(([rule, count]) => `  ${count} × ${rule}`),
  ]
  if (detection.socketcalls > 0)
    lines.push(`  ${detection.socketcalls} 32-bit socketcalls were not examined`)
  const {recording, containers} = detection
  if (recording !== undefined)
    lines.push(`  ${recording.events} events are in ${recording.path}${failureText(recording)}`)
  const late = (containers['timeout'] ?? 0) + (containers['overflow'] ?? 0)
  if (late > 0) lines.push(`  ${late} events were judged without knowing their container`)
  if (summary.restarts > 0) {
    lines.push(
      `  detection was started anew ${summary.restarts} times, blind for ${Math.round(summary.blindMs)} ms`,
    )
  }
  for (const {sink, abandoned, deadLettered} of summary.queue.lanes) {
    if (abandoned > 0) lines.push(`  ${sink}: ${abandoned} alerts were not delivered`)
    if (deadLettered > 0)
      lines.push(`  ${sink}: ${deadLettered} alerts were refused by the receiver`)
  }
  return `${lines.join('\n')}\n`
}

function failureText({failure}: RecordingSummary): string {
  return failure === undefined ? '' : `, cut short: ${failure}`
}

function dropsOf({detection, queue}: RunSummary): Record<string, number> {
  return {...detection.drops, output_queue_full: queue.refused}
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
