import type {ByteString} from '../../schema/bytes.ts'
import type {Scalar, ValueType} from '../../schema/value.ts'
import type {LiteralResult} from '../check/literals.ts'
import type {OperatorName} from '../checked.ts'
import type {ValueClass} from '../value-class.ts'

/** Judges one value. Values are of the operator's class; no value is ever absent here. */
export type Predicate = (value: Scalar) => boolean

interface OperatorBase {
  readonly name: OperatorName
  /** Classes of the left side's values. */
  readonly classes: readonly ValueClass[]
  /** Whether a field or transformer may stand on the right. */
  readonly fieldRight: boolean
  /** One line for the documentation. */
  readonly doc: string
}

/** An operator with one value on its right. */
export interface ScalarOperator extends OperatorBase {
  readonly kind: 'scalar'
  /** Of several gathered values (the ends of a connection) all must pass, not just one. */
  readonly everyEnd?: true
  /** Reads the literal on the right; by default as a value of the left side's type. */
  readonly parse?: (type: ValueType, literal: ByteString) => LiteralResult
  /** Prepares the comparison with one constant of the left side's type. */
  readonly bind: (constant: Scalar, valueClass: ValueClass) => Predicate
}

/** An operator with any number of values on its right. */
export interface ListOperator extends OperatorBase {
  readonly kind: 'list'
  /** Of the values of a list-valued field all must pass, not just one. */
  readonly everyValue?: true
  /** Takes list-valued fields. */
  readonly lists: boolean
  /** Prepares the comparison with the members. */
  readonly bindAll: (members: readonly Scalar[], valueClass: ValueClass) => Predicate
}

/** An operator of the language other than `exists`, which takes everything, and `around`, which has no literal form. */
export type Operator = ScalarOperator | ListOperator
