/** A place in a condition: offset from 0, line and column from 1. */
export interface ConditionPosition {
  readonly offset: number
  readonly line: number
  readonly column: number
}

/** The place of an offset in a condition's text. Here LF and CR each start a new line, so CR LF counts twice. */
export function conditionPositionAt(text: string, offset: number): ConditionPosition {
  const end = Math.min(Math.max(offset, 0), text.length)
  let line = 1
  let lineStart = 0
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (unit !== 10 && unit !== 13) continue
    line++
    lineStart = i + 1
  }
  return {offset: end, line, column: end - lineStart + 1}
}
