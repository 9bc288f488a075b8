import type {Priority} from './priority.ts'

/** A value as alerts carry it: ready for JSON, but for integers beyond 2^53, which stay `bigint` and print exactly. */
export type AlertValue = string | number | bigint | boolean | null | readonly AlertValue[]

/** One match of one rule: what the engine hands to the outputs. Plain data; crosses threads by structured clone. */
export interface Alert {
  /** Stable and unique: receivers drop repeats by it. */
  readonly id: string
  /** Event time, nanoseconds since the epoch. */
  readonly timeNs: bigint
  readonly hostname: string
  readonly rule: string
  readonly priority: Priority
  readonly source: string
  /** Sorted. */
  readonly tags: readonly string[]
  /** The rule's output with its fields filled in, without time and priority. Not escaped. */
  readonly message: string
  /** Field texts (`proc.aname[2]`) to values, in the order of the output. Without the event time, which formats add. */
  readonly fields: readonly (readonly [name: string, value: AlertValue])[]
  /** What was not whole when it was raised: `state`, events that the state is made of were lost. Left out: nothing. */
  readonly incomplete?: readonly string[]
  /** Generation of the rule set that matched. */
  readonly generation: number
}
