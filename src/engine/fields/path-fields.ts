import {PATH_PARAMS} from '../../schema/tables/path-params.ts'
import type {FieldValue} from '../../schema/value.ts'
import {resultOf, textParam} from '../../state/events/event-scope.ts'
import type {MatchContext} from '../match-context.ts'
import {type FieldFactory, type FieldSource, plain} from './field-source.ts'
import {absolutePath} from './param-text.ts'

const OPEN_EVENTS: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'open_by_handle_at'])

/** Paths that a successful call worked on. */
export const PATH_FIELDS: FieldSource = {
  'fs.path.name': path(PATH_PARAMS.name, false),
  'fs.path.nameraw': path(PATH_PARAMS.name, true),
  'fs.path.source': path(PATH_PARAMS.source, false),
  'fs.path.sourceraw': path(PATH_PARAMS.source, true),
  'fs.path.target': path(PATH_PARAMS.target, false),
  'fs.path.targetraw': path(PATH_PARAMS.target, true),
}

function path(names: Readonly<Record<string, string>>, raw: boolean): FieldFactory {
  return plain((context): FieldValue | undefined => {
    const {event, fd} = context
    const {def} = event
    const name = Object.hasOwn(names, def.name) ? names[def.name] : undefined
    const result = resultOf(event)
    if (name === undefined || def.direction !== 'exit' || result === undefined) return undefined
    // The peers leave out only those opens that fail with exactly -1.
    const isOpen = OPEN_EVENTS.has(def.name)
    if (isOpen ? result === -1 : result < 0) return undefined
    if (isOpen && fd !== undefined) return raw ? fd.rawName : fd.name
    return pathParam(context, name, raw)
  })
}

function pathParam(context: MatchContext, name: string, raw: boolean): FieldValue | undefined {
  const value = textParam(context.event, name)
  const param = context.event.def.params.find(candidate => candidate.name === name)
  if (value === undefined || param === undefined) return undefined
  return raw ? value : absolutePath(context, param, value)
}
