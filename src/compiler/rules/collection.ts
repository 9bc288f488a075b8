import type {Priority} from '../../schema/priority.ts'
import type {PluginRequirement} from './read/plugin-requirements.ts'
import type {EngineVersion} from './read/version.ts'
import type {Context} from './report/context.ts'
import type {TextPart, TextSource} from './report/expression-text.ts'

/** What every definition has: its place in the order, and since when its present content holds. */
export interface Numbered {
  /** Number of the first definition: the order of all iteration. */
  readonly index: number
  /** Number of the latest definition, append or replacement. */
  visibility: number
}

/** A list as written; its items may be names of other lists. */
export interface ListDefinition extends Numbered {
  readonly name: string
  items: string[]
  context: Context
}

/** A condition as written, with the places its text came from. */
export interface WrittenCondition {
  condition: string
  conditionContext: Context
  /** What was appended, by its offset in the text. */
  conditionAppends: TextPart[]
}

/** Adds to a condition, before any parsing. */
export function appendCondition(
  definition: WrittenCondition,
  text: string,
  context: Context,
): void {
  definition.conditionAppends.push({start: definition.condition.length + 1, context})
  definition.condition += ` ${text}`
}

/** The text of a condition with its places. */
export function conditionSource(definition: WrittenCondition): TextSource {
  const first = {start: 0, context: definition.conditionContext}
  return {written: definition.condition, parts: [first, ...definition.conditionAppends]}
}

/** A macro as written. */
export interface MacroDefinition extends WrittenCondition, Numbered {
  readonly name: string
  context: Context
}

/** A member of an exception's tuple: a scalar, or a list for a list operator. */
export type ExceptionValue = string | readonly ExceptionValue[]

/** One exception of a rule. */
export interface ExceptionDefinition {
  readonly name: string
  readonly context: Context
  /** A sequence of fields (tuple form) or one field (single form). Undefined only while it is being appended. */
  readonly fields: string | readonly string[]
  /** As many operators as fields, or one. */
  readonly comps: string | readonly string[]
  readonly values: ExceptionValue[]
}

/** The exceptions of a rule; values that are appended go to the first one of a name. */
export interface ExceptionSet {
  readonly all: ExceptionDefinition[]
  readonly first: Map<string, ExceptionDefinition>
}

/** What the keys of a rule say. */
export interface RuleContent {
  output: string
  desc: string
  priority: Priority
  source: string
  enabled: boolean
  tags: Set<string>
  exceptions: ExceptionSet
  warnEventTypes: boolean
  skipIfUnknownFilter: boolean
  /** A match starts a capture file. */
  capture: boolean
  /** 0: the configured default. */
  captureDurationMs: number
}

/** A rule as written. */
export interface RuleDefinition extends RuleContent, WrittenCondition, Numbered {
  readonly name: string
  /** The source is loaded; otherwise the rule is kept but never compiled. */
  knownSource: boolean
  context: Context
  outputContext: Context
}

/** All definitions of a load, by name, in the order of their first definition. */
export interface Collection {
  readonly lists: Map<string, ListDefinition>
  readonly macros: Map<string, MacroDefinition>
  readonly rules: Map<string, RuleDefinition>
  readonly pluginRequirements: PluginRequirement[]
  /** The greatest version asked for. */
  requiredEngineVersion: EngineVersion | undefined
  /** The number that the next definition or append gets. */
  next: number
}

/** An empty collection. */
export function createCollection(): Collection {
  return {
    lists: new Map(),
    macros: new Map(),
    rules: new Map(),
    pluginRequirements: [],
    requiredEngineVersion: undefined,
    next: 0,
  }
}

/** Defines a name anew. A known one keeps its place in the order and gets new content. */
export function define<T extends Numbered & {readonly name: string}>(
  collection: Collection,
  into: Map<string, T>,
  content: Omit<T, keyof Numbered>,
  name: string,
): void {
  const number = collection.next++
  const index = into.get(name)?.index ?? number
  into.set(name, {...content, index, visibility: number} as T)
}

/** Notes that a definition was changed. */
export function touch(collection: Collection, definition: Numbered): void {
  definition.visibility = collection.next++
}
