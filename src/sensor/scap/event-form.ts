import type {EventDef} from '../../schema/event-pair.ts'
import {EVENT_PAIRS, EVENTS} from '../../schema/event-table.ts'

/** How a parameter's bytes become a value: by a text's first NUL, as they are, or as an integer of {@link ParamForm.size}. */
export type ParamKind = 'text' | 'bytes' | 'signed' | 'unsigned'

/** The wire form of one parameter. */
export interface ParamForm {
  readonly kind: ParamKind
  /** Bytes of an integer; 0 for the others. */
  readonly size: number
}

/** What reading and writing an event needs of its definition, worked out once. */
export interface EventForm {
  readonly def: EventDef
  readonly params: readonly ParamForm[]
  /** Bytes of all integers together. */
  readonly fixedBytes: number
  /** Places of the parameters by name. */
  readonly positions: ReadonlyMap<string, number>
  /** Lengths of parameters have 32 bits. */
  readonly large: boolean
  readonly isEnter: boolean
  readonly isUnused: boolean
  /** Other events take its place; every old form, whether or not it carries the flag. */
  readonly isOld: boolean
  /** It carries the flag of old forms. */
  readonly isMarkedOld: boolean
  /** Old forms of it go through the table of conversions. */
  readonly isConverted: boolean
}

const INTEGERS: ReadonlyMap<string, ParamForm> = new Map(
  (
    [
      ['int8 int16 int32 int64', [1, 2, 4, 8], 'signed'],
      ['uint8 uint16 uint32 uint64', [1, 2, 4, 8], 'unsigned'],
      ['flags8 flags16 flags32', [1, 2, 4], 'unsigned'],
      ['enumflags8 enumflags16 enumflags32', [1, 2, 4], 'unsigned'],
      ['sigtype l4proto sockfamily syscallid port', [1, 1, 1, 2, 2], 'unsigned'],
      ['uid gid mode sigset bool', [4, 4, 4, 4, 4], 'unsigned'],
      ['fd32 pid32 errno fd pid', [4, 4, 8, 8, 8], 'signed'],
      ['reltime abstime double', [8, 8, 8], 'unsigned'],
    ] as const
  ).flatMap(([names, sizes, kind]) =>
    names.split(' ').map((name, i) => [name, {kind, size: sizes[i]!}] as const),
  ),
)
const TEXT: ParamForm = {kind: 'text', size: 0}
const BYTES: ParamForm = {kind: 'bytes', size: 0}
const TEXT_TYPES: ReadonlySet<string> = new Set(['charbuf', 'fspath', 'fsrelpath'])

/** Wire form of the values of a type. */
export function paramForm(type: string): ParamForm {
  return INTEGERS.get(type) ?? (TEXT_TYPES.has(type) ? TEXT : BYTES)
}

/** Bytes of a value of this type; undefined when they vary. */
export function sizeOfType(type: string): number | undefined {
  if (type === 'ipv4addr') return 4
  if (type === 'ipv6addr') return 16
  return INTEGERS.get(type)?.size
}

const oldCodes: ReadonlySet<number> = new Set(
  EVENT_PAIRS.filter(pair => pair.status === 'old').flatMap(({enter, exit}) =>
    [enter, exit].flatMap(side => side?.code ?? []),
  ),
)
const forms: (EventForm | undefined)[] = []
for (const def of EVENTS) forms[def.code] = formOf(def)

function formOf(def: EventDef): EventForm {
  const {flags} = def
  const params = def.params.map(({type}) => paramForm(type))
  return {
    def,
    params,
    fixedBytes: params.reduce((sum, {size}) => sum + size, 0),
    positions: new Map(def.params.map(({name}, index) => [name, index])),
    large: flags.includes('large_payload'),
    isEnter: def.direction === 'enter',
    isUnused: flags.includes('unused'),
    isOld: flags.includes('old_version') || oldCodes.has(def.code),
    isMarkedOld: flags.includes('old_version'),
    isConverted: flags.includes('converter_managed'),
  }
}

/** The form of the events with this code; undefined for codes that no table knows. */
export function eventForm(code: number): EventForm | undefined {
  return forms[code]
}
