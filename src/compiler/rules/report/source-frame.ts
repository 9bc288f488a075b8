import {codeFrame} from '../../../diagnostics/code-frame.ts'
import type {FileSpan} from './expression-text.ts'
import type {IssueOrigin} from './load-result.ts'

/** Shows a place of a file with its lines. */
export function sourceFrame({file, span}: FileSpan): IssueOrigin {
  const {line, column} = file.positionAt(span.start)
  const frame = codeFrame(file.text, span, {line: line + 1, column: column + 1})
  return {name: file.name, line, column, frame}
}
