import type {AlertValue} from '../../../schema/alert.ts'
import type {DropOptions} from '../../../schema/config/config.ts'

/** Counts since the start. */
export interface DropTotals {
  /** Calls that reached the kernel programs. */
  readonly seen: number
  /** Events lost, by reason. */
  readonly lost: Readonly<Record<string, number>>
}

/** What was lost since the last look. */
export interface DropReport {
  readonly text: string
  readonly fields: readonly (readonly [string, AlertValue])[]
}

/** Name of the rule that alerts about lost events carry. */
export const DROP_RULE = 'Detector internal: events dropped'

/** Watches the counters of lost events, and says when it is time to tell somebody. */
export class DropWatch {
  readonly #policy: DropOptions
  #last: DropTotals = {seen: 0, lost: {}}
  #tokens: number
  #lastMs: number
  /** Losses that were not told because the rate was used up. */
  #untold: Record<string, number> = {}

  constructor(policy: DropOptions, nowMs: number) {
    this.#policy = policy
    this.#tokens = policy.maxBurst
    this.#lastMs = nowMs
  }

  /** Looks at the totals; a report when events were lost, they are enough, and the rate allows it. */
  check(totals: DropTotals, nowMs: number): DropReport | undefined {
    const {threshold, rate, maxBurst} = this.#policy
    const seen = totals.seen - this.#last.seen
    let lost = 0
    for (const [reason, count] of Object.entries(totals.lost)) {
      const more = count - (this.#last.lost[reason] ?? 0)
      if (more <= 0) continue
      lost += more
      this.#untold[reason] = (this.#untold[reason] ?? 0) + more
    }
    this.#last = totals
    this.#tokens = Math.min(maxBurst, this.#tokens + ((nowMs - this.#lastMs) / 1000) * rate)
    this.#lastMs = nowMs
    if (lost === 0 || lost < threshold * Math.max(seen, lost) || this.#tokens < 1) return undefined
    this.#tokens--
    const untold = Object.entries(this.#untold)
    this.#untold = {}
    return report(untold, seen)
  }
}

function report(lost: readonly (readonly [string, number])[], seen: number): DropReport {
  const total = lost.reduce((sum, [, count]) => sum + count, 0)
  const reasons = lost.map(([reason, count]) => `${reason} ${count}`).join(', ')
  return {
    text: `${total} events were lost (${reasons}); ${seen} calls were seen in the last second`,
    fields: [
      ['n_drops', total],
      ['n_evts', seen],
      ...lost.map(([name, n]) => [`n_drops_${name}`, n] as const),
    ],
  }
}
