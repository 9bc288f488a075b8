import {laneOf} from '../../compiler/bpf/lane.ts'
import {CAPTURES} from '../../schema/capture-table.ts'
import type {MissCounters} from '../ledger/miss-watch.ts'
import type {DetectionStatus} from './protocol.ts'
import {type SummaryParts, summarize} from './summarize.ts'

/** What the ledger is told of, beside what a summary is made of. */
export interface MissParts extends Omit<SummaryParts, 'recording' | 'hooks' | 'rules'> {
  /** Times that all descriptors were doubted. */
  readonly doubted: number
}

/** The counters of everything that was missed. */
export function missCountersOf(parts: MissParts): MissCounters {
  const {counts, state, containers} = parts
  return {
    kinds: counts,
    socketcalls: parts.socketcalls,
    refusedAlerts: parts.refusedAlerts,
    evictedThreads: state.table.evicted,
    unknownThreads: state.unknownThreads,
    mendedThreads: parts.mended,
    doubtedDescriptors: parts.doubted,
    containerUnknown: (containers['timeout'] ?? 0) + (containers['overflow'] ?? 0),
    stateLost: lostOfState(counts),
  }
}

/** Records of the state's lane that were lost. */
function lostOfState(counts: SummaryParts['counts']): number {
  let lost = 0
  for (const [index, {full, tooLarge}] of counts)
    if (laneOf(CAPTURES[index]!) === 'state') lost += full + tooLarge
  return lost
}

/** What a status is made of, beside the parts of a summary. */
export interface StatusParts extends SummaryParts {
  readonly lanes: DetectionStatus['lanes']
  readonly backlog: number
  readonly stateWhole: boolean
  readonly kernelFilter: boolean
}

/** What a running detection has seen and missed. */
export function detectionStatus(parts: StatusParts): DetectionStatus {
  const {lanes, backlog, stateWhole, kernelFilter, refusedAlerts, state} = parts
  // Nothing to hold against one another while records are under way.
  const {imbalances: _open, recording: _none, ...summary} = summarize(parts)
  return {
    ...summary,
    lanes,
    backlog,
    refusedAlerts,
    threads: state.table.size,
    stateWhole,
    kernelFilter,
  }
}
