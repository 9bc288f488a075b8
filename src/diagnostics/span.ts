/** A half-open range `[start, end)` of offsets (UTF-16 units) into one text. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A place in a text; line and column count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** The place of an offset. LF ends a line; CR LF counts once. */
export function placeAt(text: string, offset: number): Place {
  const end = Math.min(Math.max(offset, 0), text.length)
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) {
    line++
    lineStart = at + 1
  }
  return {line, column: end - lineStart + 1}
}
