import {FILLED_FIELDS} from '../../engine/field-binder.ts'
import {FIELDS, type FieldDef} from '../../schema/field-table.ts'
import type {CliIo} from '../io.ts'
import {paint} from '../render.ts'

/** Prints every field: type, argument, what it is, and whether live detection fills it. */
export function listFields(
  args: {readonly json: boolean; readonly namesOnly: boolean; readonly color: boolean},
  io: CliIo,
): void {
  if (args.json) io.stdout(`${JSON.stringify(FIELDS.map(described))}\n`)
  else if (args.namesOnly) io.stdout(FIELDS.map(field => `${field.name}\n`).join(''))
  else io.stdout(FIELDS.map(field => row(field, args.color)).join(''))
}

function described(field: FieldDef): Record<string, unknown> {
  return {
    name: field.name,
    class: field.class,
    type: field.type,
    list: field.list === true,
    argument: field.arg?.syntax ?? null,
    argument_required: field.arg?.mode === 'required',
    filter_only: field.filterOnly === true,
    print_only: field.printOnly === true,
    deprecated: field.deprecated === true,
    live: FILLED_FIELDS.has(field.name),
    doc: field.doc,
  }
}

function row(field: FieldDef, color: boolean): string {
  const star = FILLED_FIELDS.has(field.name) ? ' ' : '*'
  const type = field.list === true ? `list of ${field.type}` : field.type
  const notes = [
    field.arg === undefined ? '' : `argument ${field.arg.syntax}, ${field.arg.mode}`,
    field.filterOnly === true ? 'conditions only' : '',
    field.printOnly === true ? 'outputs only' : '',
    field.deprecated === true ? 'deprecated' : '',
  ].filter(note => note !== '')
  const head = `${star} ${paint('bold', field.name, color)} (${[type, ...notes].join('; ')})`
  return `${head}\n    ${field.doc}\n`
}
