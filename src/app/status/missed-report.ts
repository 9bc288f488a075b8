import {CAUSES} from '../ledger/causes.ts'
import type {CauseTotal, LedgerEntry, LedgerView} from '../ledger/ledger.ts'
import type {MissedReport} from './status-report.ts'

/** The ledger as it is printed. */
export function missedReport({totals, entries, forgotten}: LedgerView): MissedReport {
  return {
    totals: totals.map(total => ({
      ...common(total),
      by_kind: total.byKind,
      by_detail: total.byDetail,
      open: total.open,
    })),
    entries: entries.map(entry => ({
      ...common(entry),
      kind: entry.kind ?? null,
      detail: entry.detail ?? null,
      open: entry.open,
      generation: entry.generation,
    })),
    forgotten_entries: forgotten,
  }
}

function common(miss: CauseTotal | LedgerEntry) {
  const {cause, count, firstMs, lastMs, durationMs, affected} = miss
  const {group, unit} = CAUSES[cause]
  return {
    cause,
    group,
    unit,
    count,
    first: new Date(firstMs).toISOString(),
    last: new Date(lastMs).toISOString(),
    duration_ms: Math.round(durationMs),
    rules: affected.rules,
    rules_total: affected.total,
  }
}
