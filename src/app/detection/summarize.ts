import {CAPTURES} from '../../schema/capture-table.ts'
import type {HostState} from '../../state/host-state.ts'
import {imbalancesOf} from '../ledger/imbalance.ts'
import type {KernelCounts} from './kernel-side.ts'
import type {DetectionSummary, KindCounts} from './protocol.ts'
import type {RecordingSummary} from './recording.ts'
import type {AlertTally} from './tally.ts'

/** What a summary is made of. */
export interface SummaryParts {
  readonly counts: ReadonlyMap<number, KernelCounts>
  readonly socketcalls: number
  readonly tally: AlertTally
  readonly state: HostState
  /** Threads that were found changed or gone after losses. */
  readonly mended: number
  readonly refusedAlerts: number
  readonly containers: Readonly<Record<string, number>>
  readonly recording: RecordingSummary | undefined
  readonly hooks: readonly string[]
  readonly rules: number
  readonly generation: number
  readonly probes?: DetectionSummary['probes']
}

/** What a detection saw and missed. */
export function summarize(parts: SummaryParts): DetectionSummary {
  const {counts, tally, state} = parts
  const byKind: Record<string, KindCounts> = {}
  let [full, tooLarge] = [0, 0]
  for (const [index, one] of counts) {
    full += one.full
    tooLarge += one.tooLarge
    byKind[CAPTURES[index]!.kind] = {
      seen: one.seen,
      passed: one.passed,
      read: tally.reads[index]!,
      dropped: one.full + one.tooLarge,
      filtered: one.filtered,
      matched: tally.matches[index]!,
      unreadable: one.fault,
      cut: one.cut,
    }
  }
  return {
    alerts: tally.alerts,
    byRule: Object.fromEntries(tally.byRule),
    byPriority: Object.fromEntries(tally.byPriority),
    byKind,
    drops: {ring_full: full, too_large: tooLarge, alert_backlog_full: parts.refusedAlerts},
    socketcalls: parts.socketcalls,
    evictedThreads: state.table.evicted,
    unknownThreads: state.unknownThreads,
    mendedThreads: parts.mended,
    containers: parts.containers,
    recording: parts.recording,
    probes: parts.probes,
    hooks: parts.hooks,
    rules: parts.rules,
    generation: parts.generation,
    imbalances: imbalancesOf(byKind),
  }
}
