import type {Priority} from '../../schema/priority.ts'
import type {Expr} from '../condition/ast.ts'
import type {FilePosition} from './yaml/source-file.ts'

/** An extra field of alerts with its compiled output text. */
export interface LoadedExtraField<T> {
  readonly name: string
  readonly template: T
  /** True: the formatted text, as a string. False: the field's own value. */
  readonly formatted: boolean
}

/** A rule that compiled. `C` is a checked condition, `T` a compiled output. */
export interface LoadedRule<C, T> {
  readonly name: string
  readonly desc: string
  readonly priority: Priority
  readonly source: string
  /** Sorted, each once. */
  readonly tags: readonly string[]
  /** What the files say; the configuration may outrank it. */
  readonly enabled: boolean
  /** The output text with what the configuration adds. */
  readonly output: string
  readonly template: T
  readonly extraFields: readonly LoadedExtraField<T>[]
  /** The condition as text, with exceptions and lists put in. */
  readonly conditionText: string
  /** Its tree with macros put in; every use of a macro is the same object. */
  readonly expr: Expr
  readonly condition: C
  /** Codes of the events on which the condition can be true. */
  readonly eventCodes: ReadonlySet<number>
  readonly warnEventTypes: boolean
  readonly skipIfUnknownFilter: boolean
  /** A match starts a capture file. */
  readonly capture: boolean
  /** Milliseconds after the event; 0: the configured default. */
  readonly captureDurationMs: number
  /** The file of the first definition, and the place in it. */
  readonly file: string
  readonly position: FilePosition
}
