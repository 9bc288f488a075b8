import type {AffectedRules} from '../ledger/affected-rules.ts'
import type {Cause, MissGroup} from '../ledger/causes.ts'
import type {Imbalance} from '../ledger/imbalance.ts'

/** What the detector is doing. */
export type DetectorState =
  /** Not armed yet. */
  | 'starting'
  | 'watching'
  /** The detection thread ended and is being started anew. */
  | 'restarting'
  /** The detection thread is there and did not answer in time. */
  | 'not_answering'
  /** Nothing is watched any more; alerts are still delivered. */
  | 'stopping'

/**
 * What a running detector saw and missed: the JSON of `detector status --json`, and what metrics are made from. Names are
 * stable. Times are ISO 8601 in UTC; counts are since the start of the detection thread, except those of `missed`, `outputs` and
 * `restarts`, which are since the start of the detector.
 */
export interface StatusReport {
  readonly version: 1
  readonly detector: string
  readonly state: DetectorState
  readonly pid: number
  readonly hostname: string
  readonly kernel: string
  readonly started: string
  /** When detection could be relied on first; null before. */
  readonly armed: string | null
  readonly uptime_ms: number
  readonly rules: number
  readonly generation: number
  readonly restarts: number
  readonly blind_ms: number
  /** Null until the detection thread has answered once; `as_of` says when it last did. */
  readonly detection: DetectionReport | null
  /** The way of events and alerts, stage by stage: `in` = `out` + `waiting` + the sum of `ended`. */
  readonly stages: readonly StageReport[]
  /** Counts of neighbouring stages that should be equal and are not. */
  readonly imbalances: readonly Imbalance[]
  readonly missed: MissedReport
  readonly outputs: readonly OutputReport[]
  readonly process: {
    readonly rss_bytes: number
    readonly heap_bytes: number
    readonly cpu_user_ms: number
    readonly cpu_system_ms: number
  }
}

/** What the detection thread says. */
export interface DetectionReport {
  readonly as_of: string
  readonly kernel_filter: boolean
  readonly hooks: readonly string[]
  readonly kinds: Readonly<Record<string, KindReport>>
  readonly events: KindReport
  /** Of the calls that were seen, those that left the kernel: 0 to 1; null when none was seen. */
  readonly passed_share: number | null
  readonly lanes: {readonly state: LaneReport; readonly bulk: LaneReport}
  readonly alerts: {
    readonly raised: number
    readonly by_priority: Readonly<Record<string, number>>
    readonly by_rule: Readonly<Record<string, number>>
  }
  readonly threads: {
    readonly known: number
    readonly unknown: number
    readonly evicted: number
    readonly mended: number
  }
  /** False between losses in the life of processes and their mending. */
  readonly state_whole: boolean
  readonly containers: Readonly<Record<string, number>>
  readonly socketcalls: number
}

/** The fate of one kind of record. */
export interface KindReport {
  readonly seen: number
  readonly filtered: number
  readonly passed: number
  readonly read: number
  readonly dropped: number
  readonly matched: number
  readonly unreadable: number
  readonly cut: number
}

/** How full a ring buffer is. */
export interface LaneReport {
  readonly bytes: number
  readonly size_bytes: number
  /** 0 to 1. */
  readonly share: number
}

/** One stage of the way. */
export interface StageReport {
  readonly stage: string
  readonly in: number
  readonly out: number
  readonly waiting: number
  /** What went no further, by reason. */
  readonly ended: Readonly<Record<string, number>>
}

/** The ledger of what was missed. */
export interface MissedReport {
  /** Complete, one for each cause that occurred. */
  readonly totals: readonly MissTotalReport[]
  /** The newest entries, oldest first. */
  readonly entries: readonly MissEntryReport[]
  /** Entries given up for newer ones; they count in the totals. */
  readonly forgotten_entries: number
}

/** What every line of the ledger says. */
interface MissReport {
  readonly cause: Cause
  readonly group: MissGroup
  /** What `count` counts. */
  readonly unit: string
  readonly count: number
  readonly first: string
  readonly last: string
  readonly duration_ms: number
  /** Some of the rules affected, and how many there are. */
  readonly rules: AffectedRules['rules']
  readonly rules_total: number
}

/** Everything of one cause. */
export interface MissTotalReport extends MissReport {
  readonly by_kind: Readonly<Record<string, number>>
  /** By field or output, the first 64 of them. */
  readonly by_detail: Readonly<Record<string, number>>
  /** Intervals that are not over. */
  readonly open: number
}

/** What was missed for one cause, in one place, over some time. */
export interface MissEntryReport extends MissReport {
  readonly kind: string | null
  readonly detail: string | null
  readonly open: boolean
  readonly generation: number
}

/** One output. */
export interface OutputReport {
  readonly sink: string
  /** Left by an earlier run, or put back in line from the dead letters. */
  readonly recovered: number
  readonly accepted: number
  readonly refused: number
  readonly delivered: number
  readonly dead_lettered: number
  readonly dropped: number
  readonly abandoned: number
  /** On disk for the next start. */
  readonly kept: number
  readonly pending: number
  readonly failures: number
  readonly last_error: string | null
}
