import type {Alert} from '../../schema/alert.ts'
import {CAPTURES} from '../../schema/capture-table.ts'

/** Counts what came and what was raised. */
export class AlertTally {
  /** By kind of record: those that were read, and those with at least one alert. */
  readonly reads: number[] = CAPTURES.map(() => 0)
  readonly matches: number[] = CAPTURES.map(() => 0)
  readonly byRule = new Map<string, number>()
  readonly byPriority = new Map<string, number>()
  alerts = 0

  read(kindIndex: number): void {
    this.reads[kindIndex]!++
  }

  matched(kindIndex: number): void {
    this.matches[kindIndex]!++
  }

  alert({rule, priority}: Alert): void {
    this.alerts++
    this.byRule.set(rule, (this.byRule.get(rule) ?? 0) + 1)
    this.byPriority.set(priority, (this.byPriority.get(priority) ?? 0) + 1)
  }
}
