import type {ProgramImage} from '../../bpf/program-image.ts'
import type {CapturePlan} from '../../compiler/bpf/capture-plan.ts'
import type {ErrorCode} from '../../diagnostics/codes.ts'
import type {LogLevel} from '../../diagnostics/log.ts'
import type {Alert} from '../../schema/alert.ts'
import type {ByteString} from '../../schema/bytes.ts'
import type {DropOptions} from '../../schema/config/config.ts'
import type {ProbeCounts, ProbeImage} from '../../sensor/probes/probe.ts'
import type {ContainerInfo} from '../../state/containers/container-info.ts'
import type {ContainerRequest} from '../../state/containers/container-table.ts'
import type {AddressName} from '../../state/domain-names.ts'
import type {Imbalance} from '../ledger/imbalance.ts'
import type {LedgerChange} from '../ledger/ledger.ts'
import type {KernelChoice} from './kernel-side.ts'
import type {RecordingSummary} from './recording.ts'
import type {RuleTransfer} from './rules/rule-transfer.ts'

/** What the detection worker is started with. Plain data. */
export interface WorkerSetup {
  readonly rules: RuleTransfer
  readonly kernel: KernelChoice
  readonly generation: number
  readonly matching: 'first' | 'all'
  /** Leave events in the kernel that no rule can match. */
  readonly kernelFilter: boolean
  readonly drops: DropOptions
  /** Longest time that events of a container wait until it is known, in milliseconds; undefined: nobody is asked. */
  readonly containerWaitMs: number | undefined
  /** Events are written to this capture: `captured`: all; `matching`: those that match a rule, which raise no alerts then. */
  readonly record: {readonly path: string; readonly events: 'captured' | 'matching'} | undefined
  /** Programs of the user's own that report events. Left out: none. */
  readonly probes?: readonly ProbeImage[]
  readonly hostname: string
  readonly runId: string
  /** One 32-bit word: alerts that were sent and not yet taken. */
  readonly credit: SharedArrayBuffer
  /** One 32-bit word: records that filters keep in the kernel, by the second. */
  readonly filterRate: SharedArrayBuffer
}

/** Messages to the worker. */
export type ToWorker =
  | {
      readonly type: 'rules'
      readonly rules: RuleTransfer
      readonly generation: number
      /** Replace those before; left out: these stay. */
      readonly probes?: readonly ProbeImage[]
      /** See `monotonicMs`. */
      readonly sentAtMs: number
    }
  /** What follows rules that came into force without their filters. */
  | {
      readonly type: 'refinement'
      readonly plan: CapturePlan
      /** Programs that take the places of stand-ins. */
      readonly better: readonly ProgramImage[]
      /** Places that need no program. */
      readonly needless: readonly string[]
    }
  | {
      readonly type: 'container'
      readonly id: ByteString
      readonly info: ContainerInfo | undefined
    }
  /** The addresses of the domain names that were asked for. */
  | {readonly type: 'addresses'; readonly entries: readonly AddressName[]}
  /** The answer is a `status` message. */
  | {readonly type: 'status'}
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
      /** Why these hooks. */
      readonly hookReason: string
      /** How the processes of the start were found. */
      readonly startScan: string
    }
  | {readonly type: 'alerts'; readonly alerts: readonly Alert[]}
  /** Somebody is asked what this container is. */
  | {readonly type: 'container'; readonly request: ContainerRequest}
  /** The domain names that the rules compare addresses with. */
  | {readonly type: 'names'; readonly names: readonly ByteString[]}
  | {readonly type: 'log'; readonly level: LogLevel; readonly text: string}
  | {
      readonly type: 'rulesActive'
      readonly generation: number
      readonly rules: number
      readonly times: ThreadTimes
    }
  | {readonly type: 'rulesRefused'; readonly generation: number; readonly error: WorkerError}
  /** What was missed since the last such message. */
  | {readonly type: 'missed'; readonly changes: readonly LedgerChange[]}
  /** All alerts that it counts as sent stand ahead of it. */
  | {readonly type: 'status'; readonly status: DetectionStatus}
  | {readonly type: 'stopped'; readonly summary: DetectionSummary}
  | {readonly type: 'failed'; readonly error: WorkerError}

/** What a reload takes on the detection thread, in its order, in milliseconds. */
export interface ThreadTimes {
  /** From the sending of the rules until the thread took them up. */
  readonly crossMs: number
  readonly unpackMs: number
  /** Programs that are new to the kernel. */
  readonly loadMs: number
  readonly loaded: number
  /** Filling the other half, new hooks, the store that puts it in force. */
  readonly switchMs: number
  /** When it was in force: see `monotonicMs`. */
  readonly activeAtMs: number
  /** All that followed: old programs and hooks (the wait for the CPUs is 12 ms of it), matchers and outputs, the state. */
  readonly afterMs: number
  /** Of that, matchers and outputs. */
  readonly engineMs: number
}

/** An error as it crosses threads. */
export interface WorkerError {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
  /** What the kernel wrote about a program that it refused. */
  readonly kernelLog?: string
  readonly stack: string | undefined
}

/** The fate of the events of one kind of record. */
export interface KindCounts {
  /** Calls that reached the kernel program. */
  readonly seen: number
  /** Records that left the kernel, and those of them that were read: while it runs, some wait. */
  readonly passed: number
  readonly read: number
  /** Records that found the ring buffer full. */
  readonly dropped: number
  /** Records that stayed in the kernel because no rule can match them. */
  readonly filtered: number
  /** Events with at least one alert. */
  readonly matched: number
  /** Records with a value that could not be read, and with one that is longer than what was kept. */
  readonly unreadable: number
  readonly cut: number
}

/** What a detection saw and missed. */
export interface DetectionSummary {
  readonly alerts: number
  readonly byRule: Readonly<Record<string, number>>
  readonly byPriority: Readonly<Record<string, number>>
  readonly byKind: Readonly<Record<string, KindCounts>>
  /** Reasons with their counts: `ring_full`, `too_large`, `alert_backlog_full`. */
  readonly drops: Readonly<Record<string, number>>
  /** 32-bit `socketcall`s, which are not looked at. */
  readonly socketcalls: number
  /** Threads given up because the table was full, and threads of which nothing was known. */
  readonly evictedThreads: number
  readonly unknownThreads: number
  /** Threads that were found changed or gone when the host was read again after losses. */
  readonly mendedThreads: number
  /** Containers seen, and events that waited for what they are. */
  readonly containers: Readonly<Record<string, number>>
  readonly recording: RecordingSummary | undefined
  /** The fate of the records of probes, by probe; undefined without probes. */
  readonly probes?: Readonly<Record<string, ProbeCounts>> | undefined
  readonly hooks: readonly string[]
  readonly rules: number
  readonly generation: number
  /** Counts that should be equal and are not: none, or there is a mistake in the counting. Only of what has ended. */
  readonly imbalances: readonly Imbalance[]
}

/** What waits in a ring buffer. */
export interface LaneFill {
  readonly bytes: number
  readonly sizeBytes: number
}

/** What a running detection has seen and missed up to now. */
export interface DetectionStatus extends Omit<DetectionSummary, 'recording' | 'imbalances'> {
  readonly lanes: {readonly state: LaneFill; readonly bulk: LaneFill}
  /** Alerts that were raised and not sent yet. */
  readonly backlog: number
  readonly refusedAlerts: number
  /** Threads that are known. */
  readonly threads: number
  /** Whether the state is whole: false between losses and their mending. */
  readonly stateWhole: boolean
  readonly kernelFilter: boolean
}
