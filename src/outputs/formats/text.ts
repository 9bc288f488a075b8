import type {Alert} from '../../schema/alert.ts'
import type {Priority} from '../../schema/priority.ts'
import {clockText, isoTime, withNanoseconds} from '../../schema/time-text.ts'

/** How text lines look. */
export interface TextOptions {
  /** UTC as ISO 8601 instead of the local time of day. */
  readonly isoTime: boolean
}

/** The line before escaping: `<time>: <Priority> <message>`. */
export function alertLine(alert: Alert, options: TextOptions): string {
  const time = options.isoTime
    ? isoTime(alert.timeNs, '+0000')
    : withNanoseconds(clockText(alert.timeNs), alert.timeNs)
  return `${time}: ${alert.priority} ${alert.message}`
}

/** One alert as one line of text without its end, escaped like the inside of a JSON string. */
export function formatText(alert: Alert, options: TextOptions): string {
  return escapeLine(alertLine(alert, options))
}

/**
 * The same line for a terminal: controls beyond ASCII and marks that turn the direction of text are escaped too, so
 * that no alert can repaint the screen.
 *
 * @param paint adds the colour of the priority to the finished text
 */
export function formatTerminal(
  alert: Alert,
  options: TextOptions,
  paint: (priority: Priority, text: string) => string,
): string {
  const line = formatText(alert, options).replace(UNSAFE_ON_TERMINAL, unicodeEscape)
  return paint(alert.priority, line)
}

const UNSAFE_ON_TERMINAL = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function escapeLine(line: string): string {
  // Half a surrogate pair is no character; JSON.stringify would spell it out instead of replacing it.
  const wellFormed = line.replace(/[\ud800-\udfff]/gu, '\ufffd')
  return JSON.stringify(wellFormed).slice(1, -1)
}
