import {CodedError} from '../diagnostics/error.ts'
import type {LogLevel} from '../diagnostics/log.ts'
import type {Priority} from '../schema/priority.ts'

/** Values of `--color`. */
export const COLOR_CHOICES = ['auto', 'always', 'never'] as const

/** One of {@link COLOR_CHOICES}. */
export type ColorChoice = (typeof COLOR_CHOICES)[number]

/** Decides on colour: the option first, then `NO_COLOR` (any text but the empty one), then the terminal. */
export function wantsColor(
  choice: ColorChoice,
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (choice !== 'auto') return choice === 'always'
  return isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}

// Parameters of the terminal's "select graphic rendition".
const STYLES = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
  boldRed: '1;31',
  white: '1;37;41',
} as const

/** A way to show text. */
export type Style = keyof typeof STYLES

/** Text in a style; unchanged without colour. */
export function paint(style: Style, text: string, color: boolean): string {
  return color ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text
}

const PRIORITY_STYLES: Readonly<Record<Priority, Style>> = {
  Emergency: 'white',
  Alert: 'white',
  Critical: 'boldRed',
  Error: 'red',
  Warning: 'yellow',
  Notice: 'cyan',
  Informational: 'green',
  Debug: 'dim',
}

/** Text in the colour of a priority. */
export function paintPriority(priority: Priority, text: string): string {
  return paint(PRIORITY_STYLES[priority], text, true)
}

const LEVEL_STYLES: Readonly<Record<LogLevel, Style>> = {
  debug: 'dim',
  info: 'dim',
  warning: 'yellow',
  error: 'red',
}

/** One log line for standard error, without its end. Controls in the message are replaced. */
export function renderLog(level: LogLevel, message: string, color: boolean): string {
  const safe = message.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd')
  return level === 'info' ? safe : `${paint(LEVEL_STYLES[level], `${level}:`, color)} ${safe}`
}

/** An error as it ends the program: what happened and what to do, with a line end. */
export function renderError(error: unknown, color: boolean): string {
  if (error instanceof CodedError && error.code !== 'INTERNAL') {
    const hint = error.hint === undefined ? '' : `  ${error.hint}\n`
    return `${renderLog('error', error.message, color)}\n${hint}`
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return (
    `${renderLog('error', `internal error: ${text}`, color)}\n` +
    '  This is a defect of detector. Please report it with this text, the command line and `detector version`.\n'
  )
}
