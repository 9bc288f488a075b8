import {laneOf} from '../../../compiler/bpf/lane.ts'
import type {Alert} from '../../../schema/alert.ts'
import {CAPTURES} from '../../../schema/capture-table.ts'
import type {HostState} from '../../../state/host-state.ts'
import type {RulesAsking} from '../../ledger/affected-rules.ts'
import {MissWatch} from '../../ledger/miss-watch.ts'
import {missCountersOf} from '../live-status.ts'
import type {FromWorker, WorkerSetup} from '../protocol.ts'
import type {SummaryParts} from '../summarize.ts'
import {DROP_RULE, DropWatch} from './drop-watch.ts'
import {FilterRate} from './filter-rate.ts'

/** What {@link LossWatch} works with. */
export interface LossOptions {
  readonly setup: Pick<WorkerSetup, 'drops' | 'filterRate' | 'runId' | 'hostname'>
  readonly state: HostState
  readonly send: (message: FromWorker) => void
  /** What was counted up to now, losses that were mended left out. */
  readonly parts: () => Omit<SummaryParts, 'mended'>
  /** Takes the alert about lost events. */
  readonly onAlert: (alert: Alert) => void
}

/** Looks at what was lost: tells of it, and says when the state may lack it. */
export class LossWatch {
  readonly #options: LossOptions
  readonly #drops: DropWatch
  readonly #misses: MissWatch
  readonly #filterRate: FilterRate
  /** Records of the state lane that were lost and whose effects were not looked for yet. */
  #unmended = 0
  #stateLost = 0
  /** Records of descriptors that were lost in the bulk lane. */
  #descriptorsLost = 0
  /** Threads that were found changed or gone after losses. */
  #mended = 0
  /** Times that all descriptors were doubted. */
  #doubted = 0

  constructor(options: LossOptions) {
    const {setup, send} = options
    this.#options = options
    this.#drops = new DropWatch(setup.drops, performance.now())
    this.#misses = new MissWatch(changes => send({type: 'missed', changes}))
    this.#filterRate = new FilterRate(setup.filterRate)
  }

  /** Whether all that was lost of the state was looked for. */
  get isStateWhole(): boolean {
    return this.#unmended === 0
  }

  /** These rules are the ones that losses concern from now on. */
  setRules(asking: RulesAsking): void {
    this.#misses.setRules(asking)
  }

  /** Looks at the counters. */
  look(nowMs: number): void {
    const {state} = this.#options
    let [seen, full, tooLarge, filtered, stateLost, descriptorsLost] = [0, 0, 0, 0, 0, 0]
    const parts = this.parts()
    for (const [index, counts] of parts.counts) {
      seen += counts.seen
      full += counts.full
      tooLarge += counts.tooLarge
      filtered += counts.filtered
      const capture = CAPTURES[index]!
      if (laneOf(capture) === 'state') stateLost += counts.full + counts.tooLarge
      else if (capture.state === 'fds') descriptorsLost += counts.full + counts.tooLarge
    }
    if (stateLost > this.#stateLost || descriptorsLost > this.#descriptorsLost)
      this.#doubtDescriptors(state)
    this.#unmended += stateLost - this.#stateLost
    this.#filterRate.look(filtered, nowMs)
    this.#stateLost = stateLost
    this.#descriptorsLost = descriptorsLost
    this.tellMisses(parts)
    const lost = {ring_full: full, too_large: tooLarge, alert_backlog_full: parts.refusedAlerts}
    this.#report({seen, lost}, nowMs, parts.generation)
  }

  /** The state was read again: `changed` threads were gone or different. */
  mended(changed: number): void {
    this.#mended += changed
    this.#doubtDescriptors(this.#options.state)
    this.#unmended = 0
    this.#misses.mended(Date.now())
  }

  /** What was counted up to now. */
  parts(): SummaryParts {
    return {...this.#options.parts(), mended: this.#mended}
  }

  /** Tells of what is new in the counters. */
  tellMisses(parts: SummaryParts): void {
    const counters = missCountersOf({...parts, doubted: this.#doubted})
    this.#misses.look(counters, {atMs: Date.now(), generation: parts.generation})
  }

  #doubtDescriptors(state: HostState): void {
    state.doubtDescriptors()
    this.#doubted++
  }

  #report(totals: Parameters<DropWatch['check']>[0], nowMs: number, generation: number): void {
    const report = this.#drops.check(totals, nowMs)
    if (report === undefined) return
    const {setup, send, onAlert} = this.#options
    const {actions} = setup.drops
    if (actions.includes('log')) send({type: 'log', level: 'warning', text: report.text})
    if (!actions.includes('alert')) return
    onAlert({
      id: `${setup.runId}-drops-${Math.round(nowMs)}`,
      timeNs: BigInt(Date.now()) * 1_000_000n,
      hostname: setup.hostname,
      rule: DROP_RULE,
      priority: 'Warning',
      source: 'internal',
      tags: [],
      message: report.text,
      fields: report.fields,
      generation,
    })
  }
}
