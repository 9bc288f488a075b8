import type {FieldDef} from '../schema/field-table.ts'
import type {FieldValue, ValueType} from '../schema/value.ts'

/** A field of the catalogue with its argument understood: what extractors are bound to. */
export interface FieldRef {
  readonly def: FieldDef
  /** Canonical text, argument included: `proc.aname[2]`, `evt.arg.flags`. Keys of alerts and of field events. */
  readonly text: string
  /** Type of each value; the parameter's own for `evt.rawarg`. */
  readonly type: ValueType
  readonly list: boolean
  /** The argument as text (`flags`, `/etc`, `2`), when there is one. */
  readonly arg?: string
  /** The argument as a number, when the field takes an index and it is one. */
  readonly index?: number
  /**
   * The field stands for several values that are compared one by one; its extractor yields an array of them.
   *
   * - `ends` (`fd.ip`, `fd.port`, `fd.proto`, `fd.net`): the ends of a connection, one or two. Each operator asks for
   *   either end, `!=` for neither. Not an internet socket: an empty array; no descriptor: undefined. `exists` is true for both
   *   kinds of array. Networks (`fd.net`, `fd.cnet` …) are extracted as plain addresses.
   * - `ancestors` (`proc.aname` and its like without index): parent first. Any one suffices, for every operator. No
   *   ancestor: undefined or an empty array.
   */
  readonly gather?: 'ends' | 'ancestors'
}

/**
 * Reads one field of one event; undefined when it is absent. Text must end before its first NUL; list-valued fields and those
 * with {@link FieldRef.gather} yield arrays, all others one value.
 */
export type Extractor<E> = (event: E) => FieldValue | undefined

/** Where values come from: live events, captures, or field events in JSON. */
export interface FieldBinder<E> {
  /** The extractor of a field. Fields that this source never fills get one that always yields undefined. */
  bind(field: FieldRef): Extractor<E>
}
