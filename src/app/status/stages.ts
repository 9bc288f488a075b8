import type {LaneStats} from '../../outputs/queue.ts'
import type {DetectionStatus} from '../detection/protocol.ts'
import {type Imbalance, unequal} from '../ledger/imbalance.ts'
import type {DetectionReport, KindReport, StageReport} from './status-report.ts'

/** What the stages are made from. */
export interface StageParts {
  readonly status: DetectionStatus
  readonly events: KindReport
  /** Alerts that the main thread got from this detection thread, and from all of them. */
  readonly received: number
  readonly dispatched: number
  readonly lanes: readonly LaneStats[]
}

/** The way from the kernel to the receivers. What flows while it is counted is `waiting`. */
export function stagesOf(parts: StageParts): StageReport[] {
  const {status, events, received, lanes} = parts
  const {drops, alerts, backlog, refusedAlerts, containers} = status
  const held =
    at(containers, 'held') -
    at(containers, 'answered') -
    at(containers, 'timeout') -
    at(containers, 'overflow')
  return [
    {
      stage: 'kernel',
      in: events.seen,
      out: events.passed,
      waiting: events.seen - events.passed - events.filtered - events.dropped,
      ended: {
        filtered: events.filtered,
        ring_full: at(drops, 'ring_full'),
        too_large: at(drops, 'too_large'),
      },
    },
    {
      stage: 'rings',
      in: events.passed,
      out: events.read,
      waiting: events.passed - events.read,
      ended: {},
    },
    {
      stage: 'engine',
      in: events.read,
      out: events.matched,
      waiting: held,
      ended: {unmatched: events.read - events.matched - held},
    },
    {
      stage: 'alerts',
      in: alerts,
      out: received,
      waiting: backlog,
      ended: {alert_backlog_full: refusedAlerts},
    },
    ...lanes.map(lane => ({
      stage: `output ${lane.sink}`,
      in: lane.recovered + lane.accepted + lane.refused,
      out: lane.delivered,
      waiting: lane.pending,
      ended: {
        refused: lane.refused,
        dead_lettered: lane.deadLettered,
        dropped: lane.dropped,
        abandoned: lane.abandoned,
        kept: lane.kept,
      },
    })),
  ]
}

/**
 * Where what one side counts and what the other side counts differ. Counters of the kernel are read while it counts, so that they
 * are held against one another only at the end.
 */
export function stageImbalances(parts: StageParts): Imbalance[] {
  const {status, received, dispatched, lanes} = parts
  const {alerts, backlog, refusedAlerts} = status
  return [
    ...unequal(
      'alerts',
      'received, of raised and sent',
      alerts - backlog - refusedAlerts,
      received,
    ),
    ...lanes.flatMap(lane => [
      ...unequal(
        lane.sink,
        'accepted + refused, of alerts',
        dispatched,
        lane.accepted + lane.refused,
      ),
      ...unequal(
        lane.sink,
        'delivered + dead letters + dropped + abandoned + kept + pending, of recovered + accepted',
        lane.recovered + lane.accepted,
        lane.delivered +
          lane.deadLettered +
          lane.dropped +
          lane.abandoned +
          lane.kept +
          lane.pending,
      ),
    ]),
  ]
}

/** The sum over all kinds. */
export function sumOfKinds(kinds: DetectionReport['kinds']): KindReport {
  const sum = (name: keyof KindReport): number =>
    Object.values(kinds).reduce((total, kind) => total + kind[name], 0)
  return {
    seen: sum('seen'),
    filtered: sum('filtered'),
    passed: sum('passed'),
    read: sum('read'),
    dropped: sum('dropped'),
    matched: sum('matched'),
    unreadable: sum('unreadable'),
    cut: sum('cut'),
  }
}

function at(counts: Readonly<Record<string, number>>, name: string): number {
  return counts[name] ?? 0
}
