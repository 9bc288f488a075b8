import type {Span} from '../diagnostics/span.ts'
import type {ByteString} from '../schema/bytes.ts'
import type {Scalar, ValueType} from '../schema/value.ts'
import type {Modifier} from './condition/ast.ts'
import type {TRANSFORMER_NAMES} from './condition/words.ts'
import type {FieldRef} from './field-ref.ts'

/**
 * The tree of a condition after checking: fields understood, operators fit their types, literals are constants of
 * the type they are compared with. It is data only, for whoever turns it into something that runs.
 *
 * Tests and operands carry a canonical `text`: equal texts mean equal answers. A macro that is used several times gives one
 * shared object, so the tree is in truth a graph without cycles. Evaluation: an operand that is absent makes its test false,
 * whatever the operator; only `not` turns that into true.
 */
export type CheckedCondition = CheckedAnd | CheckedOr | CheckedNot | CheckedTest

/** All children hold. */
export interface CheckedAnd {
  readonly kind: 'and'
  readonly children: readonly CheckedCondition[]
}

/** At least one child holds. */
export interface CheckedOr {
  readonly kind: 'or'
  readonly children: readonly CheckedCondition[]
}

/** The child does not hold. */
export interface CheckedNot {
  readonly kind: 'not'
  readonly child: CheckedCondition
}

/** Operators by their canonical spelling: `==` is `=`. `around` is `evt.around[T] = ms` as a test of `evt.rawtime`. */
export type OperatorName =
  | 'exists'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'contains'
  | 'icontains'
  | 'bcontains'
  | 'startswith'
  | 'bstartswith'
  | 'endswith'
  | 'glob'
  | 'iglob'
  | 'regex'
  | 'in'
  | 'intersects'
  | 'pmatch'
  | 'around'

/** One comparison. */
export interface CheckedTest {
  readonly kind: 'test'
  readonly left: CheckedOperand
  readonly op: OperatorName
  readonly modifier?: Modifier
  /**
   * The literals as constants of the left side's type: none for `exists`, one for scalar operators, any number for list
   * operators and modifiers; for `around` the centre and the distance, nanoseconds. Empty when `right` is set.
   */
  readonly constants: readonly Scalar[]
  /** A field or transformer on the right. */
  readonly right?: CheckedOperand
  readonly text: string
  readonly span: Span
}

/** Something that yields a value of an event, or nothing. */
export type CheckedOperand = CheckedField | CheckedCall | CheckedLiteral | CheckedItems

interface OperandBase {
  /** Type of each value. */
  readonly type: ValueType
  /** Yields a list of values. */
  readonly list: boolean
  readonly text: string
}

/** A field of the event. */
export interface CheckedField extends OperandBase {
  readonly kind: 'field'
  readonly field: FieldRef
}

/** Names of the transformers; `val` is not one of them here, it is a plain field. */
export type TransformerName = (typeof TRANSFORMER_NAMES)[number]

/** A transformer applied to operands. */
export interface CheckedCall extends OperandBase {
  readonly kind: 'call'
  readonly name: TransformerName
  readonly args: readonly CheckedOperand[]
  /** The text in brackets: one character, `getopt` only. */
  readonly option?: ByteString
}

/** A literal argument of a transformer: text. */
export interface CheckedLiteral extends OperandBase {
  readonly kind: 'literal'
  readonly value: ByteString
}

/** A literal list as an argument of a transformer: absent when one of its items is. Integers are printed. */
export interface CheckedItems extends OperandBase {
  readonly kind: 'items'
  readonly items: readonly CheckedOperand[]
}
