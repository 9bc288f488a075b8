import type {LaneStats, QueueStats} from '../../src/outputs/queue.ts'

/** A lane of a sink called `hook` that did nothing but what is given. */
export function mkLane(counts: Partial<LaneStats> = {}): LaneStats {
  return {
    sink: 'hook',
    recovered: 0,
    accepted: 0,
    refused: 0,
    delivered: 0,
    deadLettered: 0,
    dropped: 0,
    abandoned: 0,
    kept: 0,
    pending: 0,
    failures: 0,
    lastError: undefined,
    circuit: 'closed',
    lastDeliveryMs: undefined,
    deadLetters: [],
    ...counts,
  }
}

/** The counts of a queue in memory with at most one lane. */
export function mkQueueStats(lane?: LaneStats): QueueStats {
  const dropped = {noRoom: 0, damaged: 0, purged: 0, oldDeadLetters: 0}
  const bounds = {alerts: 0, bytes: 0, maxBytes: 1, saved: 0, atRisk: 0, dropped}
  return {
    ...mkLane(lane),
    lanes: lane === undefined ? [] : [lane],
    storage: {engine: 'memory', path: undefined, ...bounds},
  }
}
