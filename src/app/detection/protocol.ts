import type {HookChoice} from '../../compiler/bpf/hook-plan.ts'
import type {RingSizes} from '../../compiler/bpf/lane.ts'
import type {RuleFile} from '../../compiler/rules/load.ts'
import type {ErrorCode} from '../../diagnostics/codes.ts'
import type {LogLevel} from '../../diagnostics/log.ts'
import type {Alert} from '../../schema/alert.ts'
import type {ByteString} from '../../schema/bytes.ts'
import type {DropOptions} from '../../schema/config.ts'
import type {ContainerInfo} from '../../state/containers/container-info.ts'
import type {ContainerRequest} from '../../state/containers/container-table.ts'
import type {AddressName} from '../../state/domain-names.ts'
import type {RuleSetOptions} from '../rule-set.ts'
import type {RecordingSummary} from './recording.ts'

/** What the detection worker is started with. Plain data. */
export interface WorkerSetup {
  readonly files: readonly RuleFile[]
  readonly ruleOptions: RuleSetOptions
  readonly generation: number
  readonly matching: 'first' | 'all'
  readonly rings: RingSizes
  readonly hooks: HookChoice
  /** Copy paths and addresses when calls begin. */
  readonly entryCopies: boolean
  /** Leave events in the kernel that no rule can match. */
  readonly kernelFilter: boolean
  readonly drops: DropOptions
  /** Longest time that events of a container wait until it is known, in milliseconds; undefined: nobody is asked. */
  readonly containerWaitMs: number | undefined
  /** Events are written to this capture: `captured`: all; `matching`: those that match a rule, which raise no alerts then. */
  readonly record: {readonly path: string; readonly events: 'captured' | 'matching'} | undefined
  readonly hostname: string
  readonly runId: string
  /** One 32-bit word: alerts that were sent and not yet taken. */
  readonly credit: SharedArrayBuffer
}

/** Messages to the worker. */
export type ToWorker =
  | {readonly type: 'rules'; readonly files: readonly RuleFile[]; readonly generation: number}
  | {
      readonly type: 'container'
      readonly id: ByteString
      readonly info: ContainerInfo | undefined
    }
  /** The addresses of the domain names that were asked for. */
  | {readonly type: 'addresses'; readonly entries: readonly AddressName[]}
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
  readonly hooks: readonly string[]
  readonly rules: number
  readonly generation: number
}
