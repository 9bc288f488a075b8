import type {RuleFile} from '../../compiler/rules/load.ts'
import type {ErrorCode} from '../../diagnostics/codes.ts'
import type {Alert} from '../../schema/alert.ts'
import type {RuleSetOptions} from '../rule-set.ts'

/** What the detection worker is started with. Plain data. */
export interface WorkerSetup {
  readonly files: readonly RuleFile[]
  readonly ruleOptions: RuleSetOptions
  readonly generation: number
  readonly matching: 'first' | 'all'
  readonly ringBytes: number
  readonly hostname: string
  readonly runId: string
  /** One 32-bit word: alerts that were sent and not yet taken. */
  readonly credit: SharedArrayBuffer
}

/** Messages to the worker. */
export type ToWorker =
  | {readonly type: 'rules'; readonly files: readonly RuleFile[]; readonly generation: number}
  | {readonly type: 'stop'}

/** Messages from the worker. */
export type FromWorker =
  | {
      readonly type: 'armed'
      readonly rules: number
      /** Kinds of record that are captured. */
      readonly kinds: readonly string[]
      /** Writing 8 bytes to it wakes the worker. */
      readonly wakeFd: number
      readonly hooks: readonly string[]
    }
  | {readonly type: 'alerts'; readonly alerts: readonly Alert[]}
  | {
      readonly type: 'rulesActive'
      readonly generation: number
      readonly rules: number
      readonly tookMs: number
    }
  | {readonly type: 'rulesRefused'; readonly generation: number; readonly error: WorkerError}
  | {readonly type: 'stopped'; readonly summary: DetectionSummary}
  | {readonly type: 'failed'; readonly error: WorkerError}

/** An error as it crosses threads. */
export interface WorkerError {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
  readonly stack: string | undefined
}

/** The fate of the events of one kind of record. */
export interface KindCounts {
  /** Calls that reached the kernel program. */
  readonly seen: number
  /** Records that left the kernel. */
  readonly passed: number
  /** Records that found the ring buffer full. */
  readonly dropped: number
  /** Events with at least one alert. */
  readonly matched: number
}

/** What a detection saw and missed. */
export interface DetectionSummary {
  readonly alerts: number
  readonly byRule: Readonly<Record<string, number>>
  readonly byPriority: Readonly<Record<string, number>>
  readonly byKind: Readonly<Record<string, KindCounts>>
  /** Reasons with their counts; `ring_full`, `alert_backlog_full`. */
  readonly drops: Readonly<Record<string, number>>
  /** 32-bit `socketcall`s, which are not looked at. */
  readonly socketcalls: number
  /** Threads given up because the table was full, and threads of which nothing was known. */
  readonly evictedThreads: number
  readonly unknownThreads: number
  readonly hooks: readonly string[]
  readonly rules: number
  readonly generation: number
}
