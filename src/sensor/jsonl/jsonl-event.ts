import type {ByteString} from '../../schema/bytes.ts'
import type {Event, LiveFacts} from '../../schema/event.ts'
import type {EventDef} from '../../schema/event-pair.ts'
import type {Int} from '../../schema/value.ts'
import {paramForm} from '../scap/event-form.ts'
import {
  arrayOf,
  decimalOf,
  finiteOf,
  type JsonObject,
  LineError,
  member,
  numberOf,
  objectOf,
  stringOf,
  valueFromJson,
} from './json-checks.ts'

/** Values beyond the parameters that one event may have. */
const MAX_EXTRA = 64

/** Reads an event whose definition is known. @throws LineError */
export function eventFromJson(json: JsonObject, def: EventDef): Event {
  const values = valuesFrom(objectOf(member(json, 'params'), 'params'), def)
  const timeNs = BigInt(decimalOf(member(json, 'time'), 'time'))
  const live = member(json, 'live')
  const count = member(json, 'count')
  return {
    num: numberOf(member(json, 'num'), 'num', 1),
    def,
    tid: numberOf(member(json, 'tid'), 'tid'),
    cpu: numberOf(member(json, 'cpu'), 'cpu', 0),
    paramCount: count === undefined ? def.params.length : numberOf(count, 'count', 0),
    live: live === undefined ? undefined : liveFrom(objectOf(live, 'live')),
    timeNs: () => timeNs,
    get: name => values.get(name),
  }
}

function valuesFrom(json: JsonObject, def: EventDef): ReadonlyMap<string, Int | ByteString> {
  const keys = Object.keys(json)
  if (keys.length > def.params.length + MAX_EXTRA)
    throw new LineError('params has too many members')
  const values = new Map<string, Int | ByteString>()
  for (const key of keys) {
    const value = valueFromJson(json[key], key)
    const param = def.params.find(({name}) => name === key)
    // A later version may know more parameters.
    if (param === undefined && !key.startsWith('$')) continue
    if (param !== undefined && paramForm(param.type).size > 0 === (typeof value === 'string'))
      throw new LineError(`${key} is of type ${param.type}`)
    values.set(key, value)
  }
  return values
}

function liveFrom(json: JsonObject): LiveFacts {
  const listed = member(json, 'cut')
  const cut = new Set(listed === undefined ? [] : arrayOf(listed, 'cut', MAX_EXTRA * 2))
  return {
    kind: stringOf(member(json, 'kind'), 'kind'),
    pid: numberOf(member(json, 'pid'), 'pid'),
    uid: numberOf(member(json, 'uid'), 'uid'),
    gid: numberOf(member(json, 'gid'), 'gid'),
    startedNs: finiteOf(member(json, 'started'), 'started'),
    copied: copiedFrom(member(json, 'copied')),
    isCut: name => cut.has(name),
  }
}

function copiedFrom(json: unknown): LiveFacts['copied'] {
  if (json === undefined || json === 'entry' || json === 'exit' || json === 'changed') return json
  throw new LineError('copied must be entry, exit or changed')
}
