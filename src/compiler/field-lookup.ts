import {didYouMean} from '../diagnostics/did-you-mean.ts'
import {bytesOf} from '../schema/bytes.ts'
import type {ParamDef} from '../schema/event-pair.ts'
import {currentEvent, EVENTS, OWN_EVENT_NAMES, SYSCALL_NAMES} from '../schema/event-table.ts'
import {FIELDS, type FieldDef, findField} from '../schema/field-table.ts'
import {parseOperandAt} from './condition/parser.ts'
import type {FieldRef} from './field-ref.ts'
import {quoteText} from './quote-text.ts'

/** Why a text is not a field. */
export interface FieldProblem {
  readonly message: string
  readonly hint?: string
}

/** The answer of {@link resolveField}. */
export type FieldLookup =
  | {readonly ok: true; readonly field: FieldRef}
  | {readonly ok: false; readonly problem: FieldProblem}

/** Finds a field by its name without argument: the catalogue, or one with more fields for tests. */
export type FieldFinder = (name: string) => FieldDef | undefined

/** Indexes above are refused: no list or ancestry is that long. */
const MAX_INDEX = 2147483647

const GATHERED: ReadonlyMap<string, 'ends' | 'ancestors'> = new Map([
  ['fd.ip', 'ends'],
  ['fd.port', 'ends'],
  ['fd.proto', 'ends'],
  ['fd.net', 'ends'],
  ['proc.aname', 'ancestors'],
  ['proc.aexe', 'ancestors'],
  ['proc.aexepath', 'ancestors'],
  ['proc.aexefile', 'ancestors'],
  ['proc.acmdline', 'ancestors'],
  ['proc.aargs', 'ancestors'],
  ['proc.aenv', 'ancestors'],
  ['proc.apid', 'ancestors'],
])

/** Every parameter name with its definition in the first event that carries it. */
const PARAMS: ReadonlyMap<string, ParamDef> = new Map(
  [...EVENTS, ...OWN_EVENT_NAMES.map(name => currentEvent(name)!)]
    .flatMap(event => event.params.map(param => [param.name, param] as const))
    .reverse(),
)

const FIELD_NAMES: readonly string[] = FIELDS.map(field => field.name)

const EVENT_NAMES: ReadonlySet<string> = new Set([
  ...EVENTS.map(event => event.name),
  ...SYSCALL_NAMES,
])

/** What may follow the dot of a field with a dotted argument. */
const SUFFIXES: ReadonlyMap<string, (suffix: string) => boolean> = new Map([
  ['evt.arg', suffix => PARAMS.has(suffix)],
  ['evt.rawarg', suffix => PARAMS.has(suffix)],
  ['evt.type.is', suffix => EVENT_NAMES.has(suffix) || /^[0-9]{1,5}$/.test(suffix)],
  ['evt.abspath', suffix => suffix === 'src' || suffix === 'dst'],
  ['thread.cgroup', suffix => /^[a-zA-Z_]+$/.test(suffix)],
])

/**
 * Understands a field: its dotted name as written (`proc.aname`, `evt.arg.flags`) and the text in brackets, if any. Name and
 * argument must be understood as a whole; the longest name of the catalogue wins.
 *
 * @param find - where names are looked up; the catalogue of the product by default
 */
export function resolveField(
  name: string,
  arg: string | undefined,
  find: FieldFinder = findField,
): FieldLookup {
  return lookUp(name, arg, find) ?? unknown(name, arg)
}

/** Undefined for a name that is unknown; looking for similar ones is left to those who tell a person. */
function lookUp(name: string, arg: string | undefined, find: FieldFinder): FieldLookup | undefined {
  const def = find(name)
  if (def !== undefined) return withBrackets(def, arg)
  const dot = longestPrefix(name, find)
  if (dot === undefined || arg !== undefined) return undefined
  const base = find(name.slice(0, dot))!
  const suffix = name.slice(dot + 1)
  return SUFFIXES.get(base.name)?.(suffix) === true ? found(base, name, suffix) : undefined
}

/** Whether a text is a field with its argument, in brackets or dotted: `proc.aname[2]`. */
export function isKnownField(text: string, find: FieldFinder = findField): boolean {
  const parsed = parseOperandAt(text, 0)
  if (parsed?.operand.kind !== 'field' || parsed.end !== text.length) return false
  return lookUp(parsed.operand.name, parsed.operand.arg, find)?.ok === true
}

/** How the integers of a field print; that of a raw parameter is told by the parameter. */
export function printFormat(field: FieldRef): string | undefined {
  if (field.def.type !== 'dynamic' || field.arg === undefined) return field.def.format
  return PARAMS.get(field.arg)?.format
}

function longestPrefix(name: string, find: FieldFinder): number | undefined {
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    if (find(name.slice(0, dot)) !== undefined) return dot
  }
  return undefined
}

function withBrackets(def: FieldDef, arg: string | undefined): FieldLookup {
  const argument = def.arg
  if (arg === undefined) {
    if (argument?.mode === 'required')
      return refuse(`field '${def.name}' needs an argument`, `write ${argument.syntax}`)
    return found(def, def.name, undefined)
  }
  if (argument === undefined) return refuse(`field '${def.name}' takes no argument`)
  // Dotted arguments are no keys: `evt.arg[flags]` and `thread.cgroup[cpu]` are not understood.
  const kinds = argument.kinds
  const numeric = kinds.includes('index') || (kinds.includes('number') && !SUFFIXES.has(def.name))
  if (numeric && /^[0-9]{1,20}$/.test(arg)) {
    const index = Number(arg)
    const time = def.name === 'evt.around'
    if (index <= MAX_INDEX || time) {
      const canonical = BigInt(arg).toString()
      return found(def, `${def.name}[${canonical}]`, canonical, index)
    }
  }
  if (kinds.includes('key') && arg !== '') return found(def, `${def.name}[${bracketed(arg)}]`, arg)
  return refuse(
    `field '${def.name}' does not take the argument '${arg}'`,
    `write ${argument.syntax}`,
  )
}

/** Plain words stand as they are, all else in one spelling that conditions can read back. */
function bracketed(arg: string): string {
  return /^[!#-&(-Z\\^-~]+$/.test(arg) ? arg : quoteText(bytesOf(arg))
}

function found(def: FieldDef, text: string, arg: string | undefined, index?: number): FieldLookup {
  const gather = arg === undefined ? GATHERED.get(def.name) : undefined
  const raw = def.type === 'dynamic' && arg !== undefined ? PARAMS.get(arg)?.type : undefined
  return {
    ok: true,
    field: {
      def,
      text,
      type: raw ?? def.type,
      list: def.list === true && arg === undefined,
      ...(arg === undefined ? {} : {arg}),
      ...(index === undefined ? {} : {index}),
      ...(gather === undefined ? {} : {gather}),
    },
  }
}

function unknown(name: string, arg: string | undefined): FieldLookup {
  const text = arg === undefined ? name : `${name}[${arg}]`
  const near = didYouMean(name, FIELD_NAMES)
  return refuse(
    `unknown field '${text}'`,
    near === undefined ? undefined : `did you mean '${near}'?`,
  )
}

function refuse(message: string, hint?: string): FieldLookup {
  return {ok: false, problem: hint === undefined ? {message} : {message, hint}}
}
