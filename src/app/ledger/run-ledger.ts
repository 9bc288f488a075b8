import type {QueueStats} from '../../outputs/queue.ts'
import {liveGapsOf} from '../rules/live-coverage.ts'
import type {RuleSet} from '../rules/rule-set.ts'
import {type AffectedRules, affectedRules, changedRules, NO_RULES} from './affected-rules.ts'
import type {Cause} from './causes.ts'
import {createLedger, type LedgerChange, type LedgerOptions, type LedgerView} from './ledger.ts'

/** Fields that are written down one by one; a rule set that asks for more has the rest in one entry. */
const MAX_GAPS = 32

/** Settings of {@link createRunLedger}. */
export interface RunLedgerOptions extends LedgerOptions {
  /** When the process began, in milliseconds since the epoch. */
  readonly startedMs: number
  readonly nowMs: () => number
}

/** What the ledger looks at of a rule set. */
type RulesOfSet = Pick<RuleSet, 'rules'>

/** The ledger of one run of the detector: what the detection thread tells, and what only the main thread can know. */
export interface RunLedger {
  /** What the detection thread tells. */
  take(changes: readonly LedgerChange[]): void
  /** Detection can be relied on, for the first time or again, with these rules. */
  armed(rules: RulesOfSet, generation: number): void
  /** Changed files were noticed at this time; the rules that differ are not in force yet. */
  reloadBegins(rules: RulesOfSet, noticedMs: number, generation: number): void
  reloaded(rules: RulesOfSet, generation: number): void
  /** Changed files were refused; those of before stay in force until the next that are not. */
  reloadRefused(generation: number): void
  /** The detection thread ended on its own. */
  restartBegins(generation: number): void
  /** Looks at what became of alerts at the outputs. */
  outputs(stats: QueueStats, generation: number): void
  /** Alerts that were given up at the very end, beyond what was told so far. */
  alertsRefused(total: number, generation: number): void
  view(): LedgerView
}

/** Opens the ledger with the interval of the start. */
export function createRunLedger({startedMs, nowMs, ...options}: RunLedgerOptions): RunLedger {
  const ledger = createLedger(options)
  const told = new Map<string, number>()
  let inForce: RulesOfSet = {rules: []}
  let gaps = new Set<string>()
  let hasStarted = false

  const all = (): AffectedRules => affectedRules(inForce.rules.map(({name}) => name))

  const add = (cause: Cause, count: number, generation: number, detail?: string): void => {
    if (count <= 0) return
    const affected = all()
    ledger.take({change: 'add', cause, detail, count, atMs: nowMs(), generation, affected})
  }

  const begin = (cause: Cause, atMs: number, generation: number, affected: AffectedRules): void =>
    ledger.take({change: 'begin', cause, count: 1, atMs, generation, affected})

  const end = (cause: Cause): void => ledger.take({change: 'end', cause, atMs: nowMs()})

  const since = (key: string, value: number): number => {
    const more = value - (told.get(key) ?? 0)
    told.set(key, value)
    return more
  }

  /** Writes down what live detection cannot serve of the rules in force, and ends what it could not of those of before. */
  const tellGaps = (set: RulesOfSet, generation: number): void => {
    const next = new Set<string>()
    const open = (cause: Cause, detail: string | undefined, names: readonly string[]): void => {
      next.add(JSON.stringify([cause, detail]))
      if (gaps.has(JSON.stringify([cause, detail]))) return
      ledger.take({
        change: 'begin',
        cause,
        detail,
        count: 1,
        atMs: nowMs(),
        generation,
        affected: affectedRules(names),
      })
    }
    const {fields, uncaptured} = liveGapsOf(set)
    for (const [field, names] of [...fields].slice(0, MAX_GAPS))
      open('unfilled_field', field, names)
    const rest = [...fields].slice(MAX_GAPS)
    if (rest.length > 0)
      open('unfilled_field', undefined, [...new Set(rest.flatMap(([, names]) => names))])
    if (uncaptured.length > 0) open('uncaptured_events', undefined, uncaptured)
    for (const key of gaps) {
      if (next.has(key)) continue
      const [cause, detail] = JSON.parse(key) as [Cause, string | null]
      ledger.take({change: 'end', cause, detail: detail ?? undefined, atMs: nowMs()})
    }
    gaps = next
  }

  const inForceNow = (rules: RulesOfSet, generation: number): void => {
    inForce = rules
    tellGaps(rules, generation)
  }

  begin('start', startedMs, 1, NO_RULES)
  return {
    take(changes) {
      for (const change of changes) ledger.take(change)
    },
    armed(rules, generation) {
      inForceNow(rules, generation)
      if (hasStarted) return end('restart')
      hasStarted = true
      // The rules of the start are known only now: a beginning of the same interval adds them.
      const affected = all()
      const atMs = nowMs()
      ledger.take({change: 'begin', cause: 'start', count: 0, atMs, generation, affected})
      end('start')
    },
    reloadBegins({rules}, noticedMs, generation) {
      const names = changedRules(inForce.rules, rules)
      begin('reload', noticedMs, generation, affectedRules(names))
    },
    reloaded(rules, generation) {
      inForceNow(rules, generation)
      end('reload')
      end('rules_refused')
    },
    reloadRefused(generation) {
      end('reload')
      begin('rules_refused', nowMs(), generation, all())
    },
    restartBegins(generation) {
      ledger.endAll(['state_incomplete'], nowMs())
      add('worker_ended', 1, generation)
      begin('restart', nowMs(), generation, all())
    },
    outputs(stats, generation) {
      for (const {sink, refused, dropped, deadLettered, abandoned} of stats.lanes) {
        add('output_refused', since(`refused ${sink}`, refused), generation, sink)
        add('output_dropped', since(`dropped ${sink}`, dropped), generation, sink)
        add('output_dead_lettered', since(`dead ${sink}`, deadLettered), generation, sink)
        add('output_abandoned', since(`abandoned ${sink}`, abandoned), generation, sink)
      }
    },
    alertsRefused(total, generation) {
      const known = ledger.view(nowMs()).totals.find(({cause}) => cause === 'alert_backlog_full')
      add('alert_backlog_full', total - (known?.count ?? 0), generation)
    },
    view: () => ledger.view(nowMs()),
  }
}
