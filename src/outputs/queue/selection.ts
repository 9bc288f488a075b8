import type {Alert} from '../../schema/alert.ts'
import type {QueueSelection} from '../queue.ts'
import type {LetterHead} from './keeper.ts'

/** Whether a selection asks for more than a sink, so that every alert has to be looked at. */
export function looksIntoAlerts({rule, olderMs}: QueueSelection): boolean {
  return rule !== undefined || olderMs !== undefined
}

/** Whether an alert that waits is meant. */
export function selectsAlert(selection: QueueSelection, alert: Alert, nowMs: number): boolean {
  const ageMs = nowMs - Number(alert.timeNs / 1_000_000n)
  return fits(selection, alert.rule, ageMs)
}

/** Whether a dead letter is meant. */
export function selectsLetter(
  selection: QueueSelection,
  letter: LetterHead,
  nowMs: number,
): boolean {
  if (selection.sink !== undefined && selection.sink !== letter.sink) return false
  return fits(selection, letter.rule, nowMs - letter.atMs)
}

function fits({rule, olderMs}: QueueSelection, name: string, ageMs: number): boolean {
  if (olderMs !== undefined && ageMs < olderMs) return false
  return rule === undefined || fitsGlob(rule, name)
}

/** Whether a text fits a pattern in which `*` stands for any text. In time linear in the text for each star. */
export function fitsGlob(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === text
  if (!text.startsWith(first) || text.length < first.length + last.length) return false
  let at = first.length
  const end = text.length - last.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return text.endsWith(last)
}
