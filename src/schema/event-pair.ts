import type {ValueType} from './value.ts'

/** One parameter of an event, in wire order. */
export interface ParamDef {
  readonly name: string
  readonly type: ValueType
  /** How integers print; decimal unless said otherwise. */
  readonly format?: string
  /** Names of the values, a key of `FLAG_TABLES`. */
  readonly table?: string
  /** Index of the directory descriptor that a `fsrelpath` is relative to. */
  readonly relativeTo?: number
  readonly dynamic?: string
}

/** One direction of an event: what captures and rules call an event code. */
export interface EventDef {
  /** Code in capture files; even = enter, odd = exit. */
  readonly code: number
  readonly enumName: string
  /** What `evt.type` says. */
  readonly name: string
  readonly category: string
  readonly flags: readonly string[]
  readonly params: readonly ParamDef[]
  readonly direction: 'enter' | 'exit'
}

/** An enter/exit pair of event codes. */
export interface EventPair {
  readonly name: string
  readonly category: string
  readonly class: string
  /** `current`: what live sensors produce; `old`: only in captures; `unused`: reserved; `own`: only our live sensor's. */
  readonly status: string
  readonly enter: EventDef | undefined
  readonly exit: EventDef | undefined
}

/** One parameter as the event tables write it. */
export type ParamRow = readonly [
  name: string,
  type: string,
  options?: Omit<ParamDef, 'name' | 'type'>,
]
type SideRow = readonly [
  code: number,
  enumName: string,
  flags: readonly string[],
  params: readonly ParamRow[],
]

/** Builds one row of the event tables. */
export function pair(
  name: string,
  category: string,
  eventClass: string,
  status: string,
  enter: SideRow | undefined,
  exit: SideRow | undefined,
): EventPair {
  const side = (row: SideRow | undefined, direction: 'enter' | 'exit'): EventDef | undefined =>
    row && {
      code: row[0],
      enumName: row[1],
      name,
      category,
      flags: row[2],
      params: row[3].map(([param, type, options]) => ({
        name: param,
        type: type as ValueType,
        ...options,
      })),
      direction,
    }
  return {
    name,
    category,
    class: eventClass,
    status,
    enter: side(enter, 'enter'),
    exit: side(exit, 'exit'),
  }
}
