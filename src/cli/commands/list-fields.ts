import {FILLED_FIELDS} from '../../engine/field-binder.ts'
import {FIELDS, type FieldDef} from '../../schema/field-table.ts'
import {PROBE_CLASS, type ProbeDef, probeFields} from '../../schema/probe.ts'
import type {CliIo} from '../io.ts'
import {paint} from '../render.ts'

/** Prints every field, those of probes last: type, argument, what it is, and whether live detection fills it. */
export function listFields(
  args: {readonly json: boolean; readonly namesOnly: boolean; readonly color: boolean},
  io: CliIo,
  probes: readonly ProbeDef[] = [],
): void {
  const fields = [...FIELDS, ...probes.flatMap(probeFields)]
  if (args.json) io.stdout(`${JSON.stringify(fields.map(described))}\n`)
  else if (args.namesOnly) io.stdout(fields.map(field => `${field.name}\n`).join(''))
  else io.stdout(fields.map(field => row(field, args.color)).join(''))
}

function isLive({name, class: fieldClass}: FieldDef): boolean {
  return FILLED_FIELDS.has(name) || fieldClass === PROBE_CLASS
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
    live: isLive(field),
    doc: field.doc,
  }
}

function row(field: FieldDef, color: boolean): string {
  const star = isLive(field) ? ' ' : '*'
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
