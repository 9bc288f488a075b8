import {type Place, placeAt, type Span} from './span.ts'

/** How much of a long line is shown on each side of the place. */
const SIDE = 80

/** A longer line before the place is not looked at. */
const MAX_LINE = 4096

/**
 * Shows one place of a text: the line before, the line itself, and carets under the span (its first line only).
 * Control characters are replaced, so that a hostile file cannot drive the terminal.
 *
 * @param place - of the span's start, when it is known already: then the cost does not grow with the text
 */
export function codeFrame(
  text: string,
  span: Span,
  {line, column}: Place = placeAt(text, span.start),
): string {
  const width = String(line).length
  const lineStart = Math.min(span.start, text.length) - (column - 1)
  const from = Math.max(0, column - 1 - SIDE)
  const to = column - 1 + SIDE
  const shown = (number: number, start: number): string => {
    const [content = ''] = text.slice(start + from, start + to).split('\n', 1)
    return `  ${String(number).padStart(width)} | ${printable(content.replace(/\r$/, ''))}`
  }
  const [rest = ''] = text.slice(span.start, span.start + SIDE).split(/\r?\n/, 1)
  const length = Math.max(1, Math.min(span.end - span.start, rest.length))
  const frame = line > 1 ? [shown(line - 1, previousLine(text, lineStart, from))] : []
  frame.push(shown(line, lineStart))
  frame.push(`  ${' '.repeat(width)} | ${' '.repeat(column - 1 - from)}${'^'.repeat(length)}`)
  return frame.join('\n')
}

/** Where the line before begins, or a place whose shown part is empty when that line is very long or ends before it. */
function previousLine(text: string, lineStart: number, from: number): number {
  const end = lineStart - 1
  const window = text.slice(Math.max(0, end - MAX_LINE), end)
  const start = end - window.length + window.lastIndexOf('\n') + 1
  const isCut = start > 0 && text[start - 1] !== '\n'
  return isCut || start + from > end ? end - from : start
}

/** Replaces each control character (tabs become one blank) so that text is safe on a terminal and keeps its width. */
export function printable(text: string): string {
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
}
