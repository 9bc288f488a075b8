import type {Span} from '../../diagnostics/span.ts'
import type {Expr} from '../condition/ast.ts'

/** Why a condition or an output text was refused. */
export interface Problem {
  /** `skip-if-unknown-filter` turns the two `unknown_…` kinds into a warning. */
  readonly kind: 'unknown_field' | 'unknown_event_type' | 'other'
  /** Names the offending field, operator, literal …; lower case, no trailing stop. */
  readonly message: string
  /** An action, for instance a "did you mean". */
  readonly hint?: string
  /** Offsets into the condition's text (of the macro's text for nodes that came out of a macro) or into the output. */
  readonly span: Span
}

/** A doubtful but legal place of a condition, such as a literal that is the name of a field. */
export interface CheckWarning {
  readonly message: string
  readonly span: Span
}

/** The answer to a condition. */
export type ConditionVerdict<C> =
  | {
      readonly ok: true
      readonly condition: C
      readonly warnings: readonly CheckWarning[]
      /** Codes of the events on which the condition can be true. */
      readonly eventCodes: ReadonlySet<number>
    }
  | {readonly ok: false; readonly problem: Problem}

/** The answer to an output text. */
export type TemplateVerdict<T> =
  | {readonly ok: true; readonly template: T}
  | {readonly ok: false; readonly problem: Problem}

/**
 * What loading rules needs to know about the fields and events of a host: the rest of the compiler, taken as a
 * parameter. `C` is a checked condition, `T` a compiled output.
 */
export interface RuleChecker<C, T> {
  /** Checks a tree whose macros are expanded. */
  checkCondition(expr: Expr): ConditionVerdict<C>
  /** Checks an output text (`%proc.name opened %fd.name`). */
  checkTemplate(text: string): TemplateVerdict<T>
  /** Whether a text is a field with its argument, for instance `proc.aname[2]`. */
  isKnownField(text: string): boolean
}
