import type {ByteString} from '../../schema/bytes.ts'
import type {FieldValue, Scalar, ValueType} from '../../schema/value.ts'
import type {CheckedOperand, TransformerName} from '../checked.ts'
import {type ValueClass, valueClass} from '../value-class.ts'

/** What a transformer yields, or why it does not take these arguments (the text reads after its name). */
export type TransformerResult =
  | {readonly ok: true; readonly type: ValueType; readonly list: boolean}
  | {readonly ok: false; readonly message: string}

/** Computes the value from the arguments, all of them present; undefined when there is none. */
export type TransformerFunction = (args: readonly FieldValue[]) => FieldValue | undefined

/** One transformer of the language. */
export interface Transformer {
  readonly name: TransformerName
  /** One line for the documentation. */
  readonly doc: string
  /** Takes a text in brackets behind its arguments. */
  readonly takesOption?: true
  /** Checks number, types and option of the arguments. */
  readonly check: (args: readonly CheckedOperand[], option?: ByteString) => TransformerResult
  /** Prepares the computation for arguments that passed the check. */
  readonly bind: (args: readonly CheckedOperand[], option?: ByteString) => TransformerFunction
}

/** A check for transformers that take one argument and keep its type and list-ness. */
export function oneArgument(
  classes: readonly ValueClass[],
  exactTypes?: readonly ValueType[],
): Transformer['check'] {
  return args => {
    const [arg] = args
    if (arg === undefined || args.length > 1) return refuse('takes exactly one argument')
    const fits = exactTypes?.includes(arg.type) ?? classes.includes(valueClass(arg.type))
    return fits ? accept(arg.type, arg.list) : refuse(`does not take values of type ${arg.type}`)
  }
}

/** Applies a function of text to one value or to each value of a list; absent when it yields nothing for any of them. */
export function eachText(
  change: (text: ByteString) => ByteString | undefined,
): () => TransformerFunction {
  return () =>
    ([value]) => {
      if (!Array.isArray(value)) return change(value as ByteString)
      const changed: Scalar[] = []
      for (const item of value as readonly ByteString[]) {
        const result = change(item)
        if (result === undefined) return undefined
        changed.push(result)
      }
      return changed
    }
}

/** Whether an operand is one text. */
export function isText(operand: CheckedOperand): boolean {
  return !operand.list && valueClass(operand.type) === 'text'
}

/** Whether an operand is a list of texts. */
export function isTextList(operand: CheckedOperand): boolean {
  return operand.list && valueClass(operand.type) === 'text'
}

/** The arguments fit. */
export function accept(type: ValueType, list: boolean): TransformerResult {
  return {ok: true, type, list}
}

/** The arguments do not fit. */
export function refuse(message: string): TransformerResult {
  return {ok: false, message}
}
