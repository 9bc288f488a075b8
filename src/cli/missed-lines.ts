import {CAUSES} from '../app/ledger/causes.ts'
import type {MissTotalReport} from '../app/status/status-report.ts'
import {durationText, numberText} from './quantity-text.ts'

/** Kinds of record, or details, that one line names. */
const MAX_PARTS = 5
/** Rules that one line names. */
const MAX_RULES = 3
/** Every run has these, and they say little at its end. */
const EXPECTED: ReadonlySet<string> = new Set(['start', 'reload'])

/** Whether a miss is worth a line at the end of a run. */
export function isRemarkable({cause, count}: MissTotalReport): boolean {
  return count > 0 && !EXPECTED.has(cause)
}

/** A miss for people, as one line: what, where, and whom it concerns. */
export function missedLine(total: MissTotalReport): string {
  const {cause, count, by_kind, by_detail, duration_ms, open} = total
  const unit = count === 1 ? total.unit.replace(/s$/, '') : total.unit
  // A detector of another version may know other causes.
  const text = Object.hasOwn(CAUSES, cause) ? CAUSES[cause].text : cause
  const facts = [
    partsText(by_kind),
    partsText(by_detail),
    duration_ms > 0 ? durationText(duration_ms) : '',
    open > 0 ? 'not over' : '',
  ].filter(fact => fact !== '')
  const where = facts.length === 0 ? '' : ` (${facts.join('; ')})`
  const whom = total.rules_total === 0 ? '' : `; concerns ${rulesText(total)}`
  return `${numberText(count)} ${unit}: ${text}${where}${whom}`
}

function partsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).sort(([, a], [, b]) => b - a)
  const shown = parts.slice(0, MAX_PARTS).map(([name, count]) => `${name} ${numberText(count)}`)
  const more = parts.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function rulesText({rules, rules_total}: MissTotalReport): string {
  const shown = rules.slice(0, MAX_RULES).map(rule => `'${rule}'`)
  const more = rules_total - shown.length
  const word = rules_total === 1 ? 'rule' : 'rules'
  return `${word} ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
