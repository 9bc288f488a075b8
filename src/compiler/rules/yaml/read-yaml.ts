import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  type Scalar,
} from 'yaml'
import type {YamlEntry, YamlNode} from './yaml-node.ts'

/** Nesting of a rule file; a sequence of mappings takes two levels. Rules need about six. */
const MAX_DEPTH = 100

/** Tokens of a file; the trees take some 300 bytes for each. */
const MAX_TOKENS = 2_000_000

/** Nodes a document may stand for once its aliases are followed. */
const MAX_EXPANDED_NODES = 2_000_000

/** The documents of a file, or where YAML ends being YAML. An empty document is undefined. */
export type YamlResult =
  | {readonly ok: true; readonly documents: readonly (YamlNode | undefined)[]}
  | {readonly ok: false; readonly message: string; readonly offset: number}

/** Reads all documents of a text. Never throws; depth, tokens and alias growth are bounded. */
export function readYaml(text: string): YamlResult {
  try {
    return {ok: true, documents: composeDocuments(text).map(toNode)}
  } catch (error) {
    if (!(error instanceof YamlStop)) throw error
    return {ok: false, message: error.message, offset: error.offset}
  }
}

class YamlStop extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/**
 * The depth is watched while tokens come in: composing recurses, and running out of stack inside a regular expression
 * of the parser ends the process instead of throwing.
 */
function composeDocuments(text: string): Document.Parsed[] {
  const parser = new Parser()
  const composer = new Composer({
    schema: 'failsafe',
    resolveKnownTags: false,
    uniqueKeys: false,
    strict: false,
    logLevel: 'silent',
  })
  const documents: Document.Parsed[] = []
  const accept = (parsed: Iterable<Document.Parsed>): void => {
    for (const document of parsed) {
      const [error] = document.errors
      if (error?.code === 'MISSING_CHAR' && /closing ["']/.test(error.message)) {
        throw new YamlStop('the quote that opens here has no end', quoteStart)
      }
      if (error) throw new YamlStop(error.message, error.pos[0])
      documents.push(document)
    }
  }
  let tokens = 0
  // A quote without an end reaches to the end of the file, so it is the last one.
  let quoteStart = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (++tokens > MAX_TOKENS) {
      throw new YamlStop(`the file has more than ${MAX_TOKENS} tokens`, parser.offset)
    }
    if (lexeme.startsWith('"') || lexeme.startsWith("'")) quoteStart = parser.offset
    for (const token of parser.next(lexeme)) accept(composer.next(token))
    if (parser.stack.length > MAX_DEPTH) {
      throw new YamlStop(`nested more than ${MAX_DEPTH} levels deep`, parser.offset)
    }
  }
  for (const token of parser.end()) accept(composer.next(token))
  accept(composer.end(false, text.length))
  const [leftover] = composer.streamInfo().errors
  if (leftover) throw new YamlStop(leftover.message, leftover.pos[0])
  return documents
}

/** A node and how many nodes it stands for. */
interface Sized {
  readonly node: YamlNode
  readonly size: number
}

/** Anchors of a document; undefined while the anchored node is still open. */
type Anchors = Map<string, Sized | undefined>

function toNode(document: Document.Parsed): YamlNode | undefined {
  if (document.contents === null) return undefined
  return convert(document.contents, new Map(), 0).node
}

function convert(node: unknown, anchors: Anchors, fallbackStart: number): Sized {
  if (isAlias(node)) {
    const start = node.range?.[0] ?? fallbackStart
    const target = anchors.get(node.source)
    if (target) return target
    const known = anchors.has(node.source)
    throw new YamlStop(
      `alias '*${node.source}' ${known ? 'is inside its own anchor' : 'has no anchor'}`,
      start,
    )
  }
  if (!isScalar(node) && !isSeq(node) && !isMap(node)) {
    return {node: {kind: 'null', start: fallbackStart}, size: 1}
  }
  if (node.anchor !== undefined) anchors.set(node.anchor, undefined)
  const start = node.range?.[0] ?? fallbackStart
  let sized: Sized
  if (isSeq(node)) sized = convertSequence(node.items, anchors, start)
  else if (isMap(node)) sized = convertMapping(node.items, anchors, start)
  else sized = {node: toScalar(node, start), size: 1}
  if (sized.size > MAX_EXPANDED_NODES) {
    throw new YamlStop(
      `aliases blow the document up to more than ${MAX_EXPANDED_NODES} nodes`,
      start,
    )
  }
  if (node.anchor !== undefined) anchors.set(node.anchor, sized)
  return sized
}

const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL'])

function toScalar({value, type, tag, range}: Scalar, start: number): YamlNode {
  const text = typeof value === 'string' ? value : ''
  const isNull = type === 'PLAIN' && tag === undefined && NULLS.has(text)
  return isNull ? {kind: 'null', start} : {kind: 'scalar', text, start, end: range?.[1] ?? start}
}

function convertSequence(items: readonly unknown[], anchors: Anchors, start: number): Sized {
  let size = 1
  const nodes = items.map(item => {
    const sized = convert(item, anchors, start)
    size += sized.size
    return sized.node
  })
  return {node: {kind: 'sequence', items: nodes, start}, size}
}

function convertMapping(
  pairs: readonly {readonly key: unknown; readonly value: unknown}[],
  anchors: Anchors,
  start: number,
): Sized {
  let size = 1
  const entries = new Map<string, YamlEntry>()
  for (const pair of pairs) {
    const key = convert(pair.key, anchors, start)
    const value = convert(pair.value, anchors, key.node.start)
    size += key.size + value.size
    if (key.node.kind !== 'scalar' && key.node.kind !== 'null') {
      throw new YamlStop('a key of a mapping must be text', key.node.start)
    }
    const text = key.node.kind === 'scalar' ? key.node.text : '~'
    if (!entries.has(text)) entries.set(text, {keyStart: key.node.start, value: value.node})
  }
  return {node: {kind: 'mapping', entries, start}, size}
}
