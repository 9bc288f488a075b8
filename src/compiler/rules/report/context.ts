import type {Span} from '../../../diagnostics/span.ts'
import type {SourceFile} from '../yaml/source-file.ts'
import type {ExpressionText, FileSpan} from './expression-text.ts'
import type {ItemType, LoadCode, LoadErrorCode, LoadIssue, Location} from './load-result.ts'
import {snippetAt} from './snippet.ts'
import {sourceFrame} from './source-frame.ts'

/** Where something is: the chain of locations, and the text its snippet is cut from. */
export interface Context {
  readonly file: SourceFile
  readonly locations: readonly Location[]
  readonly text: string
  readonly offset: number
  /** The offset behind a scalar that starts at `offset`. */
  readonly end?: number
  /** Where in the file a place inside an expression was written, if that can be told. */
  readonly origin?: FileSpan | undefined
}

/** The context of a whole file. */
export function fileContext(file: SourceFile, offset = 0): Context {
  const position = {name: file.name, ...file.positionAt(offset)}
  const locations: Location[] = [{itemType: 'rules content', itemName: '', position}]
  return {file, locations, text: file.text, offset}
}

/** Something inside another thing of the same file, at the node that it is. */
export function within(
  outer: Context,
  itemType: ItemType,
  itemName: string,
  node: {readonly start: number; readonly end?: number},
): Context {
  const position = {name: outer.file.name, ...outer.file.positionAt(node.start)}
  const locations = [...outer.locations, {itemType, itemName, position}]
  const {file} = outer
  const scalar = node.end === undefined ? {} : {end: node.end}
  return {file, locations, text: file.text, offset: node.start, ...scalar}
}

/** Characters of an expression that stand for it in a location. */
const EXCERPT = 17

/**
 * A place inside the text of a condition or output, whose node is `outer`. Its numbers are those of the text (line and
 * column from 1) added to those of the node; its snippet comes from the text, because folded scalars look different in the file.
 */
export function withinExpression(
  outer: Context,
  itemType: 'condition expression' | 'rule output expression',
  expression: ExpressionText,
  span: Span,
): Context {
  const {text} = expression
  const inner = expression.positionAt(span.start)
  const {line, column, offset: base} = outer.locations.at(-1)!.position
  const start = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}...` : text
  const position = {
    name: `"${start.replace(/[\r\n]/g, ' ')}"`,
    line: line + inner.line,
    column: column + inner.column,
    offset: base + inner.offset,
  }
  const locations = [...outer.locations, {itemType, itemName: '', position}]
  const origin = expression.originOf(span)
  return {file: outer.file, locations, text, offset: inner.offset, origin}
}

/** Characters of a message; names that it repeats may be as long as the file. */
const MAX_MESSAGE = 1000

/** Makes an error or warning of a place. */
export function createIssue<Code extends LoadCode>(
  code: Code,
  message: string,
  context: Context,
  deprecatedField?: string,
): LoadIssue<Code> {
  const {locations, origin} = context
  const snippet = snippetAt(context.text, context.offset)
  return {
    code,
    message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message,
    ...(deprecatedField === undefined ? {} : {deprecatedField}),
    locations,
    snippet,
    ...(origin === undefined ? {} : {origin: sourceFrame(origin)}),
  }
}

/** Thrown at the first error of a file; caught by the loader, never leaves it. */
export class LoadStop extends Error {
  readonly issue: LoadIssue<LoadErrorCode>

  constructor(code: LoadErrorCode, message: string, context: Context) {
    super(message)
    this.name = 'LoadStop'
    this.issue = createIssue(code, message, context)
  }
}

/** Ends the reading or compiling of a file with an error. */
export function failLoad(code: LoadErrorCode, message: string, context: Context): never {
  throw new LoadStop(code, message, context)
}
