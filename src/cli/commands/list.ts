import {loadConfig} from '../../app/config.ts'
import {readProbeDefs} from '../../app/probes/read-probes.ts'
import type {ProbeDef} from '../../schema/probe.ts'
import {EXIT} from '../exit-codes.ts'
import type {CliIo} from '../io.ts'
import {listEvents} from './list-events.ts'
import {listFields} from './list-fields.ts'
import {listHelpers} from './list-helpers.ts'
import {listTracepoints} from './list-tracepoints.ts'

/** What `detector list` was asked for. */
export interface ListArgs {
  /** rules, macros, lists, fields, events, tracepoints or helpers. */
  readonly kind: string
  /** Chooses among tracepoints. */
  readonly glob: string | undefined
  /** Rule files and folders; empty: those of the config file. */
  readonly rules: readonly string[]
  readonly config: string | undefined
  readonly overrides: readonly string[]
  /** Only the rule with this name. */
  readonly name: string | undefined
  readonly namesOnly: boolean
  readonly json: boolean
  readonly color: boolean
}

/** The probes of the configuration: their fields are listed with all others. */
function probesOf({config: path, overrides}: ListArgs, {env}: CliIo): ProbeDef[] {
  return readProbeDefs(loadConfig({path, overrides, env}).config.probes)
}

/** Prints a listing: a table, or with `json` one array. */
export async function runList(args: ListArgs, io: CliIo): Promise<number> {
  if (args.kind === 'fields') listFields(args, io, probesOf(args, io))
  else if (args.kind === 'events') listEvents(args, io)
  else if (args.kind === 'helpers') listHelpers(args, io)
  else if (args.kind === 'tracepoints') listTracepoints(args, io)
  else {
    const {listRuleItems} = await import('./list-rule-items.ts')
    return listRuleItems(args, io)
  }
  return EXIT.ok
}
