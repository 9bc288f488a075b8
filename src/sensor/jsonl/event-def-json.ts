import {isDeepStrictEqual} from 'node:util'
import type {EventDef, ParamDef} from '../../schema/event-pair.ts'
import {currentEvent, EVENTS, eventByCode} from '../../schema/event-table.ts'
import {OWN_EVENTS} from '../../schema/tables/events-own.ts'
import {FLAG_TABLES} from '../../schema/tables/flags.ts'
import type {ValueType} from '../../schema/value.ts'
import {sizeOfType} from '../scap/event-form.ts'
import {MAX_PARAMS} from '../scap/raw-event.ts'
import {
  arrayOf,
  type JsonObject,
  LineError,
  member,
  numberOf,
  objectOf,
  stringOf,
} from './json-checks.ts'

/** Longest name of an event or parameter. */
const MAX_NAME = 128
const MAX_FLAGS = 16

const known: readonly EventDef[] = [
  ...EVENTS,
  ...OWN_EVENTS.flatMap(({exit}) => (exit === undefined ? [] : [exit])),
]
const params = known.flatMap(event => event.params)
const types: ReadonlySet<string> = new Set(params.map(({type}) => type))
const formats: ReadonlySet<string> = new Set(params.flatMap(({format}) => format ?? []))
const dynamics: ReadonlySet<string> = new Set(params.flatMap(({dynamic}) => dynamic ?? []))
const flags: ReadonlySet<string> = new Set(known.flatMap(event => event.flags))
const categories: ReadonlySet<string> = new Set(known.map(({category}) => category))

/**
 * Reads a definition, which stands in the file as it is. What other code takes for granted of definitions is checked: known codes,
 * types, tables and flags. Gives the definition of our tables where it is the same.
 *
 * @throws LineError
 */
export function defFromJson(json: unknown): EventDef {
  const object = objectOf(json, 'def')
  const code = numberOf(member(object, 'code'), 'code', 0)
  if (eventByCode(code) === undefined) throw new LineError(`there is no event code ${code}`)
  const list = arrayOf(member(object, 'params'), 'params', MAX_PARAMS)
  const direction = member(object, 'direction')
  if (direction !== 'enter' && direction !== 'exit')
    throw new LineError('direction must be enter or exit')
  const names = list.map(param => paramFromJson(objectOf(param, 'a parameter'), list.length))
  if (new Set(names.map(({name}) => name)).size < names.length)
    throw new LineError('two parameters have the same name')
  const def: EventDef = {
    code,
    enumName: nameOf(object, 'enumName'),
    name: nameOf(object, 'name'),
    category: oneOf(categories, object, 'category'),
    flags: arrayOf(member(object, 'flags'), 'flags', MAX_FLAGS).map(flag => {
      if (!flags.has(flag as string)) throw new LineError('flags has an unknown member')
      return flag as string
    }),
    params: names,
    direction,
  }
  const current = currentEvent(def.name)
  return isDeepStrictEqual(def, current) ? current! : def
}

function paramFromJson(json: JsonObject, count: number): ParamDef {
  const name = nameOf(json, 'name')
  const type = stringOf(member(json, 'type'), 'type')
  if (!types.has(type) && sizeOfType(type) === undefined)
    throw new LineError('type is not one that parameters have')
  const param: {-readonly [K in keyof ParamDef]: ParamDef[K]} = {name, type: type as ValueType}
  if (member(json, 'format') !== undefined) param.format = oneOf(formats, json, 'format')
  if (member(json, 'dynamic') !== undefined) param.dynamic = oneOf(dynamics, json, 'dynamic')
  const table = member(json, 'table')
  if (table !== undefined) {
    param.table = stringOf(table, 'table')
    if (!Object.hasOwn(FLAG_TABLES, param.table)) throw new LineError('table is not a known one')
  }
  const relativeTo = member(json, 'relativeTo')
  if (relativeTo !== undefined) {
    param.relativeTo = numberOf(relativeTo, 'relativeTo', 0)
    if (param.relativeTo >= count) throw new LineError('relativeTo is no parameter')
  }
  return param
}

function nameOf(object: JsonObject, key: string): string {
  const name = stringOf(member(object, key), key)
  if (name === '' || name.length > MAX_NAME)
    throw new LineError(`${key} must have 1 to ${MAX_NAME} characters`)
  return name
}

function oneOf(allowed: ReadonlySet<string>, object: JsonObject, key: string): string {
  const value = stringOf(member(object, key), key)
  if (!allowed.has(value)) throw new LineError(`${key} is not a known one`)
  return value
}
