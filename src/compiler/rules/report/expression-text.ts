import type {Span} from '../../../diagnostics/span.ts'
import type {ConditionPosition} from '../../condition/position.ts'
import type {SourceFile} from '../yaml/source-file.ts'
import type {Context} from './context.ts'
import {lastAtOrBefore} from './last-at-or-before.ts'
import {alignScalar} from './scalar-alignment.ts'

/** A piece of a text: from `start` on it was written at this place, up to the next piece. */
export interface TextPart {
  readonly start: number
  /** Undefined for text that stands in no file. */
  readonly context: Context | undefined
}

/** A place in a file. */
export interface FileSpan {
  readonly file: SourceFile
  readonly span: Span
}

/** The text of a condition or output as it is parsed, in which places can be found, and found again in the file. */
export interface ExpressionText {
  readonly text: string
  /** As `conditionPositionAt`, but logarithmic after the first call. */
  positionAt(offset: number): ConditionPosition
  /** Where in a file a span was written; undefined when that cannot be told exactly. */
  originOf(span: Span): FileSpan | undefined
}

/** A text before lists are put in, and the places it was put together from. */
export interface TextSource {
  readonly written: string
  /** Ascending; the first one starts at 0. */
  readonly parts: readonly TextPart[]
}

/** How a parsed text came about. */
export interface TextOrigin extends TextSource {
  /** The offset in it that an offset of the parsed text came from; the same one by default. */
  readonly toWritten?: (offset: number) => number
}

/** Wraps a text. Tables are made at the first question, so that texts without problems cost nothing. */
export function createExpressionText(text: string, origin: TextOrigin): ExpressionText {
  const {written, parts, toWritten = offset => offset} = origin
  const aligned = new Map<TextPart, Int32Array>()
  let lineStarts: readonly number[] | undefined

  const fileOffset = (offset: number): {context: Context; at: number} | undefined => {
    const index = lastAtOrBefore(parts.length, i => parts[i]!.start, offset)
    const part = parts[index]
    if (part?.context === undefined) return undefined
    const {context, start} = part
    let offsets = aligned.get(part)
    if (offsets === undefined) {
      const end = parts[index + 1]?.start ?? written.length
      offsets = alignScalar(context.file.text, context, written.slice(start, end))
      aligned.set(part, offsets)
    }
    const at = offsets[offset - start]
    return at === undefined || at < 0 ? undefined : {context, at}
  }

  /** The first character of a span, or the place behind the last one before it when it is blank or the end. */
  const startOf = (offset: number): {context: Context; at: number} | undefined => {
    const there = offset < text.length && text[offset]!.trim() !== '' ? offset : -1
    if (there >= 0) return fileOffset(toWritten(there))
    const before = text.slice(0, offset).trimEnd().length - 1
    const found = before < 0 ? undefined : fileOffset(toWritten(before))
    return found && {...found, at: found.at + 1}
  }

  return {
    text,
    positionAt(offset) {
      lineStarts ??= findLineStarts(text)
      const starts = lineStarts
      const at = Math.min(Math.max(offset, 0), text.length)
      const line = lastAtOrBefore(starts.length, i => starts[i]!, at)
      return {offset: at, line: line + 1, column: at - starts[line]! + 1}
    },
    originOf({start, end}) {
      const from = startOf(start)
      if (from === undefined) return undefined
      const last = end > start + 1 ? fileOffset(toWritten(end - 1)) : undefined
      const to = last?.context === from.context ? Math.max(last.at, from.at) : from.at
      return {file: from.context.file, span: {start: from.at, end: to + 1}}
    },
  }
}

/** LF and CR each start a line, as in `conditionPositionAt`. */
function findLineStarts(text: string): readonly number[] {
  const starts = [0]
  for (const {index} of text.matchAll(/[\r\n]/g)) starts.push(index + 1)
  return starts
}
