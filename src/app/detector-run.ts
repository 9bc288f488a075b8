import type {Log} from '../diagnostics/log.ts'
import type {AlertQueue, QueueStats} from '../outputs/queue.ts'
import type {Sink} from '../outputs/sink.ts'
import type {ContainersConfig, ProbeConfig} from '../schema/config/config.ts'
import type {ArmedDetection, Detection, DetectionSetup} from './detection/detection.ts'
import type {DetectionSummary, WorkerSetup} from './detection/protocol.ts'
import type {LedgerView} from './ledger/ledger.ts'
import type {OperationSettings} from './operation.ts'
import type {RuleSetOptions} from './rules/rule-set.ts'
import type {StatusReport} from './status/status-report.ts'

/** Everything that a run is made of, decided. */
export interface DetectorSettings {
  readonly rulePaths: readonly string[]
  readonly ruleOptions: RuleSetOptions
  readonly matching: 'first' | 'all'
  readonly rings: DetectionSetup['rings']
  readonly hooks: DetectionSetup['hooks']
  readonly entryCopies: boolean
  readonly kernelFilter: boolean
  readonly drops: WorkerSetup['drops']
  readonly containers: ContainersConfig
  /** Programs of the user's own that report events. Left out: none. */
  readonly probes?: readonly ProbeConfig[]
  /** Every event that is captured is written to this capture too. */
  readonly recordPath: string | undefined
  readonly hostname: string
  readonly sinks: readonly Sink[]
  /** Opens the queue before the sinks, which owns them then. Default: one in memory. */
  readonly openQueue?: (sinks: readonly Sink[], log: Log) => Promise<AlertQueue>
  /** How long the end waits for outputs to take what is left. Default 10 seconds. */
  readonly drainMs?: number
  /** How others can ask about the run; left out: they cannot. */
  readonly operation?: OperationSettings
  readonly log: Log
  /** Starts the detection worker; tests pass in their own. */
  readonly startDetection?: typeof Detection.start
}

/** What a whole run saw and missed; intervals of restarted detection are added up. */
export interface RunSummary {
  readonly durationMs: number
  readonly detection: DetectionSummary
  readonly queue: QueueStats
  /** Times that the detection thread was started anew, and how long nothing was watched. */
  readonly restarts: number
  readonly blindMs: number
  /** What was missed, and whom it concerns. */
  readonly missed: LedgerView
}

/** A running detector. */
export interface RunningDetector {
  readonly armed: ArmedDetection
  /** Looks at the rule files now. */
  reload(): Promise<void>
  /** Lets outputs open their files again. */
  reopen(): Promise<void>
  /** What was seen and missed up to now. Answers within about two seconds, whatever detection does. */
  status(): Promise<StatusReport>
  /** Detaches, delivers what is left, and tells what happened. */
  stop(): Promise<RunSummary>
  /** Settles (rejects) only when detection broke down for good. */
  readonly broken: Promise<never>
}
