import {printable} from '../../../diagnostics/code-frame.ts'

/** How much of a line is shown on each side of the place. */
const SIDE = 80

/**
 * The line around an offset, at most 80 characters to each side with `...` where it is cut, and below it a line with
 * `^` under the place. Control characters are replaced, so that a hostile file cannot drive a terminal. The cost does not
 * depend on the length of the text or of the line.
 */
export function snippetAt(text: string, offset: number): string {
  const at = Math.min(Math.max(offset, 0), text.length)
  const start = Math.max(0, at - SIDE - 1)
  const before = text.slice(start, at)
  const after = text.slice(at, at + SIDE + 1)
  const lineStart = before.lastIndexOf('\n') + 1
  const newline = after.indexOf('\n')
  const left = before.slice(lineStart)
  const right = newline < 0 ? after : after.slice(0, newline)
  const cutLeft = left.length > SIDE
  const cutRight = right.length > SIDE
  const shownLeft = printable(cutLeft ? `...${left.slice(1)}` : left)
  const shownRight = printable(cutRight ? `${right.slice(0, SIDE)}...` : right.replace(/\r$/, ''))
  return `${shownLeft}${shownRight}\n${' '.repeat(shownLeft.length)}^`
}
