import {lastAtOrBefore} from '../report/last-at-or-before.ts'

/** A place in a file; line and column count from 0. */
export interface FilePosition {
  readonly line: number
  readonly column: number
  /** In UTF-16 units. */
  readonly offset: number
}

/** One rule file in memory. */
export interface SourceFile {
  readonly name: string
  readonly text: string
  /** The place of an offset. LF ends a line. Logarithmic after the first call. */
  positionAt(offset: number): FilePosition
}

/** Wraps the text of a rule file. */
export function createSourceFile(name: string, text: string): SourceFile {
  let lineStarts: number[] | undefined
  return {
    name,
    text,
    positionAt(offset) {
      lineStarts ??= findLineStarts(text)
      const starts = lineStarts
      const line = lastAtOrBefore(starts.length, i => starts[i]!, offset)
      return {line, column: offset - starts[line]!, offset}
    },
  }
}

function findLineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The outcome of {@link decodeRuleText}. */
export type DecodedText =
  | {readonly ok: true; readonly text: string}
  | {readonly ok: false; readonly message: string}

/** Takes the content of a rule file as text. Refused: over `maxBytes`, invalid UTF-8, NUL characters. */
export function decodeRuleText(content: string | Uint8Array, maxBytes: number): DecodedText {
  if (content.length > maxBytes) {
    return {ok: false, message: `the file is larger than ${maxBytes} bytes`}
  }
  let text: string
  if (typeof content === 'string') {
    text = content
  } else {
    try {
      text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(content)
    } catch {
      // The decoder says no more than that it failed.
      return {ok: false, message: 'the file is not valid UTF-8'}
    }
  }
  const nul = text.indexOf('\0')
  if (nul >= 0) return {ok: false, message: `the file holds a NUL character (offset ${nul})`}
  return {ok: true, text}
}
