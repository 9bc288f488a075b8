import type {QueueStats} from '../../outputs/queue.ts'
import type {ReceivedStatus} from '../detection/detection.ts'
import type {LaneFill} from '../detection/protocol.ts'
import type {LedgerView} from '../ledger/ledger.ts'
import {missedReport} from './missed-report.ts'
import {stageImbalances, stagesOf, sumOfKinds} from './stages.ts'
import type {DetectionReport, DetectorState, LaneReport, StatusReport} from './status-report.ts'

/** What the detection thread said last, and when. */
export interface LastAnswer {
  readonly status: ReceivedStatus
  /** Milliseconds since the epoch. */
  readonly atMs: number
}

/** Everything that a report is made from. */
export interface ReportParts {
  readonly version: string
  readonly state: DetectorState
  readonly hostname: string
  readonly kernel: string
  /** Milliseconds since the epoch. */
  readonly startedMs: number
  readonly armedMs: number | undefined
  readonly nowMs: number
  readonly rules: number
  readonly generation: number
  readonly restarts: number
  readonly blindMs: number
  readonly answer: LastAnswer | undefined
  /** Alerts that were given to the outputs. */
  readonly dispatched: number
  readonly queue: QueueStats
  readonly ledger: LedgerView
  readonly memory: {readonly rss: number; readonly heapUsed: number}
  /** Microseconds. */
  readonly cpu: {readonly user: number; readonly system: number}
}

/** Puts a report together. */
export function buildReport(parts: ReportParts): StatusReport {
  const {answer, queue, memory, cpu, dispatched} = parts
  const detection = answer === undefined ? null : detectionReport(answer)
  const stageParts = answer && {
    status: answer.status,
    events: detection!.events,
    received: answer.status.received,
    dispatched,
    lanes: queue.lanes,
  }
  return {
    version: 1,
    detector: parts.version,
    state: parts.state,
    pid: process.pid,
    hostname: parts.hostname,
    kernel: parts.kernel,
    started: isoTime(parts.startedMs),
    armed: parts.armedMs === undefined ? null : isoTime(parts.armedMs),
    uptime_ms: Math.round(parts.nowMs - parts.startedMs),
    rules: parts.rules,
    generation: parts.generation,
    restarts: parts.restarts,
    blind_ms: Math.round(parts.blindMs),
    detection,
    stages: stageParts === undefined ? [] : stagesOf(stageParts),
    // An old answer cannot be held against counts of now.
    imbalances:
      stageParts === undefined || parts.state !== 'watching' ? [] : stageImbalances(stageParts),
    missed: missedReport(parts.ledger),
    outputs: queue.lanes.map(lane => ({
      sink: lane.sink,
      recovered: lane.recovered,
      accepted: lane.accepted,
      refused: lane.refused,
      delivered: lane.delivered,
      dead_lettered: lane.deadLettered,
      dropped: lane.dropped,
      abandoned: lane.abandoned,
      kept: lane.kept,
      pending: lane.pending,
      failures: lane.failures,
      last_error: lane.lastError ?? null,
    })),
    process: {
      rss_bytes: memory.rss,
      heap_bytes: memory.heapUsed,
      cpu_user_ms: Math.round(cpu.user / 1000),
      cpu_system_ms: Math.round(cpu.system / 1000),
    },
  }
}

function detectionReport({status, atMs}: LastAnswer): DetectionReport {
  const kinds = Object.fromEntries(
    Object.entries(status.byKind).map(([kind, counts]) => [
      kind,
      {
        seen: counts.seen,
        filtered: counts.filtered,
        passed: counts.passed,
        read: counts.read,
        dropped: counts.dropped,
        matched: counts.matched,
        unreadable: counts.unreadable,
        cut: counts.cut,
      },
    ]),
  )
  const events = sumOfKinds(kinds)
  return {
    as_of: isoTime(atMs),
    kernel_filter: status.kernelFilter,
    hooks: status.hooks,
    kinds,
    events,
    passed_share: events.seen === 0 ? null : events.passed / events.seen,
    lanes: {state: laneReport(status.lanes.state), bulk: laneReport(status.lanes.bulk)},
    alerts: {
      raised: status.alerts,
      by_priority: status.byPriority,
      by_rule: status.byRule,
    },
    threads: {
      known: status.threads,
      unknown: status.unknownThreads,
      evicted: status.evictedThreads,
      mended: status.mendedThreads,
    },
    state_whole: status.stateWhole,
    containers: status.containers,
    socketcalls: status.socketcalls,
  }
}

function laneReport({bytes, sizeBytes}: LaneFill): LaneReport {
  return {bytes, size_bytes: sizeBytes, share: bytes / sizeBytes}
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
